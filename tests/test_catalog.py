import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from qa import __version__
from qa.catalog import SCHEMA_VERSION, Catalog, Store, StoredPassage
from qa.errors import StoreError
from qa.loading.text import make
from qa.types import Document, Passage


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "home" / "catalog.sqlite3")
    yield catalog
    catalog.close()


def document(text: str, title: str = "Title", published: date | None = None) -> Document:
    return make("corpus/a.txt", text, title, (published, "header" if published else None))


def whole(document: Document, sha: str) -> StoredPassage:
    """The whole text of a document as its one passage."""
    text = document.text
    passage = Passage(
        id=f"{document.id}:0-{len(text)}",
        document_id=document.id,
        title=document.title,
        published=document.published,
        source=document.source,
        text=text,
        start=0,
        end=len(text),
    )
    return StoredPassage(passage, sha)


def put(catalog: Catalog, document: Document, file: str, sha: str = "sha") -> StoredPassage:
    """Stores a document of `file` with its whole text as its one passage."""
    stored = whole(document, sha)
    with catalog.transaction():
        catalog.put_document(document, "scheme", [stored])
        catalog.put_file(file, "file-sha", [document])
        catalog.advance()
    return stored


def test_what_was_stored_comes_back_whole(tmp_path: Path) -> None:
    text = "Año nuevo 😀 en México.\n\nFin\u2028 “del” texto."
    stored, path = document(text, "El título", date(2023, 12, 25)), tmp_path / "catalog.sqlite3"
    first = Catalog(path)
    passage = put(first, stored, "/corpus/a.txt")
    first.close()
    again = Catalog(path)
    assert again.document(stored.id) == stored
    assert again.documents() == [stored]
    assert again.passages([passage.passage.id, "no such"]) == {passage.passage.id: passage}
    assert again.passage_ids() == [passage.passage.id]
    assert again.counts() == (1, 1)
    assert again.document("no such") is None
    again.close()


def test_a_change_that_fails_leaves_nothing_behind(catalog: Catalog) -> None:
    put(catalog, document("Kept."), "/a.txt")
    before = catalog.generation()

    def change() -> None:
        with catalog.transaction():
            catalog.drop_orphans(catalog.remove_files(["/a.txt"]))
            catalog.advance()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert catalog.generation() == before
    assert [d.text for d in catalog.documents()] == ["Kept."]
    put(catalog, document("The next change works."), "/b.txt")
    assert catalog.counts() == (2, 2)


def test_an_error_of_sqlite_inside_a_change_leaves_nothing_behind(catalog: Catalog) -> None:
    put(catalog, document("Kept."), "/a.txt")
    stored = document("New.")
    twice = put(catalog, document("Other."), "/b.txt")
    with pytest.raises(StoreError, match="qa doctor"), catalog.transaction():
        catalog.put_document(stored, "scheme", [twice])  # that passage is already there
    assert catalog.document(stored.id) is None
    assert catalog.counts() == (2, 2)


def test_a_catalog_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    Catalog(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(StoreError, match=f"newer version .*update to qa {__version__} or newer"):
        Catalog(path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)
    connection.close()


def test_a_file_that_is_no_catalog_is_refused_with_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    path.write_bytes(b"this is no SQLite file" * 100)
    with pytest.raises(StoreError, match="--home"):
        Catalog(path)
    with pytest.raises(StoreError, match="--home"):
        Catalog(path / "below" / "a" / "file")


def test_threads_write_and_read_one_catalog(catalog: Catalog) -> None:
    def work(number: int) -> int:
        put(catalog, document(f"Text {number}."), f"/{number}.txt", f"sha {number}")
        catalog.put_vectors("e", [f"sha {number}"], np.full((1, 4), number, np.float32))
        return len(catalog.documents()) and catalog.counts()[0]

    with ThreadPoolExecutor(8) as threads:
        assert max(threads.map(work, range(80))) == 80
    assert catalog.generation() == 80
    vectors = catalog.vectors("e", [f"sha {n}" for n in range(80)])
    assert (vectors[:, 0] == np.arange(80)).all()


def test_two_connections_create_one_catalog(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(Catalog, [tmp_path / "catalog.sqlite3"] * 4))
    put(opened[0], document("Text."), "/a.txt")
    assert {catalog.counts() for catalog in opened} == {(1, 1)}
    for catalog in opened:
        catalog.close()


def test_a_snapshot_is_of_one_moment(tmp_path: Path) -> None:
    reader, writer = (Catalog(tmp_path / "catalog.sqlite3") for _ in range(2))
    with reader.snapshot():
        assert reader.counts() == (0, 0)
        put(writer, document("Text."), "/a.txt")
        assert reader.counts() == (0, 0)
    assert reader.counts() == (1, 1)
    reader.close()
    writer.close()


def test_a_document_stays_until_the_last_file_that_holds_it_goes(catalog: Catalog) -> None:
    shared = document("In two files.")
    for file in ("/a.txt", "/b.txt"):
        put(catalog, shared, file)
    catalog.put_vectors("e", ["sha"], np.ones((1, 4), np.float32))
    for file, left in (("/a.txt", 1), ("/b.txt", 0)):
        with catalog.transaction():
            dropped = catalog.drop_orphans(catalog.remove_files([file]))
            assert dropped == (set() if left else {shared.id})
            catalog.drop_unused_vectors()
        assert catalog.counts() == (left, left)
        assert catalog.missing_vectors("e", ["sha"]) == ({"sha"} if not left else set())


def test_the_vectors_of_all_passages_come_with_their_ids(catalog: Catalog) -> None:
    assert catalog.passage_vectors("e")[0] == []
    # The second and third passages have equal texts and so one vector.
    stored = [
        put(catalog, document(f"Text {n}."), f"{n}.txt", sha)
        for n, sha in enumerate(["first", "same", "same"])
    ]
    with pytest.raises(StoreError, match="qa index"):
        catalog.passage_vectors("e")
    catalog.put_vectors("e", ["first", "same"], np.float32([[1, 2], [3, 4]]))
    ids, vectors = catalog.passage_vectors("e")
    assert ids == [row.passage.id for row in stored]
    assert (vectors == np.float32([[1, 2], [3, 4], [3, 4]])).all()
    with pytest.raises(StoreError, match="qa index"):
        catalog.passage_vectors("another")


def test_a_catalog_has_an_identity_that_a_copy_does_not_share(
    catalog: Catalog, tmp_path: Path
) -> None:
    identity = catalog.identity()
    again = Catalog(tmp_path / "home" / "catalog.sqlite3")
    assert again.identity() == catalog.identity() == identity
    again.close()
    catalog.close()
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    (tmp_path / "home").rename(tmp_path / "moved")
    for folder, same in (("copy", False), ("moved", True)):
        other = Catalog(tmp_path / folder / "catalog.sqlite3")
        assert (other.identity() == identity) == same
        other.close()


def test_a_document_that_another_file_takes_over_is_kept(catalog: Catalog) -> None:
    moved, new = document("Moved."), document("New.")
    put(catalog, moved, "/a.txt")
    with catalog.transaction():
        catalog.put_document(new, "scheme", [])
        displaced = catalog.put_file("/a.txt", "file-sha", [new])
        assert displaced == {moved.id}
        catalog.put_file("/b.txt", "file-sha", [moved])
        assert catalog.drop_orphans(displaced) == set()
    assert {d.text for d in catalog.documents()} == {"Moved.", "New."}


def test_each_passage_is_cut_out_of_its_own_document(catalog: Catalog) -> None:
    texts = [f"Año {n}. 😀 Más de {n}." for n in range(600)]
    stored = [whole(document(text), "sha") for text in texts]
    with catalog.transaction():
        for text, row in zip(texts, stored, strict=True):
            catalog.put_document(document(text), "scheme", [row])
        found = catalog.passages([row.passage.id for row in stored])  # before the change ends, too
    assert [found[row.passage.id].passage.text for row in stored] == texts
    assert catalog.passages(list(found)).keys() == found.keys()


def test_vectors_are_read_on_from_a_passage(catalog: Catalog) -> None:
    ids = [put(catalog, document(f"{n}"), f"/{n}", f"sha {n}").passage.id for n in range(5)]
    catalog.put_vectors("e", ["sha 0", "sha 1", "sha 3", "sha 4"], np.eye(4, dtype=np.float32))
    row, some, vectors = catalog.vectors_after(0, "e", 3)
    assert some == [ids[0], ids[1], ids[3]]
    assert (vectors == np.eye(4)[:3]).all()
    row, some, vectors = catalog.vectors_after(row, "e", 3)
    assert (some, vectors.tolist()) == ([ids[4]], [[0, 0, 0, 1]])
    assert catalog.vectors_after(row, "e", 3)[:2] == (row, [])
    assert catalog.vectors_after(0, "other", 3)[1] == []


def test_vectors_of_a_catalog_of_version_3_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    Catalog(path).close()
    with sqlite3.connect(path) as old:
        old.executescript(
            "DROP TABLE vectors; CREATE TABLE vectors (embedder TEXT NOT NULL, sha TEXT NOT NULL,"
            " vector BLOB NOT NULL, PRIMARY KEY (embedder, sha)) WITHOUT ROWID;"
            "ALTER TABLE passages ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0;"
            "PRAGMA user_version=3;"
        )
        old.execute(
            "INSERT INTO vectors VALUES ('e', 'sha', ?)", [np.ones(4, np.float32).tobytes()]
        )
    old.close()
    for _ in range(2):
        catalog = Catalog(path)
        assert catalog.vectors("e", ["sha"]).tolist() == [[1, 1, 1, 1]]
        catalog.put_vectors("e", ["sha"], np.ones((1, 4), np.float32))
        catalog.close()


def test_vectors_belong_to_their_embedder_and_keep_their_order(catalog: Catalog) -> None:
    shas = [f"{n}" for n in range(1200)]
    vectors = np.arange(2400, dtype=np.float32).reshape(1200, 2)
    catalog.put_vectors("one", shas, vectors)
    assert (catalog.vectors("one", shas[::-1]) == vectors[::-1]).all()
    assert catalog.missing_vectors("one", [*shas, "new"]) == {"new"}
    assert catalog.missing_vectors("two", shas) == set(shas)
    assert catalog.vectors("one", []).shape == (0, 0)
    with pytest.raises(StoreError, match="qa index"):
        catalog.vectors("two", shas[:1])


def test_documents_are_listed_newest_first_and_undated_last(catalog: Catalog) -> None:
    for text, day in (("Old.", date(2020, 1, 1)), ("Never.", None), ("New.", date(2024, 1, 1))):
        put(catalog, document(text, published=day), f"/{text}")
    assert [d.text for d in catalog.documents()] == ["New.", "Old.", "Never."]


def test_the_state_of_a_derived_index_is_kept(catalog: Catalog) -> None:
    assert catalog.store("lexical") is None
    for store in (Store("folder", 1, dirty=True), Store("folder", 2, dirty=False)):
        catalog.mark("lexical", store)
        assert catalog.store("lexical") == store
