"""The fixture library: invented documents in every format, and the cases that ask about them."""

from pathlib import Path

import pytest
from conftest import CORPUS

from qa.evaluation import check_gold, read_cases, read_run
from qa.evaluation.cases import TAGS
from qa.evaluation.runs import same
from qa.loading import discover, load
from qa.types import Document

CASES = Path(__file__).parent / "fixtures" / "library.jsonl"
LIBRARY = CASES.with_suffix("")


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    loaded = [load(path, path.name) for path in discover([LIBRARY])]
    assert not [failure for file in loaded for failure in file.failures]
    return [document for file in loaded for document in file.documents]


def test_every_gold_quotation_stands_in_its_document(documents: list[Document]) -> None:
    assert check_gold(read_cases(CASES), documents).problems == ()


def test_gold_holds_what_the_answer_must() -> None:
    for case in read_cases(CASES).cases:
        said = " ".join(" ".join(gold.quote for gold in case.gold).split()).casefold()
        assert case.answerable == bool(case.gold) == bool(case.must_include), case.id
        assert all(any(a.casefold() in said for a in g) for g in case.must_include), case.id
        assert not any(words.casefold() in said for words in case.must_not_include), case.id


@pytest.mark.parametrize("kind", TAGS)
def test_there_are_ten_cases_of_each_kind(kind: str) -> None:
    assert sum(kind in case.tags for case in read_cases(CASES).cases) >= 10


def test_there_are_enough_cases_and_documents_of_its_own() -> None:
    assert len(read_cases(CASES).cases) >= 120
    files, demo = (len(list(discover([folder]))) for folder in (LIBRARY, CORPUS))
    assert files >= (files + demo) / 3


def test_what_is_accepted_was_asked_of_these_cases() -> None:
    """Else `make eval` would compare less than it says: accept a new run with `make accept`."""
    for name, file in (("accepted", "questions.jsonl"), ("accepted-library", "library.jsonl")):
        asked = read_run(CASES.parent / name).results
        cases = {case.id: case for case in read_cases(CASES.parent / file).cases}
        assert {r.case.id for r in asked} == set(cases)
        assert all(same(r.case, cases[r.case.id]) for r in asked)


def test_cases_have_ids_of_their_own() -> None:
    ids = [case.id for path in CASES.parent.glob("*.jsonl") for case in read_cases(path).cases]
    assert len(ids) == len(set(ids))


def test_a_follow_up_has_the_turns_that_it_leans_on() -> None:
    turns = {"follow-up": 1, "follow-up-3": 2}
    for case in read_cases(CASES).cases:
        assert len(case.history) == sum(turns.get(tag, 0) for tag in case.tags), case.id


def test_every_file_is_listed_and_says_that_it_is_invented(documents: list[Document]) -> None:
    sources = (LIBRARY / "SOURCES.md").read_text("utf-8")
    files = list(discover([LIBRARY]))
    for path in files:
        said = " ".join(d.text for d in documents if d.source.partition("#")[0] == path.name)
        assert "invent" in said.casefold(), path.name
        assert f"`{path.name}`" in sources
    formats = {".html", ".pdf", ".docx", ".md", ".txt", ".eml", ".csv"}
    assert {path.suffix for path in files} == formats
