"""Compare offline sentence splitters by the character offsets they return.

Usage:
    pip install nupunkt sentencex livekit-blingfire blingfire numpy pysbd syntok phrasplit nltk
    python benchmarks/sentence_splitters.py clapnq_answerable.jsonl [--speed-mb 5]

Each JSONL row has ``passages[0].sentences``, the gold sentences as PTB tokens. They are
joined by one space, raw and detokenised, and a boundary is the offset at which a sentence
after the first begins. Splitters that are not installed are skipped; none needs data
beyond its wheel (NLTK's Punkt runs untrained, as its model does not ship with it). Writes
docs/benchmarks.md.
"""

import argparse
import importlib
import json
import re
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

import tables

Span = tuple[int, int]
Splitter = Callable[[str], Iterable[Span]]

SENTENCEX = itemgetter("start_index", "end_index")
PYSBD = attrgetter("start", "end")
PHRASPLIT = attrgetter("char_start", "char_end")


def _syntok(tokens: list[Any]) -> Span:
    return tokens[0].offset, tokens[-1].offset + len(tokens[-1].value)


# Display name -> (module, function from that module and a text to spans).
SPLITTERS: dict[str, tuple[str, Callable[[Any, str], Iterable[Span]]]] = {
    "qa.sentences": ("qa.sentences", lambda m, t: m.sentences(t)),
    "nupunkt": ("nupunkt", lambda m, t: m.sentence_spans(t, line_breaks=True)),
    "sentencex": ("sentencex", lambda m, t: map(SENTENCEX, m.get_sentence_boundaries("en", t))),
    "livekit-blingfire": (
        "livekit.blingfire",
        lambda m, t: m.text_to_sentences_with_offsets(t)[1],
    ),
    "blingfire": ("blingfire", lambda m, t: m.text_to_sentences_and_offsets(t)[1]),
    "pysbd": ("pysbd", lambda m, t: map(PYSBD, m.Segmenter("en", char_span=True).segment(t))),
    "syntok": ("syntok.segmenter", lambda m, t: map(_syntok, chain.from_iterable(m.analyze(t)))),
    "phrasplit": (
        "phrasplit",
        lambda m, t: map(PHRASPLIT, m.split_with_offsets(t, use_spacy=False)),
    ),
    "nltk (untrained)": (
        "nltk.tokenize.punkt",
        lambda m, t: m.PunktSentenceTokenizer().span_tokenize(t),
    ),
}


def tight(text: str, spans: Iterable[Span]) -> list[Span]:
    """Strip white space from the ends of each span and drop the empty ones."""
    pairs = ((text[start:end], start) for start, end in spans)
    kept = ((s.strip(), start + len(s) - len(s.lstrip())) for s, start in pairs)
    return [(start, start + len(s)) for s, start in kept if s]


def detokenise(tokens: str) -> str:
    """Undo the commonest PTB tokenisation, so that the text reads as it was printed."""
    text = re.sub(r"``\s*|\s*''", '"', tokens)
    text = re.sub(r"\s+([,.;:!?%)\]])", r"\1", text)
    text = re.sub(r"([(\[])\s+", r"\1", text)
    text = re.sub(r"\s+(n't|'(?:s|re|ve|ll|d|m)\b)", r"\1", text)
    return re.sub(r"(?<=\w) - (?=\w)", "-", text).strip()


def score(split: Splitter, documents: list[list[str]]) -> tuple[float, float, float]:
    """Return micro-averaged precision, recall and F1 of sentence starts."""
    hits = found = wanted = 0
    for sentences in documents:
        gold = {len(" ".join(sentences[:i])) + 1 for i in range(1, len(sentences))}
        text = " ".join(sentences)
        guess = {start for start, _ in tight(text, split(text))[1:]}
        hits, found, wanted = hits + len(gold & guess), found + len(guess), wanted + len(gold)
    return hits / max(found, 1), hits / max(wanted, 1), 2 * hits / max(found + wanted, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("jsonl", type=Path, help="ClapNQ rows with passages[0].sentences")
    parser.add_argument("--speed-mb", type=float, default=1.0, help="size of the speed text")
    args = parser.parse_args()
    rows = [json.loads(s) for s in args.jsonl.read_text("utf-8").split("\n") if s.strip()]
    gold = [[s.strip() for s in r["passages"][0]["sentences"] if s.strip()] for r in rows]
    plain = [[detokenise(s) for s in sentences] for sentences in gold]
    page = "\n\n".join(" ".join(s) for s in plain) + "\n\n"
    page = (page * (int(args.speed_mb * 1e6) // len(page) + 1))[: int(args.speed_mb * 1e6)]
    lines = []
    for name, (module, spans) in SPLITTERS.items():
        began = time.perf_counter()
        try:
            split: Splitter = partial(spans, importlib.import_module(module))
        except ImportError:
            print(f"{name}: not installed")
            continue
        list(split("Warm up. Load lazily."))
        loaded = time.perf_counter() - began
        figures = ["/".join(f"{x:.3f}" for x in score(split, d)) for d in (gold, plain)]
        began = time.perf_counter()
        list(split(page))
        speed = len(page) / 1e6 / (time.perf_counter() - began)
        lines.append((name, *figures, f"{speed:.2f}", f"{loaded:.3f}"))
    head = ("splitter", "as distributed", "detokenised", "Mchar/s", "load s")
    tables.write("splitters", tables.table(head, lines), "docs/benchmarks.md")


if __name__ == "__main__":
    main()
