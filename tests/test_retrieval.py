from dataclasses import replace
from datetime import date

import pytest

from qa import tokens
from qa.retrieval import Ranking, dated, distinct, fuse, hits, interleave, renumbered, select
from qa.types import Evidence, Hit, Passage


def passage(name: str, text: str = "") -> Passage:
    text = text or name
    return Passage(name, "d", "Title", None, "here", text, 0, len(text))


def sized(count: int) -> str:
    """A sentence of so many tokens."""
    return "ferry" + " ferry" * (count - 3) + "."


PASSAGES = {name: passage(name) for name in "abcd"}


def fused(dense: Ranking, lexical: Ranking, weight: float) -> list[Hit]:
    return hits(fuse(dense, lexical, weight), PASSAGES)


def ids(hits: list[Hit]) -> str:
    return "".join(hit.passage.id for hit in hits)


def test_scores_are_scaled_and_weighed_before_they_are_added() -> None:
    hits = fused([("a", 0.9), ("b", 0.5), ("c", 0.1)], [("b", 12.0), ("d", 2.0)], 0.5)
    assert [(h.passage.id, h.score) for h in hits] == [
        ("b", pytest.approx(0.75)),
        ("a", pytest.approx(0.5)),
        ("c", 0.0),
        ("d", 0.0),
    ]
    assert (hits[0].dense, hits[0].lexical) == (0.5, 12.0)
    assert (hits[1].dense, hits[1].lexical) == (0.9, None)


def test_a_weight_of_one_or_nothing_follows_one_ranking() -> None:
    dense, lexical = [("a", 0.9), ("b", 0.1)], [("b", 9.0), ("a", 1.0)]
    assert ids(fused(dense, lexical, 1.0)) == "ab"
    assert ids(fused(dense, lexical, 0.0)) == "ba"


def test_equal_scores_are_all_full_and_ties_have_one_order() -> None:
    hits = fused([("b", 0.3), ("a", 0.3)], [], 0.5)
    assert [(h.passage.id, h.score) for h in hits] == [("a", 0.5), ("b", 0.5)]


def test_passages_that_have_gone_are_left_out() -> None:
    assert ids(fused([("gone", 0.9), ("a", 0.5)], [("gone", 3.0)], 0.5)) == "a"
    assert fused([], [], 0.5) == []


def test_evidence_fits_into_the_budget_and_is_numbered_from_one() -> None:
    sizes = {"a": 60, "b": 60, "c": 30, "d": 10}
    hits = [Hit(passage(name, sized(size)), 1.0) for name, size in sizes.items()]
    assert [hit.passage.tokens for hit in hits] == list(sizes.values())
    chosen = select(hits, most=3, budget=100)
    assert [(e.number, e.hit.passage.id) for e in chosen] == [(1, "a"), (2, "c"), (3, "d")]
    assert [e.hit.passage.id for e in select(hits, most=1, budget=1)] == ["a"]
    assert select([], most=3, budget=100) == []


def test_evidence_that_no_model_reads_has_no_budget() -> None:
    hits = [Hit(passage(name, sized(5_000)), 1.0) for name in "abcd"]
    chosen = select(hits, most=3, budget=None)
    assert [(e.number, e.hit) for e in chosen] == list(enumerate(hits[:3], start=1))


def test_interleaved_rankings_take_turns_and_repeat_nothing() -> None:
    first, second = ([Hit(PASSAGES[i], 1.0) for i in names] for names in ("abc", "bd"))
    assert ids(interleave([first, second])) == "abdc"


def test_cited_evidence_comes_first_under_its_new_numbers() -> None:
    evidence = [Evidence(n, Hit(PASSAGES[i], 1.0)) for n, i in enumerate("abcd", start=1)]
    again = renumbered(evidence, {3: 1, 1: 2})
    assert [(e.number, e.hit.passage.id) for e in again] == [(1, "c"), (2, "a"), (3, "b"), (4, "d")]


REPORT = (
    "The harbour council of Lindby voted on Tuesday to sell its last ferry for 40 crowns, said Ek."
)


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        (REPORT, False),
        (REPORT.upper().replace(",", " –"), False),  # as a paper with another style prints it
        (f"{REPORT[:-10]}, reporters were told.", False),
        (REPORT.replace("40", "60"), True),  # disagrees
        ("The council of Lindby sold a ferry.", True),
        ("Sold.", True),
    ],
)
def test_the_same_report_is_evidence_once(other: str, kept: bool) -> None:
    hits = [Hit(replace(passage(text), text=text), 1.0) for text in (REPORT, other)]
    assert distinct(hits) == (hits if kept else hits[:1])


def test_a_passage_that_does_not_fit_is_cut_after_a_sentence() -> None:
    text = "The ferry left at noon. It carried nine people. Nobody was hurt."
    words = Passage("p", "d", "Title", None, "here", text, 100, 164)
    for budget, held in [(99, text), (12, text[:47]), (6, text[:23]), (1, text[:23])]:
        ((entry,)) = select([Hit(words, 1.0)], most=1, budget=budget)
        part = entry.hit.passage
        assert (part.text, part.start, part.end) == (held, 100, 100 + len(held))
        assert part.tokens == tokens.count(held)
    other = Hit(passage("a", sized(30)), 1.0)
    # Half of it is worth having, less is not.
    assert len(select([other, Hit(words, 1.0)], most=2, budget=42)) == 2
    assert len(select([other, Hit(words, 1.0)], most=2, budget=36)) == 1


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("What happened on January 12, 2021?", "day"),
        ("What happened in January 2021?", "day"),
        ("What was published in March 2023?", "published"),
        ("What happened last week?", "other"),
        ("What happened?", "other"),
    ],
)
def test_dates_in_a_question_rank_and_leave_nothing_out(question: str, first: str) -> None:
    days = {"published": date(2023, 3, 5)}
    texts = {
        "other": "It happened on 13 February 2021.",
        "day": "On 12 January 2021 it happened.",
        "published": "It happened.",
    }
    hits = [
        Hit(replace(passage(name), text=text, published=days.get(name)), 0.5 - n / 100)
        for n, (name, text) in enumerate(texts.items())
    ]
    found = dated(hits, question)
    assert found[0].passage.id == first
    assert {hit.passage.id for hit in found} == set(texts)
    assert found == sorted(found, key=lambda hit: -hit.score)
