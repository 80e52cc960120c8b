"""Vectors in a folder of the home and on a Chroma server: indexing, searching, doing without.

usage: python benchmarks/server.py [--passages 20000] [--queries 300]      writes docs/scaling.md

The vectors are random, of 384 dimensions that 24 independent ones were mixed into (texts are not
spread evenly either), and go into the catalog directly, so that the embedder takes no part. The
server is a `chroma run` of its own on this machine, started and ended here.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import tables

from qa import indexing
from qa.catalog import Catalog, StoredPassage
from qa.collection import Collection
from qa.dense import Server
from qa.models import Vectors
from qa.retrieval import Fused, Ranking
from qa.types import Document, Passage

DIMENSIONS, LATENT, K, BATCH = 384, 24, 50, 1_000
COLD = """
import sys, time
from pathlib import Path
import numpy as np
from qa.catalog import Catalog
from qa.collection import Collection
from qa.dense import Server

class Embedder:
    name = "random"

home, url = Path(sys.argv[1]), sys.argv[2]
catalog = Catalog(home / "catalog.sqlite3")
began = time.perf_counter()
server = Server(url) if url else None
collection = Collection(catalog, home, Embedder(), server)
vector = np.ones(384, np.float32) / np.sqrt(384)
found = []
collection.search([("", vector.astype(np.float32))], 50, lambda near, _: found.extend(near) or [])
assert len(found) == 50
print(time.perf_counter() - began)
"""


class Random:
    """An embedder by name only: its vectors are in the catalog before anybody asks."""

    name = "random"

    def embed(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("nothing is embedded here")


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--passages", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=300)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(LATENT, DIMENSIONS))
    vectors = _unit(rng.normal(size=(args.passages, LATENT)) @ mixed)
    queries = _unit(rng.normal(size=(args.queries, LATENT)) @ mixed)
    with tempfile.TemporaryDirectory() as folder, _chroma(Path(folder) / "server") as url:
        columns = [_measured(Path(folder) / "home-1", "", vectors, queries)]
        columns.append(_measured(Path(folder) / "home-2", url, vectors, queries))
    away = f"http://127.0.0.1:{_free_port()}"
    with tempfile.TemporaryDirectory() as folder:
        catalog = _filled(Path(folder), vectors)
        with closing(Server(away)) as server, closing(catalog):
            without = _times(Collection(catalog, Path(folder), Random(), server), queries[:50])
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    rows.append(("query while the server is away, exact, p50 / p95", "", without))
    head = [f"{args.passages:,} passages", "folder", "server on the same machine"]
    note = f"{args.queries} queries of {K} hits, one after the other; {tables.machine('chromadb')}"
    tables.write("server", f"{tables.table(head, rows)}\n\n{note}", "docs/scaling.md")


def _measured(home: Path, url: str, vectors: Vectors, queries: Vectors) -> dict[str, str]:
    server = Server(url) if url else None
    with closing(_filled(home, vectors)) as catalog:
        began = time.perf_counter()
        with indexing.writing(home):
            indexing.synchronise(catalog, home, Random(), server)
        rate = len(vectors) / (time.perf_counter() - began)
        ids = catalog.passage_ids()
        with closing(Collection(catalog, home, Random(), server)) as collection:
            warm = _times(collection, queries)
            recall = np.mean([_recall(collection, q, ids, vectors) for q in queries[:100]])
        if server:
            server.close()
    environment = os.environ | {"PYTHONPATH": str(tables.ROOT)}
    command = [sys.executable, "-c", COLD, str(home), url]
    cold = [
        float(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)
        for _ in range(3)
    ]
    return {
        "rows/s while both derived indexes are built": f"{rate:,.0f}",
        "query p50 / p95": warm,
        f"of the {K} nearest, found": f"{recall:.1%}",
        "first query of a new process, imports and opening included": f"{np.median(cold):.2f} s",
    }


def _filled(home: Path, vectors: Vectors) -> Catalog:
    """A catalog with one document a thousand passages, and these vectors."""
    catalog = Catalog(home / "catalog.sqlite3")
    for first in range(0, len(vectors), BATCH):
        rows = vectors[first : first + BATCH]
        words = [f"passage {first + n} of the benchmark. " for n in range(len(rows))]
        text, number = "".join(words), first // BATCH
        document = Document(f"d{number}", f"d{number}.txt", f"d{number}", None, text, f"{number}")
        ends = np.cumsum([len(word) for word in words]).tolist()
        stored = [
            StoredPassage(
                Passage(
                    id=f"d{number}:{end}",
                    document_id=document.id,
                    title=document.title,
                    published=None,
                    source=document.source,
                    text=word,
                    start=end - len(word),
                    end=end,
                ),
                f"{number}-{end}",
            )
            for word, end in zip(words, ends, strict=True)
        ]
        catalog.put_vectors(Random.name, [row.sha for row in stored], rows)
        with catalog.transaction():
            catalog.put_document(document, "benchmark", stored)
            catalog.put_file(document.source, document.sha256, [document])
            catalog.advance()
    return catalog


def _times(collection: Collection, queries: Vectors) -> str:
    seconds = list[float]()
    for query in queries:
        began = time.perf_counter()
        _nearest(collection, query)
        seconds.append(time.perf_counter() - began)
    p50, p95 = np.percentile(seconds[5:], [50, 95]) * 1000  # the first ones open the index
    return f"{p50:.1f} ms / {p95:.1f} ms"


def _recall(collection: Collection, query: Vectors, ids: list[str], vectors: Vectors) -> float:
    nearest = {ids[i] for i in np.argsort(-(vectors @ query))[:K]}
    return len(nearest & dict(_nearest(collection, query)).keys()) / K


def _nearest(collection: Collection, query: Vectors) -> list[tuple[str, float]]:
    """What is found by vectors alone; no passage is read."""
    found = list[tuple[str, float]]()

    def fuse(near: Ranking, worded: Ranking) -> list[Fused]:
        found.extend(near)
        return []

    collection.search([("", query)], K, fuse)
    return found


def _unit(rows: np.ndarray) -> Vectors:
    unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _chroma(folder: Path) -> Iterator[str]:
    """The URL of a Chroma server that ends with the block."""
    port = _free_port()
    words = [str(Path(sys.executable).with_name("chroma")), "run", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*words, "--path", str(folder), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(lambda: Server(url).version())
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait(ask: Callable[[], str]) -> None:
    from qa.errors import UnreachableError

    for attempt in range(600):
        try:
            ask()
            return
        except UnreachableError:
            if attempt == 599:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    main()
