"""Publication dates as people write them. An ambiguous date such as 05/06/2023 is no date.

A loader asks the metadata or front matter first, then a header line, the URL and the name of the
file; when a file was made, changed or printed is not when its text was published, and is never
asked."""

import re
from contextlib import suppress
from datetime import date, datetime

from dateutil.parser import ParserError, parse

from qa.types import DateOrigin

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
# 2023-12-25-caravan, /2023/12/25/ and /2023/dec/25/, with one mark twice; in /2023/12/25-ideas the
# day is a part of other words.
_NAMED = re.compile(
    rf"(?<!\d)((?:19|20)\d\d)([-_/.])(\d\d|{_MONTH})\2(\d\d)(?!\d|(?<=/\d\d)[\w-])", re.IGNORECASE
)


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


def named_date(name: str) -> date | None:
    """The date in a URL or file name that holds exactly one."""
    written = ["-".join(match.group(1, 3, 4)) for match in _NAMED.finditer(name)]
    days = {day for day in map(_parse, written) if day}
    return days.pop() if len(days) == 1 else None


Dated = tuple[date | None, DateOrigin | None]
"""A date of publication and where it was found."""


def first_date(
    stated: Dated = (None, None), header: date | None = None, url: str = "", stem: str = ""
) -> Dated:
    """The date that is `stated`, else that of the header, the URL or the file's name."""
    found: list[Dated] = [
        stated,
        (header, "header"),
        (named_date(url), "url"),
        (named_date(stem), "file name"),
    ]
    return next((dated for dated in found if dated[0]), (None, None))


def _parse(words: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(words)  # what most dates are, in a hundredth of the time
    try:
        day: date = parse(words).date()
        return day
    except (ParserError, OverflowError):
        return None
