"""Indexes that are damaged in every way that can be thought of, found by the check-up and mended
without embedding."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from conftest import CORPUS
from test_indexing import check_whole
from typer.testing import CliRunner

from qa.catalog import SCHEMA_VERSION, Catalog
from qa.cli import app
from qa.engine import Engine
from qa.indexing import LEXICAL_STORE, writing
from qa.models.minilm import MiniLM
from qa.repair import inspect


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    """A copy of the demo index, to damage."""
    shutil.copytree(demo_home, tmp_path / "home")
    return tmp_path / "home"


def execute(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "catalog.sqlite3", isolation_level=None)) as catalog:
        for statement in statements:
            catalog.execute(statement)


def doctor(home: Path, *options: str) -> tuple[int, list[str], list[str]]:
    """Exit code, what was repaired, and the problems."""
    result = CliRunner().invoke(app, ["doctor", "--home", str(home), "--json", *options])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    report = json.loads(result.stdout)
    return result.exit_code, report["repaired"], report["problems"]


def whole(home: Path) -> tuple[int, int]:
    """Counts of an index that answers and whose three stores agree."""
    with Engine.open(home) as engine:
        check_whole(engine)
        hit = engine.search("sanctions on Cuba and Venezuela", 1)[0]
        assert hit.dense is not None
        assert hit.lexical is not None
        return engine.counts()


def test_a_sound_index_has_no_problems_and_repairing_it_embeds_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = whole(home)
    assert doctor(home) == (0, [], [])
    folders = {p.name for p in home.iterdir() if p.is_dir()}
    code, repaired, problems = doctor(home, "--repair")
    assert (code, problems) == (0, [])
    assert repaired == ["built both search indexes anew from the catalog, embedding nothing"]
    assert folders.isdisjoint(p.name for p in home.iterdir() if p.is_dir())
    assert whole(home) == before


SPLIT_AGAIN = "documents have passages that do not match their text"


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (
            [
                "UPDATE passages SET start = start + 1 WHERE rowid % 4 = 0",
                'UPDATE passages SET "end" = 9999999 WHERE rowid % 4 = 1',
                "UPDATE passages SET sha = 'x' WHERE rowid % 4 = 2",
            ],
            SPLIT_AGAIN,
        ),
        (["DELETE FROM passages WHERE ordinal = 0"], SPLIT_AGAIN),
        (
            [
                "DELETE FROM passages WHERE rowid IN"
                " (SELECT max(rowid) FROM passages GROUP BY document_id)"
            ],
            SPLIT_AGAIN,
        ),
        (
            [
                "INSERT INTO sources VALUES ('/a', 0, 'none', 'a', 'f', NULL)",
                "INSERT INTO passages VALUES ('p', 'none', 0, 0, 1, 's')",
            ],
            "2 entries belong to no file or document",
        ),
    ],
    ids=["changed", "first lost", "last lost", "strays"],
)
def test_what_the_text_in_the_catalog_can_mend_is_mended(
    home: Path, damage: list[str], problem: str
) -> None:
    before = whole(home)
    execute(home, *damage)
    code, _, problems = doctor(home)
    assert code == 1
    assert any(problem in p and p.endswith("run `qa doctor --repair`") for p in problems)
    code, repaired, problems = doctor(home, "--repair")
    assert (code, problems) == (0, [])
    assert len(repaired) > 1
    assert doctor(home) == (0, [], [])
    assert whole(home) == before


def test_a_text_that_is_not_as_it_was_read_is_taken_out_and_read_again(home: Path) -> None:
    before = whole(home)
    execute(
        home,
        "UPDATE documents SET text = replace(text, 'Cuba', 'Chad')"
        " WHERE rowid = (SELECT min(rowid) FROM documents WHERE text LIKE '%Cuba%')",
        "UPDATE documents SET published = 'never' WHERE rowid = (SELECT max(rowid) FROM documents)",
    )
    code, _, problems = doctor(home)
    assert code == 1
    assert any("2 documents are not as they were read" in p for p in problems)
    code, repaired, problems = doctor(home, "--repair")
    assert code == 1
    assert len([r for r in repaired if r.startswith("took out a document")]) == 2
    assert len([p for p in problems if p.endswith("run `qa index` on its folder")]) == 2
    with Engine.open(home) as engine:
        assert engine.counts()[0] == before[0] - 2
        assert "Chad" not in "".join(d.text for d in engine.documents())
        assert engine.index(CORPUS).added == 2
    assert doctor(home) == (0, [], [])
    assert whole(home) == before


def test_vectors_that_cannot_be_used_are_taken_out_and_embedded_by_the_next_index(
    home: Path,
) -> None:
    before = whole(home)
    execute(
        home,
        "UPDATE vectors SET vector = x'0000' WHERE sha = (SELECT min(sha) FROM vectors)",
        "UPDATE vectors SET vector = CAST(substr(vector, 5) || x'0000c07f' AS BLOB)"  # not a number
        " WHERE sha = (SELECT max(sha) FROM vectors) AND embedder NOT LIKE '%/words-%'",
    )
    # One of a passage and its sketch, and one of another passage.
    assert any("3 vectors cannot be used" in p for p in doctor(home)[2])
    code, repaired, problems = doctor(home, "--repair")
    assert code == 1
    assert "took out 3 vectors that cannot be used" in repaired
    assert any("2 passages have no vector" in p and "qa index" in p for p in problems)
    with Engine.open(home) as engine:
        engine.index(CORPUS)
    assert doctor(home) == (0, [], [])
    assert whole(home) == before


Derived = Callable[[Path, Path], None]


def lose_rows(home: Path, folder: Path) -> None:
    """What is left when somebody copies an older folder over it: sound, and not this one."""
    from qa.lexical import LexicalIndex

    index = LexicalIndex(folder)
    index.remove(sorted(index.ids())[:3])


def scramble(home: Path, folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(b"garbage" * 10)


@pytest.mark.parametrize("damage", [lose_rows, scramble])
def test_a_search_index_that_is_not_the_catalogs_is_named_and_built_anew(
    home: Path, damage: Derived
) -> None:
    with closing(Catalog(home / "catalog.sqlite3")) as catalog:
        state = catalog.store(LEXICAL_STORE)
        assert state
    damage(home, home / state.folder)
    code, _, problems = doctor(home)
    assert code == 1
    assert any(state.folder in p and p.endswith("run `qa doctor --repair`") for p in problems)
    assert doctor(home, "--repair")[0] == 0
    assert doctor(home) == (0, [], [])
    whole(home)


def test_a_catalog_whose_own_indexes_are_damaged_is_mended_in_place(home: Path) -> None:
    before = whole(home)
    execute(
        home,
        "PRAGMA writable_schema=ON",
        "UPDATE sqlite_schema SET sql = 'CREATE INDEX passages_document ON passages (ordinal, id)'"
        " WHERE name = 'passages_document'",
    )
    code, _, problems = doctor(home)
    assert code == 1
    assert any("passages_document" in p and "qa doctor --repair" in p for p in problems)
    code, repaired, problems = doctor(home, "--repair")
    assert (code, problems) == (0, [])
    assert repaired[0].startswith("built the catalog's own indexes anew")
    assert not list(home.glob("*.damaged-*"))
    assert whole(home) == before


def test_of_a_damaged_file_what_can_be_read_is_kept_and_the_file_is_put_aside(home: Path) -> None:
    before = whole(home)
    file = home / "catalog.sqlite3"
    execute(home, "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode=DELETE")
    with closing(sqlite3.connect(file)) as catalog:
        (root,) = catalog.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'passages_document'"
        ).fetchone()
        (size,) = catalog.execute("PRAGMA page_size").fetchone()
        (table,) = catalog.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'sources'"
        ).fetchone()
    damaged = bytearray(file.read_bytes())
    for page in (root, table):
        damaged[(page - 1) * size : page * size] = b"\xa5" * size
    file.write_bytes(damaged)
    code, _, problems = doctor(home)
    assert code == 1
    assert any("is damaged" in p and "qa doctor --repair" in p for p in problems)
    code, repaired, problems = doctor(home, "--repair")
    assert code == 1
    (aside,) = (p for p in home.glob("catalog.sqlite3.damaged-*") if "-wal" not in p.name)
    assert aside.read_bytes()[(root - 1) * size : root * size] == b"\xa5" * size
    assert any(aside.name in what for what in repaired)
    assert any("run `qa index` on your folders" in p for p in problems)
    with Engine.open(home) as engine:
        engine.index(CORPUS)
    assert doctor(home) == (0, [], [])
    assert whole(home) == before


@pytest.mark.parametrize("content", [b"this is no SQLite file" * 100, b"SQLite format 3\0" * 300])
def test_a_file_that_is_no_catalog_is_put_aside_and_a_new_one_begun(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "catalog.sqlite3").write_bytes(content)
    code, _, problems = doctor(tmp_path)
    assert code == 1
    assert any("is damaged" in p and "qa doctor --repair" in p for p in problems)
    code, _, problems = doctor(tmp_path, "--repair")
    assert code == 1
    assert any("run `qa index` on your folders" in p for p in problems)
    (aside,) = tmp_path.glob("*.damaged-*")
    assert aside.read_bytes() == content
    assert doctor(tmp_path)[0] == 0


def test_a_repair_of_a_newer_index_or_of_none_or_beside_a_writer_changes_nothing(
    home: Path, tmp_path: Path
) -> None:
    def repaired(home: Path) -> str:
        words = ["doctor", "--repair", "--home", str(home)]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 1
        return result.stderr

    assert "run `qa index FOLDER` first" in repaired(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    with writing(home):
        assert "another process is writing" in repaired(home)
    execute(
        home,
        f"PRAGMA user_version={SCHEMA_VERSION + 1}",
        "UPDATE meta SET value = 'qa 9.8.7' WHERE name = 'written by'",
    )
    assert "update to qa 9.8.7 or newer" in repaired(home)
    assert not list(home.glob("*.damaged-*"))


def test_every_document_of_the_demo_is_sound(demo_home: Path) -> None:
    with closing(Catalog(demo_home / "catalog.sqlite3")) as catalog:
        assert inspect(catalog).named() == []
        assert not catalog.without_vector(MiniLM.name)
