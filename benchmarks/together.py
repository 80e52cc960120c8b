"""Two writers and four readers on one index at once, each a process of its own.

usage: python benchmarks/together.py [--seconds 60] [--records 60]

A writer puts a new edition of a file of records in the place of the old one and indexes it; every
record states its edition, so an answer from two editions can be told. Readers search and ask with
no pause: no error, no empty answer, never two editions in one answer, none older than one that was
seen or indexed before the question, every quotation at its offsets. Afterwards fresh processes open
the index, search it and index again. Writes docs/benchmarks.md. POSIX only.
"""

import argparse
import hashlib
import json
import mmap
import os
import re
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tables
from filelock import FileLock

import qa
from qa.catalog import Catalog
from qa.errors import BusyError
from qa.models import Vectors
from qa.models.minilm import MiniLM

WRITERS, READERS = 2, 4
SUBJECTS = ("harbour", "bridge", "census", "archive", "tower", "market", "railway", "garden")
WARM = "Loads the tokenizer, which every child needs."


class RandomEmbedder:
    """A random unit vector for each text, chosen by its hash: the order of hits does not matter
    here, and writers should write often."""

    name = "random"

    def embed(self, texts: Sequence[str]) -> Vectors:
        seeds = [int(hashlib.sha256(text.encode()).hexdigest()[:16], 16) for text in texts]
        rows = [np.random.default_rng(seed).normal(size=64) for seed in seeds]
        vectors = np.array(rows, np.float32).reshape(-1, 64)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


class Shared:
    """Two numbers that all processes see: the last edition written, and the last one indexed."""

    _ROW = struct.Struct("ii")

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8)

    def get(self) -> tuple[int, int]:
        written, indexed = self._ROW.unpack_from(self._memory)
        return int(written), int(indexed)

    def put(self, written: int, indexed: int) -> None:
        self._ROW.pack_into(self._memory, 0, written, indexed)


SHARED = Shared()


def main() -> None:
    """Runs writers and readers, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--records", type=int, default=60)
    args = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import chromadb  # noqa: F401
    import tantivy  # noqa: F401

    reader = MiniLM()
    reader.count([WARM])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "corpus").mkdir()
        done = _results(folder, [lambda: _write(folder, reader, args.records, 0.0)])
        until = time.time() + args.seconds
        work = [
            *[lambda: _write(folder, reader, args.records, until)] * WRITERS,
            *[lambda: _read(folder, reader, until, stays=True)] * (READERS // 2),
            *[lambda: _read(folder, reader, until, stays=False)] * (READERS - READERS // 2),
        ]
        done += _results(folder, work)
        afterwards = Counter[str]()
        for _ in range(3):
            afterwards += _results(folder, [lambda: _read(folder, reader, 0.0, stays=True)])
            afterwards += _results(folder, [lambda: _write(folder, reader, args.records, 0.0)])
        editions, _ = SHARED.get()
    text = _table(done, afterwards, editions, args.seconds, args.records)
    tables.write("together", text, "docs/benchmarks.md")
    wrong = done + afterwards
    sys.exit(any(wrong[kind] for kind in wrong if kind not in ("searched", "asked", "busy")))


def _results(folder: Path, work: Sequence[Callable[[], Counter[str]]]) -> Counter[str]:
    """What processes counted that run at the same time."""
    children = dict[int, Path]()
    for number, each in enumerate(work):
        report = folder / f"report-{number}.json"
        report.unlink(missing_ok=True)
        if not (child := os.fork()):
            code = 1
            try:
                report.write_text(json.dumps(each()))
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        children[child] = report
    counted = Counter[str]()
    for child, report in children.items():
        _, status = os.waitpid(child, 0)
        counted += Counter(json.loads(report.read_text())) if not status else {"crashed": 1}
    return counted


@contextmanager
def _engine(folder: Path, reader: MiniLM):  # type: ignore[no-untyped-def]
    settings = qa.Settings(home=folder / ".qa", exact_passages=0, api_key="", base_url="")
    catalog = Catalog(settings.home / "catalog.sqlite3")
    with qa.Engine(settings, catalog, RandomEmbedder(), reader, None) as engine:
        yield engine


def _write(folder: Path, reader: MiniLM, records: int, until: float) -> Counter[str]:
    """Writes editions and indexes them, one at least."""
    counted = Counter[str]()
    while True:
        with FileLock(folder / "edition.lock"):
            edition, indexed = SHARED.get()
            edition += 1
            fresh = folder / "fresh"
            fresh.write_text("\n".join(_record(n, edition) for n in range(records)))
            fresh.replace(folder / "corpus" / "records.jsonl")
            SHARED.put(edition, indexed)
        while True:
            try:
                with _engine(folder, reader) as engine:
                    engine.index(folder / "corpus")
                break
            except BusyError:
                counted["busy"] += 1
                time.sleep(0.02)
            except Exception:
                traceback.print_exc()
                counted["writers' errors"] += 1
                break
        with FileLock(folder / "edition.lock"):
            written, indexed = SHARED.get()
            SHARED.put(written, max(indexed, edition))
        if time.time() >= until:
            return counted


def _record(number: int, edition: int) -> str:
    subject = SUBJECTS[number % len(SUBJECTS)]
    text = (
        f"The {subject} is described in record {number} of the register. "
        f"Edition {edition} of record {number} was printed in the town of the {subject}."
    )
    return json.dumps({"id": str(number), "title": f"The {subject} {number}", "text": text})


def _read(folder: Path, reader: MiniLM, until: float, stays: bool) -> Counter[str]:
    """Searches and asks, once at least, and counts what is wrong."""
    counted, chance, newest = Counter[str](), np.random.default_rng(os.getpid()), 0
    while True:
        with _engine(folder, reader) as engine:
            for _ in range(1_000_000 if stays else 20):
                subjects = chance.choice(SUBJECTS, 2, replace=False)
                _, indexed = SHARED.get()
                try:
                    if chance.random() < 0.8:
                        counted["searched"] += 1
                        passages = [h.passage for h in engine.search(f"edition {subjects[0]}", 10)]
                    else:
                        counted["asked"] += 1
                        passages = _asked(engine, subjects, counted)
                    for p in passages[:2]:
                        _open(engine, p, counted)
                except Exception:
                    traceback.print_exc()
                    counted["readers' errors"] += 1
                    passages = []
                editions = {int(n) for p in passages for n in re.findall(r"Edition (\d+)", p.text)}
                counted["no answers"] += not editions
                counted["mixed answers"] += len(editions) > 1
                counted["stale answers"] += bool(editions) and min(editions) < max(newest, indexed)
                newest = max(newest, *editions, 0)
                if time.time() >= until:
                    return +counted


def _asked(engine: qa.Engine, subjects: Sequence[str], counted: Counter[str]) -> list[qa.Passage]:
    """The evidence of an answer to a question in two parts; its quotations are checked."""
    one, other = subjects
    answer = engine.ask(f"What was printed in the town of the {one}, and what of the {other}?")
    evidence = {e.number: e.hit.passage for e in answer.evidence}
    for statement in answer.statements:
        for c in statement.citations:
            p = evidence[c.number]
            if p.text[c.start - p.start : c.end - p.start] != c.quote:
                counted["wrong offsets"] += 1
    return list(evidence.values())


def _open(engine: qa.Engine, passage: qa.Passage, counted: Counter[str]) -> None:
    """Opens the source of a passage, which may have been replaced by now, as it says then."""
    try:
        document = engine.document(passage.document_id)
    except qa.InputError:
        return
    counted["wrong offsets"] += document.text[passage.start : passage.end] != passage.text


def _table(
    done: Counter[str], afterwards: Counter[str], editions: int, seconds: float, records: int
) -> str:
    wrong = (
        "mixed answers",
        "stale answers",
        "no answers",
        "wrong offsets",
        "readers' errors",
        "writers' errors",
        "crashed",
    )
    rows = [
        ("editions indexed", f"{editions:,}"),
        ("searches / questions", f"{done['searched']:,} / {done['asked']:,}"),
        ("a second writer was told to wait", f"{done['busy']:,}"),
        *[(kind, f"{done[kind]:,}") for kind in wrong],
        ("wrong in six fresh processes afterwards", f"{sum(afterwards[kind] for kind in wrong)}"),
    ]
    head = [f"{WRITERS} writers, {READERS} readers, {seconds:.0f} s, {records} records", ""]
    return f"{tables.table(head, rows)}\n\n{tables.machine('chromadb', 'tantivy')}"


if __name__ == "__main__":
    main()
