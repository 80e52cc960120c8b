"""What people said of answers: kept whole, and drafted as cases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from conftest import CORPUS
from typer.testing import CliRunner

import qa
from qa.cli import app
from qa.evaluation import check_gold, feedback_cases, read_cases, to_jsonl
from qa.types import Turn

NOW = datetime(2026, 11, 23, tzinfo=UTC)
GAP = CORPUS / "darien-gap-crossings.md"


def said(id_: str, right: bool, **more: object) -> qa.Feedback:
    plain = qa.Feedback(id_, NOW, right, f"{id_}?", "It is so.", False)
    return replace(plain, **more)  # type: ignore[arg-type]


def test_what_was_said_is_read_back_and_replaced_and_taken_out(tmp_path: Path) -> None:
    one = said(
        "a", False, fault="wrong", reason="Ä\n„no“", history=(Turn("q", "a"),),
        filters=qa.Filters(date(2024, 1, 2), None, ("x",)), quotes=(("t.md", "It"),),
    )  # fmt: skip
    file = qa.FeedbackFile(tmp_path)
    assert file.read() == {}
    file.put(one)
    file.put(said("b", True))
    assert qa.FeedbackFile(tmp_path).read() == {"a": one, "b": said("b", True)}
    file.put(said("a", True))
    file.drop(["b", "none"])
    assert file.read() == {"a": said("a", True)}


def test_a_damaged_file_is_named_and_never_written_over(tmp_path: Path) -> None:
    file = qa.FeedbackFile(tmp_path)
    file.put(said("a", True))
    path = tmp_path / "feedback.jsonl"
    path.write_text(path.read_text() + '{"id": "torn')
    before = path.read_bytes()
    for use in (file.read, lambda: file.put(said("b", True)), lambda: file.drop(["a"])):
        with pytest.raises(qa.StoreError, match=r"line 2 is no feedback.*move it away"):
            use()
    assert path.read_bytes() == before


def test_many_who_judge_at_once_lose_nothing(tmp_path: Path) -> None:
    files = [qa.FeedbackFile(tmp_path) for _ in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: files[n].put(said(str(n), True)), range(20)))
    assert set(files[0].read()) == {str(n) for n in range(20)}


def test_judged_answers_become_cases_that_can_be_checked(demo_home: Path, tmp_path: Path) -> None:
    with qa.Engine.open(demo_home) as engine:
        answer = engine.ask("How many people crossed the Darién Gap in 2023?")
        documents = engine.documents()
    quotes = tuple((c.source, c.quote) for c in answer.citations)
    file = qa.FeedbackFile(tmp_path)
    file.put(said("right", True, answer=answer.text, quotes=quotes))
    file.put(said("refused", True, abstained=True))
    file.put(said("invented", False, fault="unanswerable", reason="They do not say."))
    file.put(said("wrong", False, fault="wrong", expected="520,000", reason="Read on."))
    file.put(said("only-down", False))
    path = tmp_path / "cases.jsonl"
    path.write_text(to_jsonl(feedback_cases(tmp_path)), "utf-8")
    checked = check_gold(read_cases(path), documents)
    assert [str(problem) for problem in checked.problems] == [
        'line 1, must_include: a case without an answer: add "must_include", "answers" or "gold",'
        ' or say "answerable": false'
    ]
    wrong, invented, refused, right = checked.cases
    assert (wrong.must_include, wrong.note) == ((("520,000",),), "Read on.")
    assert not invented.answerable
    assert not refused.answerable
    assert right.gold[0].document in {GAP.name, *(Path(d.source).name for d in documents)}
    assert all(value in answer.text for (value,) in right.must_include)
    assert right.must_include
    assert all({"draft", "feedback"} <= set(case.tags) for case in checked.cases)


def test_the_command_drafts_cases_from_a_home(tmp_path: Path) -> None:
    run, command = CliRunner().invoke, ["cases", "feedback", "--home", str(tmp_path)]
    none = run(app, command)
    assert none.exit_code == 1
    assert "nobody has judged an answer" in none.stderr
    qa.FeedbackFile(tmp_path).put(said("a", True, abstained=True))
    assert run(app, [*command, "--out", str(tmp_path / "c.jsonl")]).exit_code == 0
    (case,) = read_cases(tmp_path / "c.jsonl").cases
    assert (case.question, case.answerable) == ("a?", False)
