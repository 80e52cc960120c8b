"""Where documents disagree: what is found, what is none, and where an answer says so."""

import json
from datetime import date
from pathlib import Path

import pytest
from conftest import HashingEmbedder
from openai_server import OpenAIServer, says

import qa
from qa import conflicts, matching, questions, splitting
from qa.attribution import cite
from qa.models.minilm import MiniLM
from qa.types import Conflict, Document, Evidence, Hit
from qa.web import answer as view

READER = MiniLM()
HERALD = "Two people died and 17 were injured when the Mill Bridge in Ostrelle fell on Tuesday."
TRIBUNE = "One person was killed and 23 were hurt when the Mill Bridge in Ostrelle collapsed."
HURT = "How many people were hurt when the Mill Bridge fell?"


def found(question: str, *reports: str, day: date | None = None) -> tuple[Conflict, ...]:
    """The conflicts among reports of one title, of which the first is cited."""
    evidence = []
    for number, text in enumerate(reports, 1):
        document = Document(f"d{number}", f"{number}.txt", "A report", day, text, "")
        (passage,) = splitting.split(document, READER.count, 180)
        evidence.append(Evidence(number, Hit(passage, 1.0)))
    words = READER.words([splitting.searchable(e.hit.passage) for e in evidence])
    read = dict(zip([e.hit.passage.id for e in evidence], words, strict=True))
    (asked_words,) = READER.words([question])
    asked = questions.asked(
        questions.Query(question), asked_words, lambda terms: dict.fromkeys(terms, 1.0)
    )
    sentences = matching.compare(asked.target, evidence, read)
    cited = cite(evidence[0], 0, len(reports[0]))
    return conflicts.conflicts([(asked, sentences)], read, [cited])


def test_two_numbers_of_one_thing_are_a_conflict_with_both_sentences() -> None:
    (conflict,) = found(HURT, HERALD, TRIBUNE)
    assert conflict.figures == ("17", "23")
    assert [side.quote for side in conflict.sides] == [HERALD, TRIBUNE]
    assert conflict.what == HURT.rstrip("?")


@pytest.mark.parametrize(
    ("question", "one", "other", "figures"),
    [
        (
            "When was the bridge last inspected?",
            "The bridge was last inspected in 2019.",
            "The firm last inspected the bridge in October 2021.",
            ("2019", "2021"),
        ),
        (
            "How far is the nearest house from the turbines?",
            "The nearest house is 900 metres from the turbines.",
            "The nearest house, a farm, is 640 metres from the turbines.",
            ("900 metres", "640 metres"),
        ),
        (
            "What did the renovation of the museum cost?",
            "The renovation of the museum cost 1.9 million crowns.",
            "The renovation of the museum cost 2.6 million crowns.",
            ("1.9 million", "2.6 million"),
        ),
        (
            "Will the clinic in Dunmarch stay open at night?",
            "The clinic in Dunmarch stays open day and night.",
            "The clinic in Dunmarch is to close at night.",
            ("open", "close"),
        ),
    ],
)
def test_years_measures_amounts_and_stances(
    question: str, one: str, other: str, figures: tuple[str, str]
) -> None:
    (conflict,) = found(question, one, other)
    assert conflict.figures == figures


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        (HURT, HERALD, HERALD.replace("17", "seventeen")),  # the same in words
        (HURT, "Nearly 6,000 people were hurt when the Mill Bridge fell.",
         "5,940 people were hurt when the Mill Bridge fell."),  # a rounding
        (HURT, "At least 17 people were hurt when the Mill Bridge fell.",
         "23 people were hurt when the Mill Bridge fell."),  # a bound
        (HURT, HERALD, "23 people were on the Mill Bridge in Ostrelle when it fell."),
        (HURT, HERALD, "23 more people were hurt when the Mill Bridge fell."),
        (HURT, HERALD, "23 people were hurt when the Sand Bridge in Karsholm fell."),
        ("How many people were hurt in the flood?", "In 2022 17 people were hurt in the flood.",
         "In 2023 23 people were hurt in the flood."),  # another time
        ("How many points did the team score?", "The Falcons of Denver scored 17 points.",
         "The Lions of Detroit scored 23 points."),  # somebody else
        ("How high is the tower?", "The tower is 90 metres high.",
         "The tower stands 300 metres from the river."),  # another dimension
        ("When was the bridge built?", "The bridge was built in 1966.",
         "The bridge was not there before 1968 when it was built."),
        ("How long did the Seven Years War last in the colonies?",
         "The fighting in the colonies lasted six years.",
         "The fighting in the colonies was part of the Seven Years War."),  # a name
        ("Is the museum open?", "The museum is closed.", "The library is open on Saturdays."),
    ],
)  # fmt: skip
def test_what_may_be_no_conflict_is_none(question: str, one: str, other: str) -> None:
    assert found(question, one, other) == ()


def test_one_document_does_not_conflict_with_itself() -> None:
    assert found(HURT, f"{HERALD} {TRIBUNE}") == ()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("conflicts")
    (folder / "c").mkdir()
    (folder / "c" / "herald.txt").write_text(f"Two dead in Ostrelle\n14 March 2024\n\n{HERALD}\n")
    (folder / "c" / "tribune.txt").write_text(f"A bridge falls\n13 March 2024\n\n{TRIBUNE}\n")
    with qa.Engine.open(folder / ".qa", embedder=HashingEmbedder()) as engine:
        engine.index(folder / "c")
    return folder


def test_a_quoted_answer_quotes_both_sides_and_names_dates_and_sources(home: Path) -> None:
    with qa.Engine.open(home / ".qa", embedder=HashingEmbedder()) as engine:
        answer = engine.ask(HURT)
        (conflict,) = answer.conflicts
        for side in conflict.sides:
            assert engine.document(side.document_id).text[side.start : side.end] == side.quote
    assert {HERALD, TRIBUNE} <= {s.text for s in answer.statements}
    shown = str(answer)
    assert "The documents disagree on" in shown
    assert "2024-03-13, A bridge falls" in shown
    assert "2024-03-14, Two dead in Ostrelle" in shown
    (drawn,) = view.view(answer, home)["conflicts"]
    assert {side["date"] for side in drawn["sides"]} == {"13 March 2024", "14 March 2024"}
    assert all(side["target"]["spans"] for side in drawn["sides"])
    assert json.loads(json.dumps(answer.to_json()))["conflicts"][0]["figures"]


def test_a_model_that_names_one_side_is_contradicted_and_the_dossier_holds_the_other(
    home: Path, tmp_path: Path
) -> None:
    with OpenAIServer() as server:
        server.replies.append(says("23 were hurt when the Mill Bridge in Ostrelle collapsed. [1]"))
        settings = qa.Settings.load(home=home / ".qa", base_url=server.url, model="test")
        with qa.Engine.open(settings=settings, embedder=HashingEmbedder()) as engine:
            answer = engine.ask(HURT)
            (conflict,) = answer.conflicts
            assert conflict.figures == ("23", "17")
            assert len(answer.statements) == 1
            numbers = {e.number: e.hit.passage.document_id for e in answer.evidence}
            assert all(numbers[s.number] == s.document_id for s in conflict.sides)
            assert HERALD in str(answer)  # quoted, though no statement cites it
            for name, text in (
                ("a.md", answer.to_markdown()),
                ("a.json", json.dumps(answer.to_json())),
            ):
                (tmp_path / name).write_text(text, "utf-8")
                verified = engine.verify(tmp_path / name)
                assert verified.stands
                assert HERALD in [quote.quote for quote in verified.quotes]
