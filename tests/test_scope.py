"""Filters: only what they allow is found, all of it, whatever share of the collection it is."""

from datetime import date
from pathlib import Path

import pytest

from qa import collection, scope
from qa.errors import InputError
from qa.types import Filters, Hit
from tests.conftest import MakeEngine


@pytest.fixture
def dated(corpus: Path) -> Path:
    """40 notes, one a day from 1 March 2024, in two folders, and one without a date."""
    for day in range(1, 31):
        folder = corpus / ("wire" if day % 3 else "desk")
        folder.mkdir(exist_ok=True)
        (folder / f"note-{day}.md").write_text(
            f"---\ndate: 2024-03-{day:02}\n---\nThe harbour council met on day {day}.\n"
        )
    (corpus / "undated.txt").write_text("The harbour council has nine members.\n")
    return corpus


def _days(hits: list[Hit]) -> list[int]:
    return sorted(hit.passage.published.day for hit in hits if hit.passage.published)


@pytest.mark.parametrize("few", [5_000, 0], ids=["one by one", "left out"])
@pytest.mark.parametrize(
    ("filters", "days"),
    [
        (Filters(since=date(2024, 3, 28)), [28, 29, 30]),
        (Filters(until=date(2024, 3, 2)), [1, 2]),
        (Filters(date(2024, 3, 10), date(2024, 3, 10)), [10]),
        (Filters(since=date(2024, 3, 20), sources=("desk",)), [21, 24, 27, 30]),
        (Filters(sources=("corpus/wire/note-7.md", "note-8.md")), [7, 8]),
    ],
    ids=str,
)
def test_a_search_finds_all_that_filters_allow_and_nothing_else(
    make_engine: MakeEngine,
    dated: Path,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    filters: Filters,
    days: list[int],
) -> None:
    monkeypatch.setattr(collection, "FEW", few)
    engine = make_engine()
    engine.index(dated)
    assert _days(engine.search("When did the harbour council meet?", 31, filters)) == days
    assert _days(engine.search("When did the harbour council meet?", 1, filters))[0] in days


def test_filters_follow_what_is_indexed(make_engine: MakeEngine, dated: Path) -> None:
    engine, april = make_engine(), Filters(since=date(2024, 4, 1))
    engine.index(dated)
    with pytest.raises(InputError, match="no document is from 2024-04-01"):
        engine.search("harbour", filters=april)
    (dated / "new.md").write_text("---\ndate: 2024-04-01\n---\nThe harbour was sold.\n")
    engine.index(dated)
    assert len(engine.search("harbour", filters=april)) == 1


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (Filters(date(2024, 3, 2), date(2024, 3, 1)), "turn the two around"),
        (Filters(sources=("elsewhere",)), "no document is of elsewhere"),
        (Filters(sources=("esk",)), "no document is of esk"),
        (Filters(sources=("%",)), "no document is of %"),
    ],
)
def test_filters_that_allow_nothing_are_an_error(
    make_engine: MakeEngine, dated: Path, filters: Filters, message: str
) -> None:
    engine = make_engine()
    engine.index(dated)
    for look in (engine.search, lambda q, filters: engine.ask(q, filters=filters)):
        with pytest.raises(InputError, match=message):
            look("harbour", filters=filters)  # type: ignore[operator]


def test_an_answer_says_what_was_left_out(make_engine: MakeEngine, dated: Path) -> None:
    engine = make_engine()
    engine.index(dated)
    filters = Filters(since=date(2024, 3, 29), sources=("wire",))
    answer = engine.ask("Who invented the telephone?", filters=filters)
    assert answer.abstained
    assert "Searched 1 of 31 documents, those from 2024-03-29, of wire," in answer.text
    assert answer.to_json()["filters"] == "from 2024-03-29, of wire"
    assert {e.hit.passage.published for e in answer.evidence} == {date(2024, 3, 29)}


def test_more_is_fetched_until_enough_is_allowed() -> None:
    ids = [f"{'b' if n % 50 == 49 else 'a'}{n}:0-1" for n in range(1_000)]
    documents = frozenset(i.partition(":")[0] for i in ids if i.startswith("b"))
    asked = list[int]()

    def search(n: int) -> list[tuple[str, float]]:
        asked.append(n)
        return [(i, 1.0) for i in ids[:n]]

    found = scope.within(scope.Scope(documents, 1_000, None), search, 15)
    assert [i for i, _ in found] == [i for i in ids if i.startswith("b")][:15]
    assert asked[-1] < 5_000


def test_what_stands_in_quotation_marks_must_be_there_if_it_is_anywhere(
    make_engine: MakeEngine, corpus: Path
) -> None:
    (corpus / "a.txt").write_text("The council spoke of a safe\nharbour for Chiápas.\n")
    (corpus / "b.txt").write_text("The harbour is safe, said the council of Chiapas.\n")
    engine = make_engine()
    engine.index(corpus)
    found = engine.search('who spoke of a "safe harbour for chiapas"')
    assert [hit.passage.source.rpartition("/")[2] for hit in found] == ["a.txt"]
    assert len(engine.search('who spoke of a "harbour council"')) == 2  # nowhere: as without
    assert len(engine.search('who spoke of a "safe harbour')) == 2  # never closed
    assert len(engine.search('a safe "" harbour «of»')) == 2  # nothing in them to look for
