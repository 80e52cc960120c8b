"""Evaluating a fixture test set: the cases, the measures, and the project's own gate."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import qa
from qa.engine import Engine
from qa.evaluation import Case, Gold, Run, evaluate, load_cases, metrics, to_text
from qa.settings import Settings

FIXTURES = Path(__file__).parent / "fixtures" / "questions.jsonl"


@pytest.fixture(scope="module")
def engine(demo_home: Path) -> Iterator[Engine]:
    with Engine.open(settings=Settings(home=demo_home, api_key="", base_url="")) as engine:
        yield engine


@pytest.fixture(scope="module")
def run(engine: Engine) -> Run:
    return evaluate(engine, load_cases(FIXTURES))


def test_every_gold_quotation_stands_in_its_document(engine: Engine) -> None:
    texts = {d.source.rsplit("/", 1)[-1]: d.text for d in engine.documents()}
    for case in load_cases(FIXTURES):
        for gold in case.gold:
            assert gold.quote in texts[gold.document], case.id


def test_the_fixture_set_covers_every_kind_of_question() -> None:
    tags = [tag for case in load_cases(FIXTURES) for tag in case.tags]
    kinds = (
        "single-fact two-facts across-documents by-date paraphrase no-accents spanish follow-up "
        "false-premise not-in-documents"
    )
    assert all(tags.count(kind) >= 4 for kind in kinds.split())


@pytest.mark.parametrize(
    ("metric", "least"),
    [
        ("answer_inclusion", 0.85),
        ("citation_precision_document", 0.95),
        ("refusal_recall", 0.90),
        ("retrieval_recall@5", 0.95),
        ("retrieval_mrr@10", 0.88),
    ],
)
def test_the_fixture_set_reaches_what_is_promised(run: Run, metric: str, least: float) -> None:
    value = run.summary()[metric]
    assert value is not None
    assert value >= least


def test_few_answerable_questions_are_refused(run: Run) -> None:
    assert (run.summary()["false_refusals"] or 0) <= 0.05


def test_everything_that_is_quoted_is_supported(run: Run) -> None:
    assert run.summary()["supported"] == 1.0


def test_the_report_names_each_failed_case(run: Run) -> None:
    text = to_text(run)
    wrong = [r.case.id for r in run.results if not r.right]
    assert wrong
    assert all(f"{name}: " in text for name in wrong)
    assert json.loads(json.dumps(run.to_json()))["cases"] == len(run.results)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2"),
        ('{"question": "x", "answer": "y"}', "unknown field 'answer'"),
        ('{"question": 3}', "'question' must be of type str"),
        ('{"must_include": [["x"]]}', "no field 'question'"),
        ('{"question": " ", "must_include": [["x"]]}', "the question is empty"),
        ('{"question": "x"}', 'needs "must_include" or "gold"'),
        ('{"id": "a", "question": "x", "answerable": false}', "'a' is used in line 1"),
        ("[]", "not a case"),
    ],
)
def test_a_broken_case_is_named_by_its_line(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(f'{{"id": "a", "question": "x", "answerable": false}}\n{line}\n', "utf-8")
    with pytest.raises(qa.InputError, match="line 2") as raised:
        load_cases(path)
    assert reason in str(raised.value)


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_cases_says_so(tmp_path: Path, content: str) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(content, "utf-8")
    with pytest.raises(qa.InputError, match="holds no cases"):
        load_cases(path)


def case(**changes: object) -> Case:
    fields: dict[str, object] = {
        "id": "a",
        "question": "q",
        "history": (),
        "must_include": (("6,000", "six thousand"), ("Darién",)),
        "must_not_include": ("7,000",),
        "gold": (Gold("a.txt", "gold quote"), Gold("b.txt", "other")),
        "answerable": True,
        "tags": (),
    }
    return Case(**{**fields, **changes})  # type: ignore[arg-type]


def hit(source: str, text: str) -> qa.Hit:
    return qa.Hit(qa.Passage("p", "d", "t", None, source, text, 0, len(text), 1), 1.0)


def test_inclusion_wants_one_of_each_group_and_none_of_the_unwanted() -> None:
    assert metrics.includes(case(), "SIX thousand crossed the Darien")
    assert not metrics.includes(case(), "6,000 crossed")
    assert not metrics.includes(case(), "6,000, not 7,000, crossed the Darién")


def test_the_reciprocal_rank_is_that_of_the_first_gold_passage() -> None:
    hits = [hit("x/c.txt", "gold quote"), hit("x/a.txt", "a gold quote here")]
    assert metrics.reciprocal_rank(case(), hits) == 0.5
    assert metrics.reciprocal_rank(case(), hits[:1]) == 0.0
    assert metrics.reciprocal_rank(case(gold=()), hits) is None


def test_recall_across_documents_wants_every_document() -> None:
    hits = [hit("x/a.txt", "gold quote")]
    assert metrics.recall(case(), hits) == 1.0
    assert metrics.recall(case(tags=("across-documents",)), hits) == 0.5


def test_a_mean_leaves_out_what_does_not_apply() -> None:
    assert metrics.mean([1.0, None, False]) == 0.5
    assert metrics.mean([None]) is None


def test_a_quantile_is_one_of_the_values() -> None:
    assert metrics.quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert metrics.quantile([3.0, 1.0, 2.0], 0.95) == 3.0
    assert metrics.quantile([], 0.5) is None
