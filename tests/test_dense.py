from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings

from qa.dense import SETTINGS, DenseIndex, OnServer, Server, copy_vectors, exact_search
from qa.errors import StoreError, unusable
from qa.models import Vectors

Place = Path | OnServer


@pytest.fixture(params=["folder", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An index that is not there yet, in a folder and on a server."""
    if request.param == "folder":
        yield tmp_path / "dense"
        return
    server = Server(request.getfixturevalue("chroma_server").url)
    yield OnServer(server, f"test-{uuid4().hex}", writing=True)
    server.close()


@pytest.fixture
def index(place: Place) -> Iterator[DenseIndex]:
    index = DenseIndex(place)
    yield index
    index.close()


def unit(rows: int, seed: int = 0, dimensions: int = 32) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)
    normal: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normal


def names(rows: int) -> list[str]:
    return [f"passage {n}" for n in range(rows)]


def test_search_finds_what_an_exact_search_finds(index: DenseIndex) -> None:
    ids, vectors, query = names(300), unit(300), unit(1, seed=1)[0]
    index.add(ids, vectors)
    found, exact = index.search(query, 10), exact_search(ids, vectors, query, 10)
    assert [i for i, _ in found] == [i for i, _ in exact]
    assert [s for _, s in found] == pytest.approx([s for _, s in exact], abs=1e-5)


def test_nearly_all_of_the_nearest_are_found_among_vectors_that_are_hard_to_tell_apart(
    index: DenseIndex,
) -> None:
    # With Chroma's own setting for searching its graph 86 % are.
    ids, vectors = names(3_000), unit(3_000, dimensions=256)
    index.add(ids, vectors)
    queries = unit(50, seed=1, dimensions=256)
    found = [{i for i, _ in index.search(query, 50)[:10]} for query in queries]
    exact = [{i for i, _ in exact_search(ids, vectors, query, 10)} for query in queries]
    assert sum(len(f & e) for f, e in zip(found, exact, strict=True)) >= 0.98 * 10 * len(queries)


def test_rows_are_added_replaced_and_removed(index: DenseIndex) -> None:
    ids, vectors = names(4), unit(4)
    index.add(ids, vectors)
    index.add(ids[:1], vectors[1:2])
    assert index.ids() == set(ids)
    assert index.count() == 4
    assert {i for i, _ in index.search(vectors[1], 2)} == {ids[0], ids[1]}
    index.remove([ids[1], "no such"])
    assert index.ids() == {ids[0], ids[2], ids[3]}
    assert index.search(vectors[1], 1)[0][0] == ids[0]


def test_an_empty_index_finds_nothing(index: DenseIndex) -> None:
    assert index.search(unit(1)[0], 5) == []
    index.add([], unit(0))
    index.remove([])
    assert index.ids() == set()


def test_fewer_rows_than_asked_for_are_all_found(index: DenseIndex) -> None:
    index.add(names(3), unit(3))
    assert len(index.search(unit(1)[0], 50)) == 3


def test_what_is_left_after_most_was_removed_is_found(index: DenseIndex) -> None:
    ids, vectors = names(1500), unit(1500)
    index.add(ids, vectors)
    index.remove(ids[:-20])
    assert {i for i, _ in index.search(vectors[0], 50)} == set(ids[-20:])


def test_more_rows_than_chroma_takes_at_once_are_kept(index: DenseIndex) -> None:
    index.add(names(5_500), unit(5_500))
    assert len(index.ids()) == index.count() == 5_500


def test_an_index_that_is_opened_again_holds_the_same(place: Place) -> None:
    ids, vectors = names(20), unit(20)
    index = DenseIndex(place)
    index.add(ids, vectors)
    index.close()
    index = DenseIndex(place if isinstance(place, Path) else replace(place, writing=False))
    assert index.ids() == set(ids)
    assert index.search(vectors[7], 1) == [(ids[7], pytest.approx(1, abs=1e-5))]
    index.close()


def test_a_folder_is_one_of_chroma_s_own(tmp_path: Path) -> None:
    client = chromadb.PersistentClient(tmp_path / "theirs", Settings(anonymized_telemetry=False))
    theirs = client.create_collection("passages", **SETTINGS)
    theirs.add(names(3), unit(3))
    client.close()  # type: ignore[attr-defined]  # of Client, which this is
    with closing(DenseIndex(tmp_path / "theirs")) as opened:
        assert opened.search(unit(3)[1], 1)[0][0] == "passage 1"
    with closing(DenseIndex(tmp_path / "ours")) as index:
        index.add(names(3), unit(3))
    client = chromadb.PersistentClient(tmp_path / "ours", Settings(anonymized_telemetry=False))
    ours = client.get_collection("passages", embedding_function=None)
    assert ours.configuration_json == theirs.configuration_json
    assert ours.query(unit(3)[1], n_results=1)["ids"] == [["passage 1"]]
    client.close()  # type: ignore[attr-defined]


def test_a_copy_of_an_index_that_is_open_is_whole_and_apart(tmp_path: Path) -> None:
    index = DenseIndex(tmp_path / "dense")
    ids, vectors = names(1500), unit(1500)
    index.add(ids, vectors)
    copy_vectors(tmp_path / "dense", tmp_path / "copy")
    copy = DenseIndex(tmp_path / "copy")
    assert copy.ids() == set(ids)
    assert copy.search(vectors[7], 1)[0][0] == ids[7]
    copy.remove(ids[:1000])
    copy.add(["new"], unit(1, seed=2))
    copy.close()
    assert index.ids() == set(ids)
    assert index.search(vectors[7], 1)[0][0] == ids[7]
    index.close()


def test_an_index_that_cannot_be_copied_is_reported_with_the_next_step(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "chroma.sqlite3").write_bytes(b"no database" * 1000)
    for source in (damaged, tmp_path / "nowhere"):
        with pytest.raises(StoreError, match="qa index"):
            copy_vectors(source, tmp_path / f"copy of {source.name}")


def test_a_folder_that_chroma_cannot_read_is_reported_with_the_next_step(tmp_path: Path) -> None:
    folder = tmp_path / "dense"
    folder.mkdir()
    (folder / "chroma.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="qa index"):
        DenseIndex(folder)


def test_a_vector_of_another_length_is_reported(index: DenseIndex) -> None:
    index.add(names(1), unit(1))
    with pytest.raises(StoreError):
        index.search(np.ones(8, np.float32), 1)


def test_an_exact_search_of_nothing_finds_nothing() -> None:
    assert exact_search([], np.zeros((0, 0), np.float32), unit(1)[0], 5) == []


def test_a_full_disk_asks_for_space_and_not_for_a_folder_less() -> None:
    full, damaged = OSError(28, "No space left on device"), ValueError("bad magic number")
    assert "free some space and run `qa index`" in str(unusable("The index in", Path("x"), full))
    assert "delete that folder" in str(unusable("The index in", Path("x"), damaged))
