"""Evaluating answers with a fixture test set: cases, metrics, a runner and a report."""

from qa.evaluation.cases import Case, Gold, load_cases
from qa.evaluation.report import to_text
from qa.evaluation.runner import Result, Run, evaluate

__all__ = ["Case", "Gold", "Result", "Run", "evaluate", "load_cases", "to_text"]
