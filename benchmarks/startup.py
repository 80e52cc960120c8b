"""Where the time of a cold `qa ask` on the demo corpus goes.

usage: python benchmarks/startup.py [--runs 7]      writes README.md and docs/benchmarks.md

Each run is a new process on a warm disk; stages come from the answer's own timings. A small
collection is searched without Chroma; what opening it would add is seen with QA_EXACT_PASSAGES=0.
Only its compiled part is imported then; what the whole of chromadb would add is seen in processes
that do nothing else.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from statistics import median

import tables

QUESTION = "what did López Obrador ask for in return?"


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as home:
        qa = [sys.executable, "-m", "qa.cli"]
        began = time.perf_counter()
        _run([*qa, "index", str(tables.ROOT / "corpus"), "--home", home, "--quiet"])
        indexed = time.perf_counter() - began
        ask = [*qa, "ask", QUESTION, "--json", "--home", home]
        walls, stages = [], []
        for _ in range(runs):
            began = time.perf_counter()
            answer = json.loads(_run(ask).stdout)
            walls.append(time.perf_counter() - began)
            stages.append(answer["timings"])
        graph = [_seconds(ask, QA_EXACT_PASSAGES="0") for _ in range(runs)]
        chroma = [_seconds([sys.executable, "-c", "import chromadb"]) for _ in range(runs)]
        bare = [_seconds([sys.executable, "-c", "pass"]) for _ in range(runs)]
        package = [
            float(
                _run(
                    [
                        sys.executable,
                        "-c",
                        "import time; t = time.perf_counter(); import qa;"
                        "print(time.perf_counter() - t)",
                    ]
                ).stdout
            )
            for _ in range(runs)
        ]
    rows = [
        ("Python itself", median(bare)),
        ("`import qa`", median(package)),
        ("retrieve, with loading MiniLM", _mid(stages, "retrieve")),
        ("read six passages word by word", _mid(stages, "read")),
        ("draft, attribute, check", _mid(stages, "draft") + _mid(stages, "attribute")),
        ("**`qa ask`, cold, whole process**", median(walls)),
        ("the same through Chroma's graph, as in a large collection", median(graph)),
        ("`import chromadb`, which is done for a server only", median(chroma)),
        ("`qa index corpus` into an empty home, whole process", indexed),
    ]
    text = tables.table(
        ["cold start on the demo corpus", "seconds"], [(name, f"{s:.3f}") for name, s in rows]
    )
    note = tables.machine("chromadb", "onnxruntime", "tantivy")
    tables.write(
        "startup",
        f"{text}\n\nMedians of {runs} runs; {note}",
        "README.md",
        "docs/benchmarks.md",
    )


def _mid(stages: list[dict[str, float]], name: str) -> float:
    return median(s.get(name, 0.0) for s in stages)


def _run(command: list[str], **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        cwd=tables.ROOT,
        env=os.environ | settings,
    )


def _seconds(command: list[str], **settings: str) -> float:
    began = time.perf_counter()
    _run(command, **settings)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
