"""How long a folder of PDFs and one of web pages take to parse: in one process, and in workers.

usage: python benchmarks/parsing.py [--files N] [--runs N]

The files are made: PDFs of 20 pages with 50 lines each, web pages of 30,000 characters. Medians;
starting the workers counts. Writes docs/benchmarks.md.
"""

import argparse
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import malformed
import tables

from qa import loading
from qa.loading.workers import Workers

_WORDS = "The ferry {} of Velmora leaves at nine and it takes forty passengers to the island. "


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    rows = []
    for kind, make in (("PDF", _pdf), ("web pages", _page)):
        with tempfile.TemporaryDirectory() as folder:
            files = [make(Path(folder), number) for number in range(args.files)]
            _alone(files[:1])  # imports the parser
            alone = [_seconds(_alone, files) for _ in range(args.runs)]
            apart = [_seconds(_apart, files) for _ in range(args.runs)]
        one, many = statistics.median(alone), statistics.median(apart)
        rows.append([f"{args.files} {kind}", f"{one:.2f}", f"{many:.2f}", f"{one / many:.2f}"])
    text = tables.table(["folder", "one process, s", "workers, s", "times as fast"], rows)
    text += "\n\n" + tables.machine("lxml", "pypdfium2", "trafilatura")
    tables.write("parsing", text, "docs/benchmarks.md")


def _seconds(parse: Callable[[Sequence[Path]], None], files: Sequence[Path]) -> float:
    began = time.perf_counter()
    parse(files)
    return time.perf_counter() - began


def _alone(files: Sequence[Path]) -> None:
    for file in files:
        assert loading.load(file, file.name).documents


def _apart(files: Sequence[Path]) -> None:
    with closing(Workers()) as workers:
        ahead = deque[Callable[[], loading.Loaded]]()
        for file in files:
            ahead.append(workers.load(file, file.name))
            if len(ahead) > workers.ahead:
                assert ahead.popleft()().documents
        while ahead:
            assert ahead.popleft()().documents


def _pdf(folder: Path, number: int) -> Path:
    path = folder / f"{number}.pdf"
    path.write_bytes(malformed.pages_pdf([_WORDS.format(number).encode()] * 50, 20))
    return path


def _page(folder: Path, number: int) -> Path:
    path = folder / f"{number}.html"
    body = "".join(f"<p>{_WORDS.format(number) * 6}</p>" for _ in range(60))
    path.write_text(f"<html><body><article>{body}</article></body></html>")
    return path


if __name__ == "__main__":
    main()
