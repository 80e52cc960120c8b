"""How fast a query is answered, cold and warm, by collections of 1,000 to 100,000 passages.

usage: python benchmarks/speed.py squad2_dev.json [more files] [--sizes 1000,10000,100000]
           [--queries 300] [--home .qa-benchmarks] [--table speed]

The passages are synthetic (benchmarks/synthetic.py), the questions those of the files, each
embedded by MiniLM as always. A size is indexed once into the folder given with --home, and measured
in processes of their own. "Cold" is opening and the first query of a new process, after imports,
with the files in the system's cache. `--table` writes the tables into docs/benchmarks.md, between
the lines of that marker and of the same with `-steps`.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import retrieval_sets
import synthetic
import tables

import qa
from qa.catalog import Catalog
from qa.collection import Collection
from qa.dense import DenseIndex, exact_search
from qa.engine import CANDIDATES
from qa.evaluation import metrics
from qa.lexical import LexicalIndex
from qa.models.minilm import MiniLM
from qa.retrieval import fuse

IMPORTS = ("chromadb", "numpy", "onnxruntime", "qa.engine", "tantivy", "tokenizers")
# Where the time of a query goes: methods whose time is counted as one step.
STEPS: dict[str, tuple[type, tuple[str, ...]]] = {
    "MiniLM reads the question": (MiniLM, ("words", "embed")),
    "Chroma": (DenseIndex, ("search",)),
    "tantivy": (LexicalIndex, ("search", "rarity")),
    "passages (SQLite)": (Catalog, ("passages",)),
    "sketches (SQLite)": (Catalog, ("sketches",)),
}
WARM_UP = 20  # queries before any is counted
THREADS = 8
# Filters by name; a file holds a thousand passages.
FILTERS = {
    "since a day, half of the passages": qa.Filters(since=date(2019, 1, 1)),
    "since a day, 1 % of them": qa.Filters(since=date(2023, 11, 25)),
    "until a day, 5 % of them": qa.Filters(until=date(2014, 7, 2)),
    "one source of a thousand passages": qa.Filters(sources=("passages/part-0000.jsonl",)),
}


def main() -> None:
    """Measures, prints and writes the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dataset", type=Path, nargs="+")
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--colds", type=int, default=5, help="processes for the cold figure")
    parser.add_argument("--home", type=Path, default=Path(".qa-benchmarks"))
    parser.add_argument("--table", help="marker in docs/benchmarks.md")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--first", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    data = retrieval_sets.read(args.dataset).sample(args.queries + WARM_UP)
    questions = [q.text for q in data.questions]
    if args.first or args.measure:
        child = (
            first_query(args.first, questions[0])
            if args.first
            else measure(args.measure, questions)
        )
        print(json.dumps(child))
        return
    sizes = [int(size) for size in args.sizes.split(",")]
    homes = [built(data, size, args.home) for size in sizes]
    again = [sys.executable, __file__, *map(str, args.dataset), "--queries", str(args.queries)]
    measured = []
    for home in homes:
        colds = [_child([*again, "--first", str(home)]) for _ in range(args.colds)]
        measured.append(_child([*again, "--measure", str(home)]) | {"cold": median(colds)})
    note = tables.machine("chromadb", "onnxruntime", "tantivy")
    files = ["docs/benchmarks.md"] if args.table else []
    tables.write(args.table, f"{_speeds(measured)}\n\n{note}", *files)
    tables.write(f"{args.table}-steps", _steps_table(measured), *files)


def built(data: retrieval_sets.Dataset, size: int, cache: Path) -> Path:
    """The home folder of `size` synthetic passages; indexed when it is not there."""
    base = [(d.title, d.text) for d in data.documents]
    home = cache / f"speed-{data.name}-{size}"
    if (home / "done").exists():
        return home
    synthetic.write(home / "passages", base, size)
    with qa.Engine.open(home, embedder=synthetic.Mixer(base)) as engine:
        report = engine.index(home / "passages")
    assert not report.failed, report.failed[:3]
    print(f"indexed {report.passages} passages in {report.seconds:.0f} s", file=sys.stderr)
    (home / "done").write_text(f"{report.seconds:.1f}\n")
    return home


def first_query(home: Path, question: str) -> float:
    """Seconds to open the index and answer one query, imports left out."""
    for name in IMPORTS:
        import_module(name)
    began = time.perf_counter()
    with qa.Engine.open(home) as engine:
        assert engine.search(question)
        return time.perf_counter() - began


def measure(home: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Latencies in seconds, resident memory in bytes, and the dense part's recall."""
    warm_up, counted = questions[:WARM_UP], questions[WARM_UP:]
    with qa.Engine.open(home) as engine:
        passages = engine.counts()[1]
        latencies = {
            "1 thread": _one_by_one(engine.search, warm_up, counted),
            f"{THREADS} threads": _at_once(engine.search, warm_up, counted),
        }
        resident = _resident()
        for name, filters in FILTERS.items():
            filters = replace(
                filters, sources=tuple(f"{home.name}/{source}" for source in filters.sources)
            )
            search = partial(engine.search, filters=filters)
            latencies[name] = _one_by_one(search, warm_up, counted)
        steps = _steps(engine.search, warm_up, counted)
    return {
        "passages": passages,
        "latencies": latencies,
        "resident": resident,
        "steps": steps,
        "recall": _recall(home, counted),
    }


def _one_by_one(
    search: Callable[[str], Any], warm_up: Sequence[str], counted: Sequence[str]
) -> list[float]:
    for question in warm_up:
        search(question)
    return [_seconds(search, question) for question in counted]


def _at_once(
    search: Callable[[str], Any], warm_up: Sequence[str], counted: Sequence[str]
) -> list[float]:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(search, warm_up))
        return list(pool.map(partial(_seconds, search), counted))


def _seconds(call: Callable[..., Any], *arguments: Any) -> float:
    began = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - began


def _steps(
    search: Callable[[str], Any], warm_up: Sequence[str], counted: Sequence[str]
) -> dict[str, list[float]]:
    """Seconds of each query that pass in each of STEPS, and in the rest of it."""
    spent = dict.fromkeys(STEPS, 0.0)

    def timed(step: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*arguments, **named)
            finally:
                spent[step] += time.perf_counter() - began

        return run

    methods = [
        (step, kind, name, getattr(kind, name))
        for step, (kind, names) in STEPS.items()
        for name in names
        if hasattr(kind, name)
    ]
    rows = list[dict[str, float]]()
    try:
        for step, kind, name, method in methods:
            setattr(kind, name, timed(step, method))
        for question in [*warm_up, *counted]:
            spent.update(dict.fromkeys(STEPS, 0.0))
            whole = _seconds(search, question)
            rows.append(spent | {"the rest": whole - sum(spent.values())})
    finally:
        for _, kind, name, method in methods:
            setattr(kind, name, method)
    return {step: [row[step] for row in rows[len(warm_up) :]] for step in rows[0]}


def _recall(home: Path, questions: Sequence[str]) -> float:
    """Mean recall@10 of the dense part against an exact search of the same vectors."""
    embedder, catalog = MiniLM(), Catalog(home / "catalog.sqlite3")
    collection = Collection(catalog, home, embedder)
    rows = catalog.passages(catalog.passage_ids())
    ids, vectors = list(rows), catalog.vectors(embedder.name, [r.sha for r in rows.values()])
    recalls = []
    for question, vector in zip(questions, embedder.embed(questions), strict=True):
        exact = {i for i, _ in exact_search(ids, vectors, vector, 10)}
        (hits,) = collection.search(
            [(question, vector)], CANDIDATES, lambda near, _: fuse(near, [], 1.0)
        )
        found = {hit.passage.id for hit in hits[:10]}
        recalls.append(len(exact & found) / len(exact))
    collection.close()
    catalog.close()
    return sum(recalls) / len(recalls)


def _resident() -> int:
    """Bytes of this process in memory."""
    kilobytes = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text("ascii"))
    return int(kilobytes[1]) * 1024 if kilobytes else 0


def _child(command: list[str]) -> Any:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tables.ROOT), *sys.path[1:]])}
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(run.stdout.splitlines()[-1])


def _speeds(measured: Sequence[dict[str, Any]]) -> str:
    head = [
        "whole query, p50 / p95 / p99 in ms",
        *(f"{m['passages']:,} passages" for m in measured),
    ]
    rows = [
        [name, *(_quantiles(m["latencies"][name]) for m in measured)]
        for name in measured[0]["latencies"]
    ]
    rows.append(["open and first query, s", *(f"{m['cold']:.2f}" for m in measured)])
    rows.append(["resident memory, MB", *(f"{m['resident'] / 1e6:.0f}" for m in measured)])
    rows.append(["recall@10 of the dense part", *(f"{m['recall']:.4f}" for m in measured)])
    return tables.table(head, rows)


def _steps_table(measured: Sequence[dict[str, Any]]) -> str:
    head = ["step of one query, p50 / p95 / p99 in ms", *(f"{m['passages']:,}" for m in measured)]
    rows = [
        [name, *(_quantiles(m["steps"][name]) for m in measured)] for name in measured[0]["steps"]
    ]
    return tables.table(head, rows)


def _quantiles(seconds: Sequence[float]) -> str:
    return " / ".join(
        f"{(metrics.quantile(seconds, q) or 0) * 1000:.1f}" for q in (0.5, 0.95, 0.99)
    )


if __name__ == "__main__":
    main()
