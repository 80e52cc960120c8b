"""Runs as folders: kept, killed, gone on with, scored anew, compared and gated."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY

import qa
from qa.engine import Engine
from qa.evaluation import (
    Case,
    Filters,
    Gold,
    Run,
    compare,
    evaluate,
    gates,
    load_cases,
    read_run,
    run_cases,
    saved_runs,
    to_html,
)
from qa.evaluation.results import Result, read_result
from qa.settings import Settings

FIXTURES = load_cases(REPOSITORY / "tests" / "fixtures" / "questions.jsonl")
SOME = [
    case for case in FIXTURES if case.id in ("single-02", "absent-12", "follow-01", "single-05")
]


@pytest.fixture(scope="module")
def engine(demo_home: Path) -> Iterator[Engine]:
    with Engine.open(settings=Settings(home=demo_home, api_key="", base_url="")) as engine:
        yield engine


@pytest.fixture(scope="module")
def run(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved run of a few cases. Do not write to it."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    run_cases(engine, SOME, folder)
    return folder


def changed(results: tuple[Result, ...], *names: str) -> Run:
    """The run with the answers to these cases turned into refusals."""
    return Run(
        tuple(
            replace(
                r, answer=replace(r.answer, abstained=True, statements=(), text="No.", evidence=())
            )
            if r.case.id in names
            else r
            for r in results
        )
    )


def test_saved_runs_are_listed_newest_first_without_what_is_none(
    engine: Engine, tmp_path: Path
) -> None:
    assert saved_runs(tmp_path / "runs") == {}
    for name, day in (("b", 1), ("a", 2), ("e", 2), ("c", 2), ("d", 2)):
        run_cases(engine, [], tmp_path / name, name=name)
        about = json.loads((tmp_path / name / "run.json").read_text("utf-8"))
        about["begun"] = f"2024-01-0{day}T00:00:00+00:00"
        (tmp_path / name / "run.json").write_text(json.dumps(about), "utf-8")
    (tmp_path / "other").mkdir()
    (tmp_path / "note.txt").touch()
    runs = saved_runs(tmp_path)
    named = [(path.name, about["file"]) for path, about in runs.items()]
    assert named == [("e", "e"), ("d", "d"), ("c", "c"), ("a", "a"), ("b", "b")]


def test_a_result_is_read_back_as_it_was_written(engine: Engine) -> None:
    for result in evaluate(engine, SOME).results:
        line = json.loads(json.dumps(result.to_json()))
        assert read_result(line, result.case).to_json() == line


def test_a_saved_run_has_the_same_metrics_when_it_is_read(engine: Engine, run: Path) -> None:
    kept, asked = read_run(run), evaluate(engine, SOME)
    assert [r.case for r in kept.results] == SOME
    times = ("latency_p50", "latency_p95")
    assert {k: v for k, v in kept.summary().items() if k not in times} == {
        k: v for k, v in asked.summary().items() if k not in times
    }
    assert kept.about["settings"]["passages"] == 6
    assert set(kept.about["prompts"]) == {"answer", "condense", "judge", "rerank"}
    assert not any(name.endswith(("_key", "_url")) for name in kept.about["settings"])


def test_a_run_keeps_each_passage_once_and_no_path_of_the_disk(run: Path, demo_home: Path) -> None:
    lines = (run / "passages.jsonl").read_text("utf-8").splitlines()
    names = [json.loads(line)["passage"] for line in lines]
    assert len(names) == len(set(names)) > 10
    every = "".join(path.read_text("utf-8") for path in run.iterdir())
    assert str(REPOSITORY) not in every
    assert str(demo_home) not in every
    assert "api_key" not in every
    assert "_url" not in every
    assert '"source": "corpus/migrant-caravan-2023-12-25.txt"' in every


def test_conflicts_are_kept_without_a_path_and_read_back(tmp_path: Path) -> None:
    papers = {"herald": "17 people", "tribune": "23 people"}
    for name, hurt in papers.items():
        (tmp_path / f"{name}.txt").write_text(f"{hurt} were hurt when the footbridge fell.\n")
    gold = tuple(
        Gold(f"{name}.txt", f"{hurt} were hurt when the footbridge fell.")
        for name, hurt in papers.items()
    )
    question = "How many people were hurt when the footbridge fell?"
    asked = Case(question, "a", must_include=(("17",), ("23",)), gold=gold, tags=("disagreement",))
    settings = Settings(home=tmp_path / "home", api_key="", base_url="")
    with Engine.open(settings=settings) as engine:
        engine.index(tmp_path / "herald.txt", tmp_path / "tribune.txt")
        before = run_cases(engine, [asked], tmp_path / "run")
    after = read_run(tmp_path / "run")
    for run in (before, after):
        assert run.summary()["conflict_recall"] == 1
        assert run.summary()["false_conflicts"] == 0
    assert str(tmp_path) not in (tmp_path / "run" / "results.jsonl").read_text("utf-8")
    wrong = replace(asked, must_include=(("zebra",), ("17",)))
    page = to_html(read_run(tmp_path / "run", [wrong]))
    assert "The documents disagree on" in page


def test_a_run_is_scored_by_other_expectations_without_asking(run: Path) -> None:
    other = [replace(case, must_include=(("zebra",),)) for case in SOME if case.answerable]
    assert read_run(run, other).summary()["answer_inclusion"] == 0
    strangers = [replace(case, question="something else?") for case in SOME]
    with pytest.raises(qa.InputError, match="was made from other cases"):
        read_run(run, strangers)


def test_only_what_has_no_answer_is_asked_when_a_run_goes_on(
    engine: Engine, tmp_path: Path
) -> None:
    folder, asked = tmp_path / "run", list[int]()
    run_cases(engine, SOME, folder)
    lines = (folder / "results.jsonl").read_bytes().split(b"\n")
    (folder / "results.jsonl").write_bytes(b"\n".join(lines[:2]) + b"\n" + lines[2][:50])
    again = run_cases(
        engine, SOME, folder, resume=True, progress=lambda now: asked.append(now.done)
    )
    assert asked == [1, 2], "two were known, one of them was torn"
    assert [r.case.id for r in again.results] == [case.id for case in SOME]
    whole = (folder / "results.jsonl").read_text("utf-8").splitlines()
    assert sorted(json.loads(line)["id"] for line in whole) == sorted(c.id for c in SOME)


def test_workers_give_the_same_answers_in_the_same_order(engine: Engine, run: Path) -> None:
    several = evaluate(engine, SOME, workers=3)
    assert [r.answer.text for r in several.results] == [
        r.answer.text for r in read_run(run).results
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cases": SOME[:2], "resume": True}, "was begun with other cases"),
        ({"resume": False}, "add --resume"),
    ],
)
def test_a_run_is_not_mixed_with_another(
    engine: Engine, run: Path, change: dict[str, Any], reason: str
) -> None:
    cases = change.pop("cases", SOME)
    with pytest.raises(qa.InputError, match=reason):
        run_cases(engine, cases, run, **change)


def test_a_run_does_not_go_on_under_other_conditions(demo_home: Path, run: Path) -> None:
    settings = Settings(home=demo_home, api_key="", base_url="", passages=3)
    with (
        Engine.open(settings=settings) as other,
        pytest.raises(qa.InputError, match="was begun with another settings"),
    ):
        run_cases(other, SOME, run, resume=True)


def test_a_folder_with_something_else_in_it_is_left_alone(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(qa.InputError, match="is not empty and holds no run"):
        run_cases(engine, SOME, tmp_path)
    with pytest.raises(qa.InputError, match="holds no run: make one"):
        read_run(tmp_path)


def test_a_killed_run_goes_on_and_loses_nothing(demo_home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    cases = REPOSITORY / "tests" / "fixtures" / "questions.jsonl"
    words = ["eval", cases, "--limit", "12", "--home", demo_home, "--save", folder, "--json"]
    command = [sys.executable, "-m", "qa.cli", *map(str, words)]
    results, kept = folder / "results.jsonl", b""
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as process:
        while kept.count(b"\n") < 3 and process.poll() is None:
            time.sleep(0.002)
            kept = results.read_bytes() if results.exists() else b""
        os.kill(process.pid, signal.SIGKILL)
    before = results.read_bytes()
    assert before.startswith(kept)
    assert before.count(b"\n") < 12, "it was killed too late to show anything"
    done = subprocess.run([*command, "--resume"], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    whole = before[: before.rfind(b"\n") + 1]
    assert results.read_bytes().startswith(whole)
    names = [json.loads(line)["id"] for line in results.read_text("utf-8").splitlines()]
    assert names == [case.id for case in FIXTURES[:12]]
    assert json.loads(done.stdout)["cases"] == 12


def test_a_killed_run_of_a_public_set_goes_on_in_its_own_home(tmp_path: Path) -> None:
    places = ["Tapachula", "Oaxaca", "Huixtla", "Arriaga"]
    text = " ".join(
        f"Shelter {n} of the town of {p} has {n + 20} beds." for n, p in enumerate(places)
    )
    qas = [
        {"id": f"{p}-{n}", "question": f"How many beds has the shelter of {p}?", "answers": []}
        for p in places
        for n in range(4)
    ]
    path, folder = tmp_path / "squad.json", tmp_path / "run"
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": text, "qas": qas}]}]}))
    words = ["eval", path, "--format", "squad", "--save", folder, "--json"]
    command = [sys.executable, "-m", "qa.cli", *map(str, words)]
    results = folder / "results.jsonl"
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as process:
        while not (results.exists() and results.stat().st_size) and process.poll() is None:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
    kept = results.read_bytes()
    assert 0 < kept.count(b"\n") < len(qas), "it was killed too early or too late"
    done = subprocess.run([*command, "--resume"], cwd=REPOSITORY, capture_output=True, text=True)
    assert json.loads(done.stdout)["cases"] == len(qas), done.stderr
    assert results.read_bytes().startswith(kept[: kept.rfind(b"\n") + 1])
    names = [json.loads(line)["id"] for line in results.read_text("utf-8").splitlines()]
    assert names == [entry["id"] for entry in qas]


# --- comparisons and gates ------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(run: Path) -> Run:
    """Forty right answers, made of one."""
    (one,) = (r for r in read_run(run).results if r.case.id == "single-02")
    return Run(tuple(replace(one, case=replace(one.case, id=f"c{n}")) for n in range(40)))


def test_a_significant_fall_is_a_regression_and_a_small_one_is_not(many: Run) -> None:
    slight = compare(changed(many.results, "c1"), many)
    assert [(is_.case.id) for _, is_ in slight.broken] == ["c1"]
    assert slight.regressions == []
    worse = compare(changed(many.results, *(f"c{n}" for n in range(8))), many)
    names = {difference.metric.name for difference in worse.regressions}
    assert {"right", "answer_inclusion", "false_refusals"} <= names
    assert "latency_p50" not in names
    better = compare(many, changed(many.results, *(f"c{n}" for n in range(8))))
    assert better.regressions == []
    assert len(better.mended) == 8


def test_runs_are_compared_over_the_cases_that_they_share(many: Run) -> None:
    shorter = Run(many.results[:10])
    comparison = compare(shorter, many)
    assert comparison.pairs == 10
    assert comparison.unmatched == tuple(f"c{n}" for n in range(10, 40))
    with pytest.raises(qa.InputError, match="share no case"):
        compare(Run(many.results[:2]), Run(many.results[2:]))


def test_the_older_run_is_scored_by_the_newer_expectations(many: Run) -> None:
    harder = replace(many.results[0].case, must_include=(("zebra",),))
    now = Run((replace(many.results[0], case=harder),))
    assert compare(now, many).broken == ()


def test_gates_hold_or_say_what_the_figure_is(many: Run) -> None:
    half = changed(many.results, *(f"c{n}" for n in range(20)))
    passed, failed, tagged, empty = gates(
        "right>=0.5, answer_inclusion>=51%,false_refusals:single-fact<=0.4,followup_success>=0"
    )
    assert passed.failure(half) is None
    assert failed.failure(half) == "answer_inclusion>=0.51: it is 0.5000"
    assert tagged.failure(half) == "false_refusals:single-fact<=0.4: it is 0.5000"
    assert empty.failure(half) == "followup_success>=0: no case measures it"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("right", "is not a gate: write metric>=value"),
        ("right>0.5", "is not a gate"),
        ("write>=0.5", "no metric 'write': choose from right,"),
        ("right>=0.5,", "'' is not a gate"),
    ],
)
def test_what_is_no_gate_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(qa.InputError, match=reason):
        gates(text)


# --- failures -------------------------------------------------------------------------------


class Moody:
    """A model that fails on the questions that hold a word."""

    name = "moody"

    def __init__(self, word: str) -> None:
        self.word = word

    def reply(self, system: str, user: str) -> Any:
        if self.word in user:
            raise qa.ModelError("the service is busy: try again")
        from qa.models import Reply

        return Reply(iter(("The caravan started in Tapachula.",)))


def test_a_case_that_fails_is_named_and_asked_again(demo_home: Path, tmp_path: Path) -> None:
    settings = Settings(home=demo_home, api_key="", base_url="")
    cases = [
        Case("Where did the Christmas Eve caravan start?", "a", answers=("Tapachula",)),
        Case("How many people are in the caravan?", "b", answers=("6,000",)),
    ]
    with Engine.open(settings=settings, model=Moody("How many people are")) as moody:
        run = run_cases(moody, cases, tmp_path / "run")
    assert [name for name, _ in run.failed] == ["b"]
    assert [r.case.id for r in run.results] == ["a"]
    with Engine.open(settings=settings, model=Moody("zebra")) as well:
        again = run_cases(well, cases, tmp_path / "run", resume=True)
    assert again.failed == ()
    assert len(again.results) == 2


def test_filters_reach_the_search_and_those_that_allow_nothing_are_named(engine: Engine) -> None:
    question, source = "When did Title 42 end?", "title-42.md"
    narrow = Case(question, "narrow", answers=("2023",), filters=Filters(sources=(source,)))
    nothing = replace(narrow, id="nothing", filters=Filters(sources=("zebra.txt",)))
    run = evaluate(engine, [nothing, narrow])
    assert [name for name, _ in run.failed] == ["nothing"]
    (result,) = run.results
    assert {hit.passage.source.rsplit("/", 1)[-1] for hit in result.hits} == {source}
    line = result.to_json()
    assert read_result(line, narrow).to_json() == line


def test_a_model_that_always_fails_ends_the_run(demo_home: Path) -> None:
    settings = Settings(home=demo_home, api_key="", base_url="")
    with (
        Engine.open(settings=settings, model=Moody("caravan")) as moody,
        pytest.raises(qa.ModelError, match="busy"),
    ):
        evaluate(moody, [replace(SOME[0], id=f"c{n}") for n in range(9)])
