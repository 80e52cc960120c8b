"""The metrics against hand-computed values and against what they say they follow."""

import json
import random
import re
import string
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from qa.evaluation import metrics

REFERENCE = json.loads(
    (Path(__file__).parent / "fixtures/reference_scores.json").read_text("utf-8")
)


def test_a_mean_leaves_out_what_does_not_apply() -> None:
    assert metrics.mean([1.0, None, False]) == 0.5
    assert metrics.mean([None]) is None


def test_a_quantile_is_one_of_the_values() -> None:
    assert metrics.quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert metrics.quantile([3.0, 1.0, 2.0], 0.95) == 3.0
    assert metrics.quantile([], 0.5) is None


# --- SQuAD ----------------------------------------------------------------------------------


class SquadScript:
    """The steps of SQuAD's evaluate-v2.0.py, in its order."""

    @staticmethod
    def normalize(text: str) -> str:
        lowered = text.lower()
        without = "".join(ch for ch in lowered if ch not in set(string.punctuation))
        no_articles = re.compile(r"\b(a|an|the)\b", re.UNICODE).sub(" ", without)
        return " ".join(no_articles.split())

    def exact(self, gold: str, said: str) -> int:
        return int(self.normalize(gold) == self.normalize(said))

    def f1(self, gold: str, said: str) -> float:
        wanted = self.normalize(gold).split() if gold else []
        given = self.normalize(said).split() if said else []
        same = sum((Counter(wanted) & Counter(given)).values())
        if len(wanted) == 0 or len(given) == 0:
            return int(wanted == given)
        if same == 0:
            return 0
        precision, recall = same / len(given), same / len(wanted)
        return (2 * precision * recall) / (precision + recall)

    def of(self, said: str, answers: Sequence[str]) -> tuple[float, float]:
        golds = [answer for answer in answers if self.normalize(answer)] or [""]
        return max(self.exact(g, said) for g in golds), max(self.f1(g, said) for g in golds)


WORDS = [
    "The",
    "a",
    "an",
    "Norman",
    "normans,",
    "10th",
    "century.",
    "–",
    "U.S.",
    "Éire",
    "the-end",
    "",
]


def test_token_f1_and_exact_match_are_those_of_squads_script() -> None:
    drawn, script = random.Random(0), SquadScript()

    def text() -> str:
        return " ".join(drawn.choices(WORDS, k=drawn.randrange(7)))

    for _ in range(2_000):
        said, answers = text(), [text() for _ in range(drawn.randrange(1, 4))]
        exact, f1 = script.of(said, answers)
        assert metrics.exact_match(said, answers) == exact, (said, answers)
        assert metrics.token_f1(said, answers) == pytest.approx(f1), (said, answers)


def test_token_f1_has_the_values_computed_by_hand() -> None:
    assert metrics.token_f1("in the 10th century", ["the 10th century"]) == pytest.approx(0.8)
    assert metrics.token_f1("Rollo", ["William", "rollo!"]) == 1
    assert metrics.token_f1("", ["Rollo"]) == 0
    assert metrics.token_f1("Rollo", []) is None


def test_token_f1_and_exact_match_have_the_values_of_squads_own_script() -> None:
    """Values that evaluate-v2.0.py gave; without answers it takes "" for the only one."""
    for row in REFERENCE["squad"]:
        answers = row["answers"] or [""]
        assert metrics.exact_match(row["said"], answers) == row["exact"], row
        assert metrics.token_f1(row["said"], answers) == pytest.approx(row["f1"]), row


# --- citations ------------------------------------------------------------------------------


def alce(supports: Sequence[Sequence[bool]]) -> tuple[float, float]:
    """ALCE's algorithm, with "one of these citations is at gold" in place of entailment."""
    entailed = precise = cited = 0
    for citations in supports:
        cited += len(citations)
        if not any(citations):
            continue
        entailed += 1
        for n, alone in enumerate(citations):
            rest = [good for m, good in enumerate(citations) if m != n]
            # A citation is irrelevant when it does not support alone and is not needed.
            precise += alone or not any(rest)
    return entailed / len(supports), precise / cited if cited else 0


def test_citation_precision_and_recall_are_alces() -> None:
    drawn = random.Random(1)
    for _ in range(500):
        supports = [
            [drawn.random() < 0.6 for _ in range(drawn.randrange(4))]
            for _ in range(drawn.randrange(1, 5))
        ]
        recall, precision = alce(supports)
        assert metrics.citation_recall(supports) == pytest.approx(recall)
        assert metrics.citation_precision(supports) == pytest.approx(precision)
    assert metrics.citation_precision([]) is None
    assert metrics.citation_recall([]) is None


# --- refusals -------------------------------------------------------------------------------


def test_the_risk_coverage_curve_goes_from_the_surest_answer_to_all_that_are_given() -> None:
    points = metrics.risk_coverage([0.9, None, 0.5, 0.7], [False, True, True, False])
    assert points == [(0.25, 0), (0.5, 0), (0.75, pytest.approx(1 / 3))]
    assert metrics.area_under(points) == pytest.approx(1 / 9)


def test_equal_confidences_come_together_and_refusals_alone_give_no_curve() -> None:
    assert metrics.risk_coverage([0.5, 0.5], [True, False]) == [(1.0, 0.5)]
    assert metrics.risk_coverage([None], [False]) == []
    assert metrics.area_under([]) is None


# --- intervals ------------------------------------------------------------------------------


def test_a_bootstrap_interval_is_about_two_standard_errors_wide() -> None:
    values = [True] * 60 + [False] * 40
    low, high = metrics.bootstrap(values) or (0, 0)
    error = (0.6 * 0.4 / 100) ** 0.5
    assert low == pytest.approx(0.6 - 1.96 * error, abs=0.02)
    assert high == pytest.approx(0.6 + 1.96 * error, abs=0.02)
    assert metrics.bootstrap(values) == (low, high), "the seed is fixed"


def test_an_interval_holds_the_mean_and_narrows_with_more_cases() -> None:
    low, high = metrics.bootstrap([0.0, 1.0] * 50) or (0, 0)
    assert low < 0.5 < high
    # The normal approximation: 1.96 * sqrt(.25 / 100) = .098 on each side.
    assert high - low == pytest.approx(2 * 0.098, abs=0.03)
    narrow = metrics.bootstrap([0.0, 1.0] * 5_00) or (0, 1)
    assert narrow[1] - narrow[0] < (high - low) / 2


def test_an_interval_of_equal_values_is_the_exact_binomial_one() -> None:
    assert metrics.bootstrap([True] * 7) == (pytest.approx(0.5904, abs=1e-4), 1)
    assert metrics.bootstrap([False] * 45) == (0, pytest.approx(0.0787, abs=1e-4))


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    drawn, covered = random.Random(2), 0
    for _ in range(200):
        low, high = metrics.bootstrap([drawn.random() < 0.7 for _ in range(80)]) or (0, 0)
        covered += low <= 0.7 <= high
    assert 180 <= covered <= 200


def test_pairs_tell_a_difference_that_separate_intervals_hide() -> None:
    before = [n % 2 == 0 for n in range(100)]
    now = [value or n in (1, 3, 5, 7, 9, 11) for n, value in enumerate(before)]
    low, high = metrics.paired_bootstrap(now, before) or (0, 0)
    assert 0 < low < 0.06 < high
    (low, _), (_, high) = (metrics.bootstrap(side) or (0, 0) for side in (now, before))
    assert low < high
    assert metrics.paired_bootstrap(now, now) == (0, 0)


def test_values_that_do_not_apply_take_no_part() -> None:
    assert metrics.bootstrap([None, 1.0, None, 1.0]) == metrics.bootstrap([1.0, 1.0])
    assert metrics.bootstrap([None, None]) is None
    assert metrics.bootstrap([]) is None
    assert metrics.paired_bootstrap([None, 1.0], [1.0, None]) is not None
    assert metrics.paired_bootstrap([None], [1.0]) is None
    with pytest.raises(ValueError, match="not pairs"):
        metrics.paired_bootstrap([1.0], [1.0, 0.0])


def test_a_quantiles_interval_lies_among_the_values() -> None:
    values = [float(n) for n in range(101)]
    low, high = metrics.bootstrap_quantile(values, 0.5) or (0, 0)
    assert 30 <= low < 50 < high <= 70
    assert metrics.bootstrap_quantile([], 0.5) is None
