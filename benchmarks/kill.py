"""What is lost when indexing, or a search that repairs an index, is killed at a random moment.

usage: python benchmarks/kill.py squad2_dev.json [--rounds 200] [--documents 500] [--seed 0]

Short documents are cut from SQuAD paragraphs, and between kills files are added, changed, renamed,
swapped and deleted at random. Half of the kills come at a random moment of the run, half at a
random moment of a stage that is drawn first, so that short stages are hit too. After each kill a
fresh process searches, indexes what is on the disk and compares everything with it. Writes
docs/benchmarks.md.

Every process is forked from one that has imported everything and opened nothing, so that a round
takes about a second. POSIX only.
"""

import argparse
import hashlib
import json
import mmap
import os
import random
import shutil
import signal
import sqlite3
import struct
import sys
import tempfile
import time
import traceback
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tables
from together import WARM, RandomEmbedder

import qa
from qa import dense, indexing, lexical
from qa.catalog import SCHEMA_VERSION, Catalog
from qa.dense import DenseIndex
from qa.lexical import LexicalIndex
from qa.models import Vectors
from qa.models.minilm import MiniLM
from qa.sentences import sentences

BATCH = 25  # documents that a change touches at most; one in eight rounds touches all

STAGES = (
    "between stages: reading and splitting files, comparing",
    "opening the catalog",
    "bringing a catalog of the first version up to date",
    "embedding",
    "committing vectors",
    "committing documents",
    "marking a derived index",
    "building Chroma",
    "changing Chroma",
    "building tantivy",
    "changing tantivy",
    "deleting what was replaced",
    "copying Chroma or tantivy",
)
ELSEWHERE, OPENING, MIGRATING, EMBEDDING, VECTORS, DOCUMENTS, MARKING, *_ = range(len(STAGES))
CHROMA, TANTIVY, DELETING, COPYING = 7, 9, 11, 12


class Stage:
    """The stage that the child is in, in memory that parent and child share; the parent reads how
    often each was entered and how long it took in all."""

    _NOW, _ROW = struct.Struct("i"), struct.Struct("id")

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 16 + self._ROW.size * len(STAGES))

    @property
    def now(self) -> int:
        (stage,) = self._NOW.unpack_from(self._memory)
        return int(stage)

    def spent(self, stage: int) -> tuple[int, float]:
        """Entries and seconds."""
        entries, seconds = self._ROW.unpack_from(self._memory, 16 + stage * self._ROW.size)
        return int(entries), float(seconds)

    def clear(self) -> None:
        self._memory[:] = bytes(len(self._memory))

    @contextmanager
    def inside(self, stage: int) -> Iterator[None]:
        """The outermost stage counts: a commit of vectors is not a commit of documents too."""
        if self.now != ELSEWHERE:
            yield
            return
        entries, seconds = self.spent(stage)
        where = 16 + stage * self._ROW.size
        self._ROW.pack_into(self._memory, where, entries + 1, seconds)
        self._NOW.pack_into(self._memory, 0, stage)
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = seconds + time.perf_counter() - began
            self._ROW.pack_into(self._memory, where, entries + 1, spent)
            self._NOW.pack_into(self._memory, 0, ELSEWHERE)


STAGE = Stage()


class LoggedEmbedder(RandomEmbedder):
    """Writes down what it was asked for before it answers, in a log that survives the process."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def embed(self, texts: Sequence[str]) -> Vectors:
        with STAGE.inside(EMBEDDING):
            log = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(log, "".join(f"{_sha(text)}\n" for text in texts).encode())
            os.fsync(log)
            os.close(log)
            return super().embed(texts)


@dataclass
class Corpus:
    """Files that change; each text occurs once."""

    folder: Path
    texts: list[str]
    random: random.Random
    revisions: int = 0

    def fill(self, number: int) -> None:
        """Begins with that many files."""
        for _ in range(number):
            self._add()

    def change(self, target: int) -> None:
        """Adds, changes, renames, swaps and deletes files; drifts towards `target` of them."""
        everything = self.random.random() < 0.125
        files = sorted(self.folder.iterdir())
        some = files if everything else self.random.sample(files, self.random.randint(0, BATCH))
        for path in some:
            kind = self.random.choice(("change", "change", "rename", "swap", "delete"))
            if not path.exists():
                continue
            if kind == "change":
                self.revisions += 1
                self._write(path, f"{path.read_text()}\nRevision {self.revisions}.\n")
            elif kind == "rename":
                path.rename(self._free())
            elif kind == "swap":
                other = self.random.choice(sorted(self.folder.iterdir()))
                mine, yours = path.read_text(), other.read_text()
                self._write(path, yours)
                self._write(other, mine)
            elif len(files) > target // 2:
                self.texts.append(path.read_text())
                path.unlink()
        while len(list(self.folder.iterdir())) < target and self.texts:
            self._add()

    def _add(self) -> None:
        text = self.texts.pop(self.random.randrange(len(self.texts)))
        self._write(self._free(), text)

    def _free(self) -> Path:
        return self.folder / f"{self.random.getrandbits(40):010x}.txt"

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, "utf-8")


@dataclass
class Findings:
    """What the kills did."""

    kills: Counter[str] = field(default_factory=Counter)
    readers: int = 0
    lost: list[str] = field(default_factory=list)
    left_over: int = 0
    broken: list[str] = field(default_factory=list)
    again: int = 0
    checked: int = 0
    rebuilt: int = 0
    embedded: int = 0
    recovery: list[float] = field(default_factory=list)


def main() -> None:
    """Kills, compares, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("squad", type=Path)
    parser.add_argument("--rounds", type=int, default=200, help="kills")
    parser.add_argument("--minutes", type=float, default=60, help="stop after so many")
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="copy an index that turned out broken to here")
    args = parser.parse_args()
    _warm()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        findings = _rounds(Path(folder), args)
    text = _table(findings, args.documents, time.perf_counter() - began)
    tables.write("kill", text, "docs/benchmarks.md")
    print(*findings.lost, *findings.broken, sep="\n")
    sys.exit(bool(findings.lost or findings.left_over or findings.broken or findings.again))


def _rounds(folder: Path, args: argparse.Namespace) -> Findings:
    chance = random.Random(args.seed)
    corpus = Corpus(folder / "corpus", _documents(args.squad), chance)
    corpus.folder.mkdir()
    corpus.fill(args.documents)
    home, log = folder / ".qa", folder / "embedded.log"
    found, reader = Findings(), MiniLM()
    reader.count([WARM])

    def write() -> None:
        with _engine(home, log, reader) as engine:
            engine.index(corpus.folder)

    def read() -> None:
        with _engine(home, log, reader) as engine:
            _search(engine, [path.read_text() for path in sorted(corpus.folder.iterdir())[:5]])

    until = time.perf_counter() + 60 * args.minutes
    usual = _usual(home, corpus, args.documents, write)
    kills = 0
    while kills < args.rounds and time.perf_counter() < until:
        found.recovery.append(0)
        if chance.random() < 0.1:
            shutil.rmtree(home)
        elif chance.random() < 0.15:
            _downgrade(home)
        elif chance.random() < 0.1:
            _distrust(home)
        corpus.change(args.documents)
        killed = _killed(write, chance, usual, home, log, found)
        kills += killed
        if killed and chance.random() < 0.3 and kills < args.rounds:
            before = kills
            kills += _killed(read, chance, usual, home, log, found)
            found.readers += kills - before
        if chance.random() < 0.5:
            corpus.change(args.documents)
        if args.keep:
            shutil.rmtree(args.keep, ignore_errors=True)
            shutil.copytree(folder, args.keep)
        wrong = len(found.broken) + len(found.lost)
        _recovered(home, log, reader, corpus, found)
        print(f"{kills} kills, {len(found.lost)} lost, {len(found.broken)} broken", flush=True)
        if args.keep and len(found.broken) + len(found.lost) > wrong:
            break
    return found


def _warm() -> None:
    """Imports what the children need, so that they begin at once."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import chromadb  # noqa: F401
    import tantivy  # noqa: F401

    for owner, name, stage in (
        (Catalog, "put_vectors", VECTORS),
        (Catalog, "mark", MARKING),
        (shutil, "rmtree", DELETING),
        (dense, "copy_vectors", COPYING),
        (lexical, "copy_texts", COPYING),
    ):
        _staged(owner, name, lambda *_, stage=stage: stage)
    _staged(Catalog, "__init__", lambda _, path: MIGRATING if _is_old(path) else OPENING)
    for kind, stage in ((DenseIndex, CHROMA), (LexicalIndex, TANTIVY)):
        _staged(kind, "__init__", lambda i, folder, stage=stage: _opening(i, folder, stage))
        for name in ("ids", "add", "remove", "close"):
            _staged(kind, name, lambda index, *_: index.stage)
    transaction = Catalog.transaction

    @contextmanager
    def staged(catalog: Catalog) -> Iterator[None]:
        with STAGE.inside(DOCUMENTS), transaction(catalog):
            yield

    Catalog.transaction = staged  # type: ignore[method-assign]


def _staged(owner: Any, name: str, stage: Callable[..., int]) -> None:
    """Has a function tell the parent that it is at work."""
    function = getattr(owner, name)

    def told(*args: Any, **kwargs: Any) -> Any:
        with STAGE.inside(stage(*args)):
            return function(*args, **kwargs)

    setattr(owner, name, told)


def _opening(index: Any, folder: Path, stage: int) -> int:
    index.stage = stage if not folder.exists() else stage + 1
    return int(index.stage)


def _is_old(path: Path) -> bool:
    versions = _read(path, "PRAGMA user_version")
    return bool(versions) and 0 < versions[0][0] < SCHEMA_VERSION


def _downgrade(home: Path) -> None:
    """Makes the catalog one of the first version."""
    connection = sqlite3.connect(home / "catalog.sqlite3")
    ((version,),) = connection.execute("PRAGMA user_version")
    if version > 1:
        connection.executescript(
            "ALTER TABLE sources DROP COLUMN published_from;"
            "ALTER TABLE documents DROP COLUMN pages;"
            "ALTER TABLE passages ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;"
            "PRAGMA user_version = 1"
        )
    connection.close()


def _distrust(home: Path) -> None:
    """Marks both indexes, as a search does that finds them damaged."""
    connection = sqlite3.connect(home / "catalog.sqlite3")
    if _read(home / "catalog.sqlite3", "SELECT 1 FROM stores"):
        connection.executescript("UPDATE stores SET dirty = 1")
    connection.close()


def _engine(home: Path, log: Path, reader: MiniLM) -> qa.Engine:
    settings = qa.Settings(home=home, exact_passages=0, api_key="", base_url="")
    catalog = Catalog(home / "catalog.sqlite3")
    return qa.Engine(settings, catalog, LoggedEmbedder(log), reader, None)


def _forked(work: Callable[[], None]) -> int:
    """Runs `work` in a child that leads a process group of its own; gives its process id."""
    STAGE.clear()
    if child := os.fork():
        return child
    code = 1
    try:
        os.setsid()
        work()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@dataclass
class Usual:
    """How long a run takes that is not killed, into an empty folder and with an index there, and
    how long each stage at one entry."""

    first: float
    later: float
    stages: dict[int, float]


def _usual(home: Path, corpus: Corpus, target: int, write: Callable[[], None]) -> Usual:
    """Measures a first run, one after some changes, and one that brings the catalog up to date."""
    stages, seconds = dict[int, float](), list[float]()
    for run in range(3):
        if run:
            corpus.change(target)
        if run == 2:
            _downgrade(home)
        began = time.perf_counter()
        _, status = os.waitpid(_forked(write), 0)
        seconds.append(time.perf_counter() - began)
        if status:
            sys.exit("indexing fails even when nothing is killed")
        for stage in range(len(STAGES)):
            entries, spent = STAGE.spent(stage)
            if entries and stage not in stages:
                stages[stage] = spent / entries
    return Usual(seconds[0], seconds[1], stages)


def _killed(
    work: Callable[[], None],
    chance: random.Random,
    usual: Usual,
    home: Path,
    log: Path,
    found: Findings,
) -> bool:
    """Kills `work` at a random moment; False when it was done before that."""
    held = _vectors(home)
    moment, stage = chance.random(), None
    if chance.random() < 0.5:
        stage = chance.choice([s for s in usual.stages if s in _possible(home)])
    log.unlink(missing_ok=True)
    child = _forked(work)
    began = time.perf_counter()
    seconds = usual.later if held else usual.first
    deadline = began + (moment * seconds if stage is None else 60)
    while time.perf_counter() < deadline:
        if stage is not None and STAGE.now == stage:
            stage, deadline = None, time.perf_counter() + moment * 1.1 * usual.stages[stage]
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            _count_again(log, held, found)
            return False
        time.sleep(0.0001)
    with_group = True
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:  # it has not come to lead its group yet
        with_group = False
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    _count_again(log, held, found)
    if not os.WIFSIGNALED(status):
        return False
    found.kills[STAGES[STAGE.now] if with_group else STAGES[ELSEWHERE]] += 1
    return True


def _possible(home: Path) -> set[int]:
    """Stages that a run can enter, as things stand."""
    path = home / "catalog.sqlite3"
    stores = _read(path, "SELECT name, dirty FROM stores")
    possible = {ELSEWHERE, EMBEDDING, VECTORS, DOCUMENTS, MARKING}
    possible.add(MIGRATING if _is_old(path) else OPENING)
    for name, stage in (("dense-random", CHROMA), (indexing.LEXICAL_STORE, TANTIVY)):
        possible |= {stage + 1, COPYING} if (name, 0) in stores else {stage}
        if stores:
            possible.add(DELETING)
    return possible


def _count_again(log: Path, held: set[str], found: Findings) -> None:
    """Counts texts that were embedded although their vectors were in the catalog, or twice."""
    embedded = Counter(log.read_text().split() if log.exists() else [])
    found.embedded += embedded.total()
    found.again += sum(n - (sha not in held) for sha, n in embedded.items())


def _vectors(home: Path) -> set[str]:
    """Hashes of the texts whose vectors are committed."""
    return {sha for (sha,) in _read(home / "catalog.sqlite3", "SELECT sha FROM vectors")}


def _read(path: Path, sql: str) -> list[Any]:
    """Rows of a catalog; none when there is no catalog, or it was killed before it had tables."""
    if not path.exists():
        return []
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


def _recovered(home: Path, log: Path, reader: MiniLM, corpus: Corpus, found: Findings) -> None:
    """The next run, and what it made of the index."""
    held = _vectors(home)
    report = home.parent / "report.json"
    report.unlink(missing_ok=True)
    log.unlink(missing_ok=True)

    def recover() -> None:
        report.write_text(json.dumps(_recover(home, log, reader, corpus.folder)))

    child = _forked(recover)
    _, status = os.waitpid(child, 0)
    if not report.exists() or status:
        found.broken.append(f"the next run ended with status {status} in {STAGES[STAGE.now]}")
        return
    result = json.loads(report.read_text())
    found.lost += result["lost"]
    found.left_over += result["left over"]
    found.broken += result["broken"]
    found.recovery[-1] = result["seconds"]
    found.rebuilt += bool(STAGE.spent(CHROMA)[0])
    found.checked += 1
    log.write_text("".join(f"{sha}\n" for sha in result["embedded"]))
    _count_again(log, held, found)


def _recover(home: Path, log: Path, reader: MiniLM, folder: Path) -> dict[str, Any]:
    """Searches, indexes, and compares the three stores with the files."""
    present = {path.read_text() for path in folder.iterdir()}
    with _engine(home, log, reader) as engine:
        broken = _search(engine, sorted(present)[:5])
        embedded = log.read_text().split()[5:] if log.exists() else []
        log.unlink(missing_ok=True)
        began = time.perf_counter()
        report = engine.index(folder)
        seconds = time.perf_counter() - began
        broken += [f"{f.source}: {f.error}" for f in report.failed]
        embedded += log.read_text().split() if log.exists() else []
        held = {document.text: document for document in engine.documents()}
        broken += _search(engine, random.Random(len(present)).sample(sorted(present), 5), True)
    catalog = Catalog(home / "catalog.sqlite3")
    ids = catalog.passage_ids()
    rows = catalog.passages(ids)
    vectors = catalog.vectors("random", [rows[i].sha for i in ids])
    passages = [rows[i].passage for i in ids]
    documents = {document.id: document for document in held.values()}
    for p in passages:
        if documents[p.document_id].text[p.start : p.end] != p.text:
            broken.append(f"{p.id}: the text is not at its offsets")
    read = Counter[str]()
    for p in passages:
        read[p.document_id] += len("".join(p.text.split()))
    for document in held.values():
        if read[document.id] < len("".join(document.text[document.body :].split())):
            broken.append(f"{document.id}: not all of it is in passages")
    states = {n: catalog.store(n) for n in ("dense-random", indexing.LEXICAL_STORE)}
    generation = catalog.generation()
    catalog.close()
    for name, state in states.items():
        if state is None or state.dirty or state.generation != generation:
            broken.append(f"{name} is not marked as whole")
    near_at, words_at = (home / state.folder for state in states.values() if state)
    near, words = DenseIndex(near_at), LexicalIndex(words_at)
    for name, index in (("Chroma", near), ("tantivy", words)):
        if index.ids() != set(ids):
            broken.append(f"{name} holds other passages than the catalog")
    lost = dict.fromkeys(present - held.keys(), "not in the catalog")
    for p, vector in zip(passages, vectors, strict=True):
        own = near.search(vector, 1)
        if not own or own[0][0] != p.id or own[0][1] < 0.999:
            lost[documents[p.document_id].text] = f"not nearest to its own vector: {own}"
        if p.id not in dict(words.search(p.text, 3)):
            lost[documents[p.document_id].text] = "not among the first by its own words"
    near.close()
    return {
        "lost": [f"{how}: {text[:60]!r}" for text, how in lost.items()],
        "left over": len(held.keys() - present),
        "broken": broken,
        "embedded": embedded,
        "seconds": seconds,
    }


def _search(engine: qa.Engine, texts: Sequence[str], whole: bool = False) -> list[str]:
    """Searches for texts; says what is wrong with the hits."""
    wrong = []
    for text in texts:
        hits = engine.search(" ".join(text.split())[:1000], 3)
        for hit in hits:
            document = engine.document(hit.passage.document_id)
            if document.text[hit.passage.start : hit.passage.end] != hit.passage.text:
                wrong.append(f"{hit.passage.id}: a hit's text is not at its offsets")
        if whole and text not in {engine.document(h.passage.document_id).text for h in hits}:
            wrong.append(f"not found by its words: {text[:50]!r}")
    return wrong


def _documents(path: Path) -> list[str]:
    """Every two to three sentences of each paragraph."""
    texts = []
    for article in json.loads(path.read_text("utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            text = unicodedata.normalize("NFC", paragraph["context"])
            spans = sentences(text)
            for first in range(0, len(spans), 2):
                last = spans[min(first + 1, len(spans) - 1)][1]
                texts.append(f"{text[spans[first][0] : last].strip()}\n")
    return sorted(set(texts))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _table(found: Findings, documents: int, seconds: float) -> str:
    kills = found.kills.total()
    recovery = sorted(found.recovery)
    p95 = recovery[int(0.95 * (len(recovery) - 1))]
    rows = [
        ("documents lost, in one index or in all", f"{len(found.lost)}"),
        ("documents left over", f"{found.left_over}"),
        ("crashes, errors, wrong offsets", f"{len(found.broken)}"),
        ("texts embedded again", f"{found.again} of {found.embedded:,}"),
        ("runs after a kill, each compared with the files", f"{found.checked}"),
        ("of them, with Chroma built anew", f"{found.rebuilt}"),
        ("such a run, p50 / p95", f"{recovery[len(recovery) // 2]:.2f} s / {p95:.2f} s"),
    ]
    head = [f"{kills} kills ({found.readers} of a search), {documents} documents", ""]
    stages = tables.table(
        ["killed while", "kills"], [(s, str(found.kills[s])) for s in STAGES if found.kills[s]]
    )
    machine = tables.machine("chromadb", "tantivy")
    return f"{tables.table(head, rows)}\n\n{stages}\n\n{seconds:.0f} s in all; {machine}"


if __name__ == "__main__":
    main()
