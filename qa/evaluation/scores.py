"""The metrics of a run: what each says of one case, and the table of all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from qa.evaluation import metrics, ranking
from qa.evaluation.cases import ACROSS, DISAGREEMENT, Case, Gold, flatten
from qa.evaluation.metrics import Interval
from qa.evaluation.results import Result, names, quotes
from qa.types import Citation, Conflict, Hit

Score = Callable[[Result], float | bool | None]


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of one case, and how those of many become one figure: by their mean, or where
    `share` is given by the value that this share of them do not exceed.

    `better` is 1 when more is better, -1 when less is, and 0 when it tells nothing of quality, so
    that no difference of it is a regression.
    """

    name: str
    label: str
    formula: str
    source: str
    score: Score
    better: int = 1
    share: float | None = None
    unit: str = "share"

    def pooled(self, values: metrics.Values) -> float | None:
        """One figure of one value a case."""
        if self.share is None:
            return metrics.mean(values)
        return metrics.quantile([float(v) for v in values if v is not None], self.share)

    def interval(self, values: metrics.Values) -> Interval | None:
        """Its bootstrap 95 % interval."""
        if self.share is None:
            return metrics.bootstrap(values)
        return metrics.bootstrap_quantile(values, self.share)


# --- retrieval ------------------------------------------------------------------------------


def judged(case: Case, hits: Sequence[Hit]) -> tuple[list[str], dict[str, int]]:
    """A ranking of ids, and the grade of each that is relevant.

    With quotations passages are ranked, and relevant is the first one that holds a quotation;
    without, documents are. Gold that is not found keeps an id of its own.
    """
    whole = not any(gold.quote for gold in case.gold)
    ids = [hit.passage.document_id if whole else hit.passage.id for hit in hits]
    grades = dict[str, int]()
    for n, gold in enumerate(case.gold):
        places = (i for i, hit in zip(ids, hits, strict=True) if holds(hit, gold))
        place = next(places, f"not found: {n}")
        grades[place] = max(grades.get(place, 0), gold.relevance)
    return list(dict.fromkeys(ids)), grades


def retrieval_recall(result: Result, k: int) -> float | None:
    """Share of the gold documents among the first `k` hits for cases across documents and for gold
    without quotations; elsewhere, where any gold will do, whether some is there."""
    case = result.case
    if not case.gold:
        return None
    ranked, grades = judged(case, result.hits)
    if not any(gold.quote for gold in case.gold):
        return ranking.recall(ranked, grades, k)
    if ACROSS not in case.tags:
        return ranking.hit(ranked, grades, k)
    first = result.hits[:k]
    return _share({g.document for g in case.gold if any(holds(h, g) for h in first)}, case)


def reciprocal_rank(result: Result) -> float | None:
    """1 / rank of the first hit that holds gold."""
    if not result.case.gold:
        return None
    return ranking.reciprocal_rank(*judged(result.case, result.hits), 10)


def retrieval_ndcg(result: Result) -> float | None:
    """nDCG@10 of the hits, binary unless gold is graded."""
    return ranking.ndcg(*judged(result.case, result.hits), 10) if result.case.gold else None


def holds(hit: Hit, gold: Gold) -> bool:
    """Whether a passage holds the beginning of a quotation, or belongs to its document when there
    is no quotation."""
    passage = hit.passage
    return names(passage.source, gold) and flatten(gold.quote)[:60] in flatten(passage.text)


# --- answers and citations ------------------------------------------------------------------


def supports(result: Result, level: str) -> list[list[bool]] | None:
    """For each statement, whether each of its citations is at gold: in a gold "document", in the
    "passage" that holds the quotation, or sharing text with the very "sentence". None unless the
    case is answerable, answered, and names gold."""
    case, answer = result.case, result.answer
    if not case.answerable or answer.abstained or not case.gold:
        return None
    passages = {entry.number: entry.hit for entry in answer.evidence}

    def at(citation: Citation, gold: Gold) -> bool:
        if level == "document":
            return names(citation.source, gold)
        if level == "passage":
            hit = passages.get(citation.number)
            return hit is not None and holds(hit, gold)
        return quotes(citation, gold)

    return [[any(at(c, g) for g in case.gold) for c in s.citations] for s in answer.statements]


def citation_precision(result: Result, level: str) -> float | None:
    """Share of the citations that are at gold."""
    found = supports(result, level)
    return None if found is None else metrics.citation_precision(found)


def citation_recall(result: Result, level: str) -> float | None:
    """Share of the statements with a citation at gold."""
    found = supports(result, level)
    return None if found is None else metrics.citation_recall(found)


def gold_cited(result: Result) -> float | None:
    """Share of the gold documents quoted at the gold sentence for cases across documents;
    elsewhere whether any is."""
    case, answer = result.case, result.answer
    if supports(result, "sentence") is None:
        return None
    found = {g.document for g in case.gold if any(quotes(c, g) for c in answer.citations)}
    return _share(found, case) if ACROSS in case.tags else float(bool(found))


def answer_f1(result: Result) -> float | None:
    """Token F1 with the reference answers; a refusal says nothing."""
    said = "" if result.answer.abstained else result.answer.text
    return metrics.token_f1(said, _references(result)) if result.case.answerable else None


def answer_em(result: Result) -> float | None:
    """Exact match with a reference answer."""
    said = "" if result.answer.abstained else result.answer.text
    return metrics.exact_match(said, _references(result)) if result.case.answerable else None


def support_rate(result: Result) -> float | None:
    """Share of the statements whose verdict is supported."""
    return metrics.mean(s.verdict == "supported" for s in result.answer.statements)


def verdict_accuracy(result: Result) -> float | None:
    """Share of the claims that the checks call supported when they are, and not when they are
    not."""
    pairs = zip(result.case.claims, result.claims, strict=False)
    return metrics.mean((verdict == "supported") == claim.supported for claim, verdict in pairs)


# --- disagreement ---------------------------------------------------------------------------


def conflict_recall(result: Result) -> float | None:
    """For cases of documents that disagree, with two values that the answer must hold: whether it
    shows a conflict between gold sentences of two documents; a refusal shows none."""
    case = result.case
    if DISAGREEMENT not in case.tags or len(case.must_include) < 2:
        return None
    return float(any(_known(case, conflict) for conflict in result.answer.conflicts))


def false_conflicts(result: Result) -> float | None:
    """Whether an answer shows a conflict that its case does not know of."""
    case, answer = result.case, result.answer
    if answer.abstained:
        return None
    return float(any(not _known(case, conflict) for conflict in answer.conflicts))


def _known(case: Case, conflict: Conflict) -> bool:
    one, other = ({g.document for g in case.gold if quotes(c, g)} for c in conflict.sides)
    return DISAGREEMENT in case.tags and any(a != b for a in one for b in other)


# --- refusals and cost ----------------------------------------------------------------------


def confidence(result: Result) -> float | None:
    """How sure an answer is: the cosine of the nearest passage to the query. None for a refusal."""
    if result.answer.abstained:
        return None
    return max((hit.dense for hit in result.hits if hit.dense is not None), default=0.0)


def refusal_curve(results: Sequence[Result]) -> list[tuple[float, float]]:
    """Coverage and risk by falling confidence."""
    return metrics.risk_coverage([confidence(r) for r in results], [not r.right for r in results])


def _asked(result: Result, value: Score) -> float | bool | None:
    return value(result) if result.case.answerable else None


def _included(result: Result) -> bool | None:
    return result.right if result.case.groups or result.case.must_not_include else None


def _references(result: Result) -> tuple[str, ...]:
    return result.case.answers + result.case.references


def _tokens(result: Result) -> float | None:
    return float(sum(result.answer.usage.values())) if result.answer.usage else None


_ALCE = "ALCE (Gao et al. 2023), gold quotations as the judge"

METRICS: tuple[Metric, ...] = (
    Metric(
        "right",
        "right",
        "share of cases answered with what they must hold, or where they name only gold with a "
        "citation of it, or rightly refused",
        "this project",
        lambda r: r.right,
    ),
    *(
        Metric(
            f"retrieval_recall@{k}",
            f"recall@{k}",
            "share of the gold that is needed among the first k hits: of every gold document "
            "across documents and without quotations, else of any",
            "this project; recall@k where gold has no quotation",
            partial(retrieval_recall, k=k),
        )
        for k in (1, 3, 5, 10)
    ),
    Metric(
        "retrieval_mrr@10",
        "MRR@10",
        "mean of 1 / rank of the first passage that holds gold, 0 beyond ten",
        "Voorhees 1999",
        reciprocal_rank,
    ),
    Metric(
        "retrieval_ndcg@10",
        "nDCG@10",
        "DCG / ideal DCG, DCG = sum of grade / log2(rank + 1)",
        "Järvelin and Kekäläinen 2002, as trec_eval",
        retrieval_ndcg,
    ),
    Metric(
        "answer_inclusion",
        "answer inclusion",
        "share of answerable cases whose answer holds one alternative of each group and nothing "
        "unwanted",
        "this project; STR-EM of ASQA (Stelmakh et al. 2022) is its kin",
        lambda r: _asked(r, _included),
    ),
    Metric(
        "answer_f1",
        "token F1",
        "2 common tokens / (tokens of the answer + tokens of the reference), best reference",
        "SQuAD (Rajpurkar et al. 2016)",
        answer_f1,
    ),
    Metric(
        "answer_em",
        "exact match",
        "share of answers equal to a reference after SQuAD's normalisation",
        "SQuAD (Rajpurkar et al. 2016)",
        answer_em,
    ),
    *(
        Metric(
            f"citation_precision_{level}",
            f"citation precision, {level}",
            f"share of an answer's citations {where}",
            _ALCE,
            partial(citation_precision, level=level),
        )
        for level, where in (
            ("document", "into a gold document"),
            ("passage", "into a passage that holds a gold quotation"),
            ("sentence", "that share text with a gold quotation"),
        )
    ),
    *(
        Metric(
            f"citation_recall_{level}",
            f"citation recall, {level}",
            f"share of an answer's statements with a citation {where}",
            _ALCE,
            partial(citation_recall, level=level),
        )
        for level, where in (
            ("passage", "into a passage that holds a gold quotation"),
            ("sentence", "that shares text with a gold quotation"),
        )
    ),
    Metric(
        "gold_cited",
        "gold cited",
        "share of the gold documents quoted at their gold sentence across documents, else of any",
        "this project",
        gold_cited,
    ),
    Metric(
        "supported",
        "support rate",
        "share of an answer's statements with verdict supported",
        "this project",
        support_rate,
    ),
    Metric(
        "verdict_accuracy",
        "verdict accuracy",
        "share of a case's claims called supported when they are and not when they are not",
        "this project",
        verdict_accuracy,
    ),
    Metric(
        "refusal_recall",
        "refusal recall",
        "share of unanswerable cases that are refused",
        "SQuAD 2.0's NoAns (Rajpurkar et al. 2018)",
        lambda r: None if r.case.answerable else r.answer.abstained,
    ),
    Metric(
        "refusal_precision",
        "refusal precision",
        "share of refusals whose case is unanswerable",
        "this project",
        lambda r: not r.case.answerable if r.answer.abstained else None,
    ),
    Metric(
        "false_refusals",
        "false refusals",
        "share of answerable cases that are refused",
        "this project",
        lambda r: _asked(r, lambda r: r.answer.abstained),
        better=-1,
    ),
    Metric(
        "followup_success",
        "follow-up success",
        "share of right cases among those with a history",
        "this project",
        lambda r: r.right if r.case.history else None,
    ),
    Metric(
        "conflict_recall",
        "conflict recall",
        "share of cases of documents that disagree whose answer shows it, at gold sentences of two "
        "documents",
        "this project",
        conflict_recall,
    ),
    Metric(
        "false_conflicts",
        "false conflicts",
        "share of answers that show a conflict which is not between gold sentences of such a case",
        "this project",
        false_conflicts,
        better=-1,
    ),
    Metric(
        "judged_correctness",
        "judged correctness",
        "share of answers to answerable cases that a model calls correct by the reference",
        "prompts/judge-correctness.md",
        lambda r: r.judgement.correct if r.judgement else None,
    ),
    Metric(
        "judged_faithfulness",
        "judged faithfulness",
        "share of answers of which a model says that the evidence says all of it",
        "prompts/judge-faithfulness.md; RAGAS (Es et al. 2024) asks it of each statement",
        lambda r: r.judgement.faithful if r.judgement else None,
    ),
    Metric(
        "latency_p50",
        "latency p50",
        "seconds that half the answers do not exceed",
        "nearest rank",
        lambda r: r.seconds,
        better=0,
        share=0.5,
        unit="seconds",
    ),
    Metric(
        "latency_p95",
        "latency p95",
        "seconds that 95 % of the answers do not exceed",
        "nearest rank",
        lambda r: r.seconds,
        better=0,
        share=0.95,
        unit="seconds",
    ),
    Metric(
        "tokens",
        "tokens an answer",
        "mean of the model's tokens, prompt and completion",
        "as the service counts",
        _tokens,
        better=0,
        unit="tokens",
    ),
    Metric(
        "cost",
        "cost of an answer",
        "mean price of the model's tokens, prompt and completion, in the currency of your table",
        "QA_PRICES",
        lambda r: r.answer.cost.amount if r.answer.cost else None,
        better=0,
        unit="price",
    ),
)
BY_NAME: Mapping[str, Metric] = {metric.name: metric for metric in METRICS}


def summary(results: Sequence[Result]) -> dict[str, float | None]:
    """Each metric over the cases it applies to; None where there is none."""
    return {metric.name: metric.pooled([metric.score(r) for r in results]) for metric in METRICS}


def _share(found: set[str], case: Case) -> float:
    return len(found) / len({gold.document for gold in case.gold})
