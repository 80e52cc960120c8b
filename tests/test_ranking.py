"""Measures of rankings, against figures worked out by hand (and equal to trec_eval's)."""

import json
from math import log2
from pathlib import Path

import pytest

from qa.evaluation import ranking

FOUND = ["a", "b", "c", "d", "e"]


def test_the_reciprocal_rank_is_that_of_the_first_gold_id_within_k() -> None:
    assert ranking.reciprocal_rank(FOUND, {"c": 1, "e": 2}, 10) == 1 / 3
    assert ranking.reciprocal_rank(FOUND, {"c": 1}, 2) == 0.0
    assert ranking.reciprocal_rank([], {"c": 1}, 10) == 0.0


def test_a_hit_is_any_gold_id_within_k() -> None:
    assert ranking.hit(FOUND, {"c": 1, "x": 1}, 3) == 1.0
    assert ranking.hit(FOUND, {"c": 1, "x": 1}, 2) == 0.0


def test_recall_counts_the_gold_ids_within_k() -> None:
    assert ranking.recall(FOUND, {"a": 1, "e": 3, "x": 1, "y": 1}, 10) == 0.5
    assert ranking.recall(FOUND, {"a": 1, "e": 3, "x": 1, "y": 1}, 4) == 0.25
    assert ranking.recall(FOUND, {}, 10) == 0.0


def test_ndcg_discounts_grades_by_rank_and_divides_by_the_ideal() -> None:
    # b (grade 1) stands at rank 2 and d (grade 3) at rank 4; at best d is first, b second.
    gained = 1 / log2(3) + 3 / log2(5)
    assert ranking.ndcg(FOUND, {"b": 1, "d": 3}, 10) == pytest.approx(gained / (3 + 1 / log2(3)))
    assert ranking.ndcg(FOUND, {"a": 2}, 10) == 1.0
    # The ideal is cut at k as well: with three gold ids, one in first place of one is perfect.
    assert ranking.ndcg(FOUND, {"a": 1, "b": 1, "x": 1}, 1) == 1.0
    assert ranking.ndcg(FOUND, {"x": 1}, 10) == 0.0


def test_measures_have_the_values_of_trec_eval() -> None:
    path = Path(__file__).parent / "fixtures" / "reference_scores.json"
    for row in json.loads(path.read_text("utf-8"))["trec"]:
        ranked, grades = row["ranked"], row["grades"]
        ours = {
            "ndcg_cut_10": ranking.ndcg(ranked, grades, 10),
            "recip_rank": ranking.reciprocal_rank(ranked, grades, 10),
            "recall_5": ranking.recall(ranked, grades, 5),
            "recall_10": ranking.recall(ranked, grades, 10),
            "success_1": ranking.hit(ranked, grades, 1),
            "success_5": ranking.hit(ranked, grades, 5),
        }
        assert ours == pytest.approx({name: row[name] for name in ours}), row
