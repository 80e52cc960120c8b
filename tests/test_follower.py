"""The process that fills Chroma while the catalog is being written."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY, HashingEmbedder, MakeEngine
from test_catalog import document, whole
from test_indexing import catalog_of, check_whole, first

from qa.catalog import Catalog, Store
from qa.dense import DenseIndex
from qa.follower import Follower
from qa.indexing import dense_store

MANY = 2_100  # passages, enough to be worth a process


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    yield catalog
    catalog.close()


def fill(catalog: Catalog, numbers: range) -> None:
    """One passage and its vector for each number."""
    with catalog.transaction():
        for n in numbers:
            text = document(f"Text {n}.")
            catalog.put_document(text, "scheme", [whole(text, f"sha {n}")])
    vectors = np.eye(8, dtype=np.float32)[[n % 8 for n in numbers]]
    catalog.put_vectors("e", [f"sha {n}" for n in numbers], vectors)


def records(corpus: Path, count: int) -> Path:
    """So many documents, of which many have the same vector: only some of those are found by it,
    since Chroma searches approximately, and by their words all are."""
    path = corpus / "records.jsonl"
    path.write_text(
        "".join(json.dumps({"text": f"Record number{n}."}) + "\n" for n in range(count))
    )
    return path


def test_the_index_holds_what_was_committed_at_the_end(catalog: Catalog, tmp_path: Path) -> None:
    follower = Follower(catalog, "dense", tmp_path / "new", "e")
    fill(catalog, range(MANY))
    follower.committed(MANY)
    assert catalog.store("dense") == Store("new", 0, dirty=True)
    fill(catalog, range(MANY, MANY + 50))
    follower.committed(50)
    assert follower.finish() == "new"
    assert catalog.store("dense") == Store("new", 0, dirty=True)  # until its writer marks it
    index = DenseIndex(tmp_path / "new")
    assert index.ids() == set(catalog.passage_ids())
    index.close()


def test_a_few_passages_are_not_worth_a_process(catalog: Catalog, tmp_path: Path) -> None:
    follower = Follower(catalog, "dense", tmp_path / "new", "e")
    follower.committed(500)
    assert follower.finish() == ""
    assert catalog.store("dense") is None
    assert not (tmp_path / "new").exists()


def test_many_passages_to_come_are_worth_a_process(catalog: Catalog, tmp_path: Path) -> None:
    fill(catalog, range(500))
    follower = Follower(catalog, "dense", tmp_path / "dense-1", "e")
    follower.committed(500, share=0.1)
    assert follower.finish() == "dense-1"
    with closing(DenseIndex(tmp_path / "dense-1")) as index:
        assert index.ids() == set(catalog.passage_ids())


def test_the_process_begins_before_the_first_passage_where_many_are_expected(
    catalog: Catalog, tmp_path: Path
) -> None:
    follower = Follower(catalog, "dense", tmp_path / "dense-1", "e")
    follower.expect(500)
    assert catalog.store("dense") is None
    follower.expect(MANY)
    assert catalog.store("dense") == Store("dense-1", 0, dirty=True)
    fill(catalog, range(500))
    follower.committed(500)
    assert follower.finish() == "dense-1"
    with closing(DenseIndex(tmp_path / "dense-1")) as index:
        assert index.ids() == set(catalog.passage_ids())


def test_its_writer_waits_while_it_is_far_behind(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.follower._AHEAD", 500)
    fill(catalog, range(MANY))
    follower = Follower(catalog, "dense", tmp_path / "dense-1", "e")
    follower.committed(MANY)
    assert (tmp_path / "dense-1" / "chroma.sqlite3").exists()
    follower.committed(0)  # what is left waits for more
    assert follower.finish() == "dense-1"


def test_an_index_whose_process_failed_stays_dirty(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.follower._AHEAD", 0)  # nobody answers
    (tmp_path / "new").write_text("a file where the folder should be")
    follower = Follower(catalog, "dense", tmp_path / "new", "e")
    fill(catalog, range(MANY))
    follower.committed(MANY)
    assert follower.finish() == ""
    assert catalog.store("dense") == Store("new", 0, dirty=True)


def test_a_large_new_index_is_whole(corpus: Path, make_engine: MakeEngine) -> None:
    records(corpus, MANY)
    engine = make_engine()
    assert engine.index(corpus).passages == MANY
    assert first(engine, '"number1234"') == "Record number1234."
    check_whole(engine)
    folders = [path for path in engine.settings.home.iterdir() if path.is_dir()]
    assert len(folders) == 2


INDEXES = """
import sys
from pathlib import Path
from conftest import HashingEmbedder
from qa.engine import Engine
from qa.settings import Settings
with Engine.open(settings=Settings(home=Path(sys.argv[1])), embedder=HashingEmbedder()) as engine:
    engine.index(sys.argv[2])
"""


def test_an_index_survives_a_kill_while_its_process_is_at_work(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder
) -> None:
    records(corpus, MANY)
    engine = make_engine()
    catalog, name = catalog_of(engine), dense_store(embedder)
    with subprocess.Popen(
        [sys.executable, "-c", INDEXES, str(engine.settings.home), str(corpus)],
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{Path(__file__).parent}"},
    ) as writer:
        while not (state := catalog.store(name)) or not state.dirty:
            assert writer.poll() is None
            time.sleep(0.01)
        writer.kill()
    catalog.close()
    assert first(engine, '"number77"') == "Record number77."
    embedder.embedded = []
    assert engine.index(corpus).unchanged == MANY
    assert embedder.embedded == []
    check_whole(engine)
