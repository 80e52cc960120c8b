"""The same documents, questions and MiniLM vectors through qa and other open-source systems.

usage: python benchmarks/peers/run.py squad2_dev.json [more files] [--limit 500]
           [--passages] [--synthetic 10000] [--only qa,langchain] [--home .qa-benchmarks]
           [--python python3.12 ...] [--table NAME]

Each system runs in a process and virtual environment of its own, made once in the folder given with
--home from the pinned `<name>.txt` beside this file (which downloads packages). Run, none uses the
network. A system gets each document whole, title and text, and as its vector what MiniLM (int8, the
weights of qa) makes of them; each question is embedded when it is asked, by the same code. It
answers with document ids, which are scored here. qa splits documents by itself; with `--passages`
every system gets the passages that qa makes, and a document ranks where its best passage does. With
`--synthetic N` the documents are N passages of benchmarks/synthetic.py and only speed is measured.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import retrieval_sets  # noqa: E402
import speed  # noqa: E402
import synthetic  # noqa: E402
import tables  # noqa: E402

from qa import splitting  # noqa: E402
from qa.evaluation import metrics, ranking  # noqa: E402
from qa.loading.text import make, normalise  # noqa: E402
from qa.models.minilm import MiniLM  # noqa: E402
from qa.settings import Settings  # noqa: E402

K = 10


@dataclass(frozen=True, slots=True)
class System:
    """A script beside this file, its requirements, and the oldest Python they install on."""

    script: str
    requirements: str = ""
    python: tuple[int, int] = (3, 11)
    arguments: tuple[str, ...] = ()


SYSTEMS = {
    "qa": System("run_qa.py"),
    "LangChain": System("run_langchain.py", "langchain.txt"),
    "LangChain, words lowercased": System(
        "run_langchain.py", "langchain.txt", arguments=("lowered",)
    ),
    "LlamaIndex": System("run_llamaindex.py", "llamaindex.txt"),
    "Haystack": System("run_haystack.py", "haystack.txt"),
    "haiku.rag": System("run_haikurag.py", "haikurag.txt", (3, 12)),
}


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dataset", type=Path, nargs="+")
    parser.add_argument("--format", choices=retrieval_sets.FORMATS, help="default: by the path")
    parser.add_argument("--limit", type=int, help="questions, chosen by a fixed seed")
    parser.add_argument("--passages", action="store_true", help="give each system qa's passages")
    parser.add_argument("--synthetic", type=int, help="so many synthetic passages; speed only")
    parser.add_argument("--candidates", type=int, help="of each of a system's two indexes")
    parser.add_argument("--only", default=",".join(SYSTEMS).lower(), help="systems, by comma")
    parser.add_argument("--python", nargs="*", default=["python3.12", "python3.13"])
    parser.add_argument("--home", type=Path, default=Path(".qa-benchmarks"))
    parser.add_argument("--table", help="marker in docs/benchmarks.md")
    args = parser.parse_args()
    home = args.home.resolve()
    data = retrieval_sets.read(args.dataset, args.format).sample(args.limit)
    index = None
    if args.synthetic:
        documents, vectors = mixed(data, args.synthetic, home)
        index = str(speed.built(data, args.synthetic, home))
    else:
        documents = split(data) if args.passages else list(data.documents)
        vectors = _embedded(home, [f"{d.title}\n{d.text}" for d in documents])
    wanted = 3 * K if args.passages else K  # passages, so that ten documents are among them
    job = home / "peers-job.json"
    plain = {
        "documents": [asdict(d) for d in documents],
        "questions": [q.text for q in data.questions],
        "vectors": vectors.name,
        "k": wanted,
        "candidates": args.candidates or wanted,
        "index": index,
    }
    job.write_text(json.dumps(plain), "utf-8")
    results, notes = dict[str, dict[str, Any]](), list[str]()
    for name, system in SYSTEMS.items():
        if any(name.lower().startswith(wanted) for wanted in args.only.split(",")):
            try:
                results[name] = measured(system, job, home, args.python)
                notes.append(f"- {name}: {results[name]['configuration']}")
            except (OSError, subprocess.CalledProcessError, LookupError) as error:
                notes.append(f"- {name}: not run: {error}")
            print(notes[-1], file=sys.stderr)
    what = "passages" if args.passages or args.synthetic else "documents"
    title = f"{len(documents):,} {what}, {len(data.questions):,} questions"
    if index:
        text = speeds(title, results, float(Path(index, "done").read_text("ascii")))
    else:
        text = scores(title, results, data)
    text = "\n\n".join([text, "\n".join(notes), tables.machine("chromadb", "onnxruntime")])
    tables.write(args.table, text, *(["docs/benchmarks.md"] if args.table else []))


def split(data: retrieval_sets.Dataset) -> list[retrieval_sets.Document]:
    """qa's passages of the documents; what stands before the `|` of an id is the document's."""
    count = MiniLM().count
    size = Settings().passage_tokens
    return [
        retrieval_sets.Document(f"{d.id}|{n}", d.title, passage.text)
        for d in data.documents
        for n, passage in enumerate(
            splitting.split(make(d.id, normalise(d.text), d.title, (None, None)), count, size)
        )
    ]


def mixed(
    data: retrieval_sets.Dataset, size: int, home: Path
) -> tuple[list[retrieval_sets.Document], Path]:
    """`size` synthetic passages made of the documents, and the file of their vectors."""
    base = [(d.title, d.text) for d in data.documents]
    records = [synthetic.record(n, base) for n in range(size)]
    documents = [
        retrieval_sets.Document(str(n), r["title"], r["text"]) for n, r in enumerate(records)
    ]
    vectors = home / f"peers-{data.name}-{size}.npy"
    if not vectors.exists():
        np.save(vectors, synthetic.Mixer(base).embed([f"{d.title}\n{d.text}" for d in documents]))
    return documents, vectors


def _embedded(home: Path, contents: Sequence[str]) -> Path:
    """The file of the contents' vectors, made once."""
    digest = hashlib.sha256("\n\n".join(contents).encode()).hexdigest()[:12]
    path = home / f"peers-{digest}.npy"
    if not path.exists():
        np.save(path, MiniLM().embed(contents))
    return path


def measured(system: System, job: Path, home: Path, pythons: Sequence[str]) -> dict[str, Any]:
    """What the system's script found and how long it took, in a fresh folder."""
    python = environment(system, home, pythons)
    folder = home / "peers-run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    result = folder / "result.json"
    subprocess.run(
        [str(python), str(HERE / system.script), str(job), str(result), *system.arguments],
        cwd=folder,
        check=True,
        stdout=sys.stderr,
        env=os.environ
        | {
            "PYTHONPATH": str(tables.ROOT),
            "ANONYMIZED_TELEMETRY": "False",
            "HAYSTACK_TELEMETRY_ENABLED": "False",
            "HF_HUB_OFFLINE": "1",
        },
    )
    found: dict[str, Any] = json.loads(result.read_text("utf-8"))
    return found


def environment(system: System, home: Path, pythons: Sequence[str]) -> Path:
    """The interpreter that has the system's requirements; installs them when they changed."""
    if not system.requirements:
        return Path(sys.executable)
    requirements = HERE / system.requirements
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:8]
    folder = home / f"venv-{requirements.stem}-{digest}"
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        base = _interpreter(system.python, pythons)
        subprocess.run([base, "-m", "venv", str(folder)], check=True)
        install = ["-m", "pip", "install", "--quiet", "-r", str(requirements)]
        subprocess.run([str(python), *install], check=True)
        (folder / "done").touch()
    return python


def _interpreter(least: tuple[int, int], pythons: Sequence[str]) -> str:
    """The first interpreter that is new enough. Raises LookupError when none is."""
    for name in (sys.executable, *pythons):
        found = shutil.which(name)
        asked = [found, "-c", "import sys; print(*sys.version_info[:2])"] if found else ["false"]
        run = subprocess.run(asked, capture_output=True, text=True)
        if run.returncode == 0 and tuple(map(int, run.stdout.split())) >= least:
            return str(found)
    wanted = ".".join(map(str, least))
    raise LookupError(f"needs Python {wanted} or newer: name one with --python")


def scores(title: str, results: dict[str, dict[str, Any]], data: retrieval_sets.Dataset) -> str:
    """The table of rankings; differences are paired, question by question."""
    gold = [q.gold for q in data.questions]
    ranks, hits = dict[str, list[float]](), dict[str, list[float]]()
    for name, result in results.items():
        pairs = list(zip(map(_documents, result["rankings"]), gold, strict=True))
        ranks[name] = [ranking.reciprocal_rank(found, g, K) for found, g in pairs]
        hits[name] = [ranking.hit(found, g, 1) for found, g in pairs]
    own = ranks.get("qa")
    rows = []
    for name, result in results.items():
        cells = [name, tables.mean(ranks[name]), tables.mean(hits[name])]
        cells.append(tables.difference(ranks[name], own) if own and name != "qa" else "")
        rows.append([*cells, *_milliseconds(result)])
    head = [title, "MRR@10", "hit@1", "MRR@10, less qa's", "p50 ms", "p95 ms", "CPU ms"]
    return tables.table(head, rows)


def speeds(title: str, results: dict[str, dict[str, Any]], own: float) -> str:
    """The table of times and memory; `own` is how long qa took to index, in seconds."""
    rows = [
        [
            name,
            *_milliseconds(r),
            f"{own if name == 'qa' else r['indexed']:.1f}",
            f"{r['resident'] / 1e6:.0f}",
        ]
        for name, r in results.items()
    ]
    return tables.table([title, "p50 ms", "p95 ms", "CPU ms", "indexed in s", "resident MB"], rows)


def _milliseconds(result: dict[str, Any]) -> list[str]:
    times = [metrics.quantile(result["seconds"], q) or 0 for q in (0.5, 0.95)]
    return [f"{seconds * 1000:.1f}" for seconds in (*times, result["worked"])]


def _documents(ids: Sequence[str]) -> list[str]:
    """Each document once, where its best passage ranks."""
    return list(dict.fromkeys(i.partition("|")[0] for i in ids))


if __name__ == "__main__":
    main()
