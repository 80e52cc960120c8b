"""Fits the directions that sketches of passages are projected on.

usage: python benchmarks/basis.py clapnq.jsonl...       writes qa/models/minilm-basis.npy

The principal directions, without centring, of the vectors that MiniLM gives the words of all
passages in the files; two runs give the same file.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import tables

from qa.models.minilm import DIMENSIONS, MiniLM

KEPT = 128  # directions; 64 lose half a point of MRR on SQuAD, 192 gain nothing


def main() -> None:
    """Reads, fits and writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clapnq", type=Path, nargs="+")
    texts = sorted(
        {
            f"{passage['title']}\n\n{passage['text']}"
            for path in parser.parse_args().clapnq
            for line in path.read_text("utf-8").split("\n")
            if line.strip()
            for passage in json.loads(line)["passages"]
        }
    )
    moment, reader, words = np.zeros((DIMENSIONS, DIMENSIONS)), MiniLM(), 0
    for first in range(0, len(texts), 64):
        for read in reader.words(texts[first : first + 64]):
            moment += read.vectors.T.astype(np.float64) @ read.vectors
            words += len(read.spans)
    shares, directions = np.linalg.eigh(moment / words)
    basis = directions[:, ::-1][:, :KEPT]
    np.save(tables.ROOT / "qa" / "models" / "minilm-basis.npy", basis.astype(np.float16))
    kept = shares[::-1][:KEPT].sum() / shares.sum()
    print(f"{len(texts)} passages, {words} words; {KEPT} directions keep {kept:.1%} of the squares")


if __name__ == "__main__":
    main()
