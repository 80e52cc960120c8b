import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

from conftest import REPOSITORY, HashingEmbedder, MakeEngine, in_both

from qa.catalog import Catalog
from qa.dense import Server
from qa.engine import Engine
from qa.indexing import LEXICAL_STORE, dense_store
from qa.models import Vectors
from qa.retrieval import fuse
from qa.types import Passage

ENVIRONMENT = {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{Path(__file__).parent}"}

INDEXES = """
import sys
from conftest import HashingEmbedder
from qa.engine import Engine
from qa.settings import Settings
settings = Settings(home=sys.argv[1], chroma_url=sys.argv[3])
with Engine.open(settings=settings, embedder=HashingEmbedder()) as engine:
    engine.index(sys.argv[2])
"""

ASKS = """
import sys
from conftest import HashingEmbedder
from qa.engine import Engine
with Engine.open({home!r}, embedder=HashingEmbedder()) as engine:
    assert engine.search("Which port?")[0].dense is not None
print("chromadb_rust_bindings" in sys.modules, "chromadb" in sys.modules)
"""

HOLDS_THE_LOCK = """
import sys
from pathlib import Path
from qa.indexing import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def index_elsewhere(engine: Engine, corpus: Path) -> None:
    """Indexes in another process, with the home and the server of this engine."""
    settings = engine.settings
    subprocess.run(
        [sys.executable, "-c", INDEXES, str(settings.home), str(corpus), settings.chroma_url],
        env=os.environ | ENVIRONMENT,
        check=True,
    )


@contextmanager
def another_writer(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_THE_LOCK, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | ENVIRONMENT,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def stores_of(engine: Engine) -> tuple[str, str]:
    """What the catalog calls the derived indexes in use."""
    url = engine.settings.chroma_url
    return dense_store(engine.embedder, Server(url) if url else None), LEXICAL_STORE


def mark_dirty(engine: Engine, folder: str | None = None) -> None:
    """What a writer does before it touches the derived indexes."""
    catalog = Catalog(engine.settings.home / "catalog.sqlite3")
    for name in stores_of(engine):
        state = catalog.store(name)
        assert state
        catalog.mark(name, replace(state, dirty=True, folder=folder or state.folder))
    catalog.close()


def fill(corpus: Path, numbers: range) -> None:
    for number in numbers:
        (corpus / f"{number}.txt").write_text(f"Caravan number{number} is on its way.")


def found(engine: Engine, number: int) -> bool:
    """Whether the document with that number is the first hit."""
    hits = engine.search(f"Caravan number{number} is on its way.", 1)
    return bool(hits) and f"number{number} " in hits[0].passage.text


@in_both
def test_a_reader_sees_what_another_process_indexed_afterwards(
    corpus: Path, make_engine: MakeEngine
) -> None:
    fill(corpus, range(3))
    engine = make_engine()
    engine.index(corpus)
    assert found(engine, 1)
    (corpus / "1.txt").unlink()
    fill(corpus, range(3, 6))
    index_elsewhere(engine, corpus)
    assert all(found(engine, n) for n in (0, 2, 3, 4, 5))
    assert not found(engine, 1)
    hit = engine.search("number4", 1)[0]
    assert hit.dense is not None
    assert hit.lexical is not None


@in_both
def test_the_catalog_answers_while_another_process_writes(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder
) -> None:
    fill(corpus, range(5))
    engine = make_engine()
    engine.index(corpus)
    with another_writer(engine.settings.home):
        mark_dirty(engine)
        assert all(found(engine, n) for n in range(5))
        mark_dirty(engine, folder="being-built")
        assert all(found(engine, n) for n in range(5))
        assert not (engine.settings.home / "being-built").exists(), "a reader creates nothing"


@in_both
def test_a_reader_repairs_what_a_writer_left_when_it_was_killed(
    corpus: Path, make_engine: MakeEngine
) -> None:
    fill(corpus, range(5))
    engine = make_engine()
    engine.index(corpus)
    with another_writer(engine.settings.home) as writer:
        mark_dirty(engine)
        assert found(engine, 3)  # the reader has seen the marks, and cannot repair yet
        writer.kill()
        writer.wait()
    hit = engine.search("number3", 1)[0]
    assert hit.dense is not None
    assert hit.lexical is not None
    catalog = Catalog(engine.settings.home / "catalog.sqlite3")
    states = [catalog.store(name) for name in stores_of(engine)]
    catalog.close()
    assert [state and state.dirty for state in states] == [False, False]


def test_a_search_while_an_index_is_deleted_under_it_is_answered(
    corpus: Path, make_engine: MakeEngine
) -> None:
    fill(corpus, range(5))
    engine = make_engine()
    engine.index(corpus)
    assert found(engine, 2)
    for folder in engine.settings.home.iterdir():
        if folder.is_dir():
            folder.rename(folder.with_name(f"old-{folder.name}"))
    assert found(engine, 2)
    assert engine.search("number2", 1)[0].lexical is not None


@in_both
def test_threads_search_while_another_indexes(corpus: Path, make_engine: MakeEngine) -> None:
    fill(corpus, range(5))
    engine = make_engine()
    engine.index(corpus)
    done, missed, errors = Event(), list[int](), list[Exception]()

    def search() -> None:
        while not done.is_set():
            try:
                missed.extend(n for n in range(5) if not found(engine, n))
            except Exception as error:
                errors.append(error)
                return

    readers = [Thread(target=search) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(5, 12):
        fill(corpus, range(number, number + 1))
        engine.index(corpus)
    done.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert missed == []
    assert all(found(engine, n) for n in range(12))


def write_edition(corpus: Path, edition: int) -> None:
    for name, place in (("harbour", "port"), ("census", "town")):
        (corpus / f"{name}.txt").write_text(f"Edition {edition} of the {name} names the {place}.")


def editions(passages: Iterable[Passage]) -> set[str]:
    return {passage.text.split(" of ")[0] for passage in passages}


def test_both_parts_of_a_question_are_answered_from_one_generation(
    corpus: Path, make_engine: MakeEngine
) -> None:
    class Interrupted(HashingEmbedder):
        """While the second part is embedded, a new edition is indexed."""

        def embed(self, texts: Sequence[str]) -> Vectors:
            if self.embedded:
                write_edition(corpus, 2)
                make_engine().index(corpus)
            return super().embed(texts)

    write_edition(corpus, 1)
    make_engine().index(corpus)
    engine = make_engine(Interrupted())
    question = "Which port does the harbour name, and which town does the census name?"
    evidence = engine.ask(question).evidence
    assert editions(e.hit.passage for e in evidence) == {"Edition 2"}


def test_a_search_that_a_writer_interrupts_finds_one_generation_and_all_of_it(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder
) -> None:
    class Interrupted(list[tuple[str, Vectors]]):
        """Before the second query is searched for, a new edition is indexed."""

        def __iter__(self) -> Iterator[tuple[str, Vectors]]:
            yield self[0]
            written.append(len(written) + 2)
            write_edition(corpus, written[-1])
            writer.index(corpus)
            yield self[1]

    written: list[int] = []
    write_edition(corpus, 1)
    writer = make_engine()
    writer.index(corpus)
    engine = make_engine()
    queries = ["Which port?", "Which town?"]
    wanted = Interrupted(zip(queries, embedder.embed(queries), strict=True))
    found = engine._collection.search(wanted, 10, lambda near, worded: fuse(near, worded, 0.5))
    assert len(written) > 1, "what was disturbed is searched again"
    assert len(editions(hit.passage for hits in found for hit in hits)) == 1
    for hits in found:
        assert sum(hit.dense is not None for hit in hits) == 2


def test_an_empty_index_finds_nothing(make_engine: MakeEngine) -> None:
    assert make_engine().search("caravan") == []


def test_damaged_words_are_rebuilt_by_the_search_that_meets_them(
    corpus: Path, make_engine: MakeEngine, tmp_path: Path
) -> None:
    (corpus / "harbour.txt").write_text("The harbour was dredged in February.\n", "utf-8")
    make_engine().index(corpus)
    for store in (tmp_path / ".qa").glob("lexical-*/*.store"):
        store.write_bytes(b"damaged" * (store.stat().st_size // 7))
    assert make_engine().search("harbour dredged")[0].lexical is not None


def test_a_small_collection_is_searched_without_chroma(
    corpus: Path, make_engine: MakeEngine, tmp_path: Path
) -> None:
    for n in range(5):
        (corpus / f"{n}.txt").write_text(f"Note {n}\n\nThe port of {n} {n + 1} is open.\n", "utf-8")
    graph = make_engine()
    graph.index(corpus)
    small = make_engine(exact_passages=5)
    found = graph.search("port of 3", 5)
    assert [replace(h, dense=0, score=0) for h in small.search("port of 3", 5)] == [
        replace(h, dense=0, score=0) for h in found
    ]
    asks = ASKS.format(home=str(tmp_path / ".qa"))
    run = [sys.executable, "-c", asks]
    loaded = [
        subprocess.run(
            run, env=ENVIRONMENT | {"QA_EXACT_PASSAGES": most}, check=True, capture_output=True
        ).stdout
        for most in ("5", "4")
    ]
    assert loaded == [b"False False\n", b"True False\n"]  # never the half second of the whole


def test_a_collection_that_grows_past_small_goes_on_in_chroma(
    corpus: Path, make_engine: MakeEngine
) -> None:
    reader = make_engine(exact_passages=1)
    write_edition(corpus, 1)
    make_engine().index(corpus)
    assert editions(hit.passage for hit in reader.search("Which port?")) == {"Edition 1"}
    assert reader._collection._dense is not None
    for path in corpus.iterdir():
        path.write_text("One port\n\nIt is closed.\n", "utf-8")
    make_engine().index(corpus)
    assert [hit.passage.title for hit in reader.search("Which port?")] == ["One port"]
    assert reader._collection._dense is None
