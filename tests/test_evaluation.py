"""Evaluating a fixture test set: the cases, the measures, and the project's own gate."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import qa
from qa.engine import Engine
from qa.evaluation import (
    Case,
    Claim,
    Gold,
    Result,
    Run,
    check_gold,
    evaluate,
    load_cases,
    read_cases,
    to_html,
    to_text,
)
from qa.evaluation.report import why
from qa.evaluation.scores import BY_NAME
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
    assert check_gold(read_cases(FIXTURES), engine.documents()).problems == ()


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


def hit(source: str, text: str, identity: str = "") -> qa.Hit:
    identity = identity or source
    return qa.Hit(qa.Passage(identity, identity, "t", None, source, text, 0, len(text), 1), 1.0)


def result(said: str, case: Case, **changes: object) -> Result:
    """A result that says this, verbatim from one passage of a.txt."""
    passage = qa.Passage("p", "d", "t", None, "x/a.txt", said, 0, len(said), 1)
    hit = qa.Hit(passage, 1.0, 0.5)
    citation = qa.Citation(1, "d", "t", None, "x/a.txt", 0, len(said), said)
    statement = qa.Statement(said, (citation,), "supported")
    evidence = (qa.Evidence(1, hit),)
    answer = qa.Answer("q", "q", said, (statement,), evidence, False, "m", {"prompt_tokens": 3})
    fields: dict[str, object] = {"case": case, "answer": answer, "hits": (hit,), "seconds": 0.1}
    return Result(**{**fields, **changes})  # type: ignore[arg-type]


def refused(case: Case) -> Result:
    answer = qa.Answer("q", "q", "The documents do not say.", (), (), True, "m")
    return Result(case, answer, (), 0.1)


def test_inclusion_wants_one_of_each_group_and_none_of_the_unwanted() -> None:
    assert result("SIX thousand crossed the Darien", case()).right
    assert result("6,000 crossed", case()).lacking == (("Darién",),)
    assert result("6,000, not 7,000, crossed the Darién", case()).unwanted == ("7,000",)
    assert not refused(case()).right
    assert refused(case(answerable=False, must_include=(), gold=())).right


def test_a_reference_answer_must_be_held_where_no_group_is_given() -> None:
    wanted = case(must_include=(), must_not_include=(), answers=("Rollo", "William"))
    assert result("It was William.", wanted).right
    assert result("It was Harald.", wanted).lacking == (("Rollo", "William"),)


def test_where_only_gold_is_named_a_right_answer_cites_it() -> None:
    wanted = case(must_include=(), must_not_include=())
    assert result("gold quote", wanted).right
    stray = result("elsewhere in it", wanted)
    assert not stray.right
    assert why(stray) == ("search", "no gold passage is among the first 1 hits")
    near = replace(stray, hits=(hit("x/a.txt", "a gold quote here"),), answer=stray.answer)
    assert why(near)[0] == "selection"
    assert result("elsewhere in it", case(must_include=(), gold=(Gold("a.txt"),))).right
    assert not result("elsewhere in it", case(must_include=(), gold=(Gold("b.txt"),))).right
    assert BY_NAME["answer_inclusion"].score(stray) is None, "nothing says what it must hold"


def test_a_long_reference_is_compared_and_need_not_be_held() -> None:
    wanted = case(must_include=(), must_not_include=(), references=("The gold quote of it.",))
    said = result("gold quote", wanted)
    assert said.right
    assert BY_NAME["answer_f1"].score(said) == pytest.approx(2 * 2 / (2 + 4))
    assert BY_NAME["answer_inclusion"].score(said) is None


def test_the_first_passage_that_holds_a_quotation_is_relevant() -> None:
    hits = [hit("x/c.txt", "gold quote"), hit("x/a.txt", "a gold quote here")]
    ranked = replace(result("s", case()), hits=tuple(hits))
    assert BY_NAME["retrieval_mrr@10"].score(ranked) == 0.5
    assert BY_NAME["retrieval_recall@1"].score(ranked) == 0
    assert BY_NAME["retrieval_recall@3"].score(ranked) == 1, "any gold will do"
    across = replace(ranked, case=case(tags=("across-documents",)))
    assert BY_NAME["retrieval_recall@3"].score(across) == 0.5
    assert BY_NAME["retrieval_mrr@10"].score(replace(ranked, hits=tuple(hits[:1]))) == 0
    assert BY_NAME["retrieval_mrr@10"].score(replace(ranked, case=case(gold=()))) is None


def test_without_quotations_documents_are_ranked_and_graded() -> None:
    gold = (Gold("a.txt", relevance=1), Gold("b.txt", relevance=2))
    hits = tuple(hit(f"x/{name}.txt", "text", name) for name in "ccab")
    graded = replace(result("s", case(gold=gold)), hits=hits)
    # c, a, b: DCG = 1 / log2(3) + 2 / log2(4); ideal = 2 + 1 / log2(3)
    assert BY_NAME["retrieval_ndcg@10"].score(graded) == pytest.approx(1.6309 / 2.6309, abs=1e-4)
    assert BY_NAME["retrieval_recall@3"].score(graded) == 1
    assert BY_NAME["retrieval_recall@1"].score(graded) == 0


def test_citations_are_measured_at_the_document_the_passage_and_the_sentence() -> None:
    def of(said: str, metric: str) -> float | bool | None:
        return BY_NAME[metric].score(result(said, case()))

    assert of("gold quote", "citation_precision_sentence") == 1
    assert of("elsewhere in it", "citation_precision_document") == 1
    assert of("elsewhere in it", "citation_precision_passage") == 0
    assert of("elsewhere in it", "citation_recall_passage") == 0
    assert BY_NAME["citation_recall_passage"].score(refused(case())) is None


def test_claims_measure_whether_the_checks_are_right() -> None:
    claims = (Claim("He left.", True), Claim("He stayed.", False), Claim("He ran.", False))
    checked = replace(
        result("s", case(claims=claims)), claims=("supported", "supported", "withheld")
    )
    assert BY_NAME["verdict_accuracy"].score(checked) == pytest.approx(2 / 3)


def test_the_checks_are_asked_about_claims_without_a_model(engine: Engine) -> None:
    claims = (
        Claim("López Obrador insisted on the easing of sanctions on Cuba and Venezuela.", True),
        Claim("López Obrador insisted on the easing of sanctions on Cuba and Russia.", False),
        Claim("He asked for 900 tanks.", False),
    )
    question = "what did López Obrador ask for in return?"
    asked = Case(question, "a", claims=claims)
    (checked,) = evaluate(engine, [asked]).results
    assert checked.claims[0] == "supported"
    assert "supported" not in checked.claims[1:]
    assert checked.answer.model == "none (quotes)", "the claims are not the answer"


def disagreeing(*sides: str, tags: tuple[str, ...] = ("disagreement",)) -> Result:
    """An answer that shows a conflict between sentences, each "document: quotation"."""
    said = result("gold quote", case(tags=tags))
    places = [side.split(": ") for side in sides]
    one, other = (qa.Citation(1, d, "t", None, f"x/{d}", 0, 1, quote) for d, quote in places)
    conflict = qa.Conflict("people", (one, other), ("6,000", "7,000"))
    return replace(said, answer=replace(said.answer, conflicts=(conflict,)))


def test_a_conflict_counts_between_gold_sentences_of_two_documents() -> None:
    recall, false = BY_NAME["conflict_recall"].score, BY_NAME["false_conflicts"].score
    found = disagreeing("a.txt: gold quote", "b.txt: other")
    assert (recall(found), false(found)) == (1, 0)
    for astray in (("a.txt: gold quote", "b.txt: zebra"), ("a.txt: gold quote", "a.txt: gold")):
        strange = disagreeing(*astray)
        assert (recall(strange), false(strange)) == (0, 1)
    nobody_knows = disagreeing("a.txt: gold quote", "b.txt: other", tags=("single-fact",))
    assert (recall(nobody_knows), false(nobody_knows)) == (None, 1)
    silent = result("gold quote", case(tags=("disagreement",)))
    assert (recall(silent), false(silent)) == (0, 0)
    settled = replace(silent, case=case(tags=("disagreement",), must_include=(("6,000",),)))
    assert recall(settled) is None, "one of the sources is known to be right"
    refusal = refused(case(tags=("disagreement",)))
    assert (recall(refusal), false(refusal)) == (0, None)


def test_tokens_and_their_price_are_means_over_the_answers_that_have_them() -> None:
    priced = result("s", case())
    answer = replace(priced.answer, cost=qa.Cost(0.0004, "USD"))
    run = Run((replace(priced, answer=answer), priced, refused(case())))
    assert (run.summary()["tokens"], run.summary()["cost"]) == (3, 0.0004)
    assert run.to_json()["metrics"]["cost"] == 0.0004
    assert "cost of an answer" in to_html(run)
    assert BY_NAME["cost"].better == 0


def test_a_wrong_answer_says_at_which_stage_it_went_wrong() -> None:
    assert why(result("6,000 crossed; a gold quote", case()))[0] == "words"
    assert why(result("6,000 crossed", case()))[0] == "search"
    assert why(refused(case(gold=()))) == ("refusal", "it was refused")
    unanswerable = case(answerable=False, must_include=(), gold=())
    assert "do not hold the answer" in why(result("s", unanswerable))[1]
