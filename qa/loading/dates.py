"""Publication dates as people write them. An ambiguous date such as 05/06/2023 is no date."""

import re
from datetime import date, datetime

from dateutil.parser import ParserError, parse

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATE = (
    r"(?:\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
    rf"|\d{{1,2}}\s+{_MONTH},?\s+\d{{4}}|{_MONTH}\s+\d{{1,2}},?\s+\d{{4}})"
)
# Possessive, so that a label in front of thousands of spaces takes no quadratic time.
_LABEL = r"(?:(?:publication\s++)?date|published|updated|dated)(?:\s++on)?\s*+(?:[:=]\s*+)?"
_LINE = re.compile(rf"(?:{_LABEL})?({_DATE})", re.IGNORECASE)
_LEADING = re.compile(rf"\s*{_LABEL}({_DATE})[\s.:|-]*", re.IGNORECASE)


def to_date(value: object) -> date | None:
    """The day that `value` (a date, a datetime or a string that is one date) names, else None."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return line_date(value) if isinstance(value, str) else None


def line_date(line: str) -> date | None:
    """The date of a line that holds nothing but a date and perhaps a label."""
    match = _LINE.fullmatch(line.strip())
    return _parse(match.group(1)) if match else None


def leading_date(text: str) -> tuple[date, int] | None:
    """A labelled date in front of running text, and the offset of what follows it."""
    match = _LEADING.match(text)
    day = _parse(match.group(1)) if match else None
    return (day, match.end()) if match and day else None


def _parse(words: str) -> date | None:
    try:
        day: date = parse(words).date()
        return day
    except (ParserError, OverflowError):
        return None
