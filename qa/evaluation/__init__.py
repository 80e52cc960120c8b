"""Evaluating answers with a fixture test set: cases, metrics, runs, comparisons and reports."""

from qa.evaluation.cases import (
    Case,
    CaseFile,
    Claim,
    Filters,
    Gold,
    Problem,
    check_gold,
    load_cases,
    read_cases,
    schema,
)
from qa.evaluation.comparison import Comparison, Difference, Gate, compare, gates
from qa.evaluation.drafting import draft, feedback_cases, to_jsonl
from qa.evaluation.exports import export, export_cases
from qa.evaluation.formats import FORMATS, Converted, convert
from qa.evaluation.page import to_html
from qa.evaluation.report import compared, to_text, why
from qa.evaluation.results import Judgement, Result
from qa.evaluation.runner import Run, evaluate
from qa.evaluation.runs import judge_run, read_run, run_cases, saved_runs
from qa.evaluation.scores import METRICS, Metric

__all__ = [
    "FORMATS",
    "METRICS",
    "Case",
    "CaseFile",
    "Claim",
    "Comparison",
    "Converted",
    "Difference",
    "Filters",
    "Gate",
    "Gold",
    "Judgement",
    "Metric",
    "Problem",
    "Result",
    "Run",
    "check_gold",
    "compare",
    "compared",
    "convert",
    "draft",
    "evaluate",
    "export",
    "export_cases",
    "feedback_cases",
    "gates",
    "judge_run",
    "load_cases",
    "read_cases",
    "read_run",
    "run_cases",
    "saved_runs",
    "schema",
    "to_html",
    "to_jsonl",
    "to_text",
    "why",
]
