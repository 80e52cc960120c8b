"""Numbers and dates of a text by what they mean, not by how they are written."""

import re
from calendar import day_name, month_name, monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from qa import wording

_SCALES = {
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "trillion": 1_000_000_000_000,
}
_ROMANS = """
I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX
"""
ROMAN = {roman: str(n) for n, roman in enumerate(_ROMANS.split(), 1)}
_NAMED = re.compile(r"\b[A-Z]\w+ ([IVX]{1,5}|[1-9]|1\d|20)\b(?![.,]\d)")
_SCALE = rf"(?:[ -]({'|'.join(_SCALES)})s?\b)?"
# With "5:30" as one, and "70" of "the '70s" apart from 70.
_NUMBER = re.compile(rf"(\d+(?:[.,]\d+)*(?:: ?\d\d(?!\d))?){_SCALE}", re.IGNORECASE)
_DECADE = re.compile(r"(?<!\d)(?P<century>1\d|20)?(?P<decade>\d0)['’]?s\b")
_ONES_WORDS = """
one two three four five six seven eight nine ten eleven twelve
"""
_ONES = _ONES_WORDS.split()
_TEENS = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS_WORDS = """
third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
"""
_ORDINALS = _ORDINALS_WORDS.split()
_WORDS = (
    {word: n for n, word in enumerate(_ONES + _TEENS, 1) if n > 1}
    | {word: 10 * n for n, word in enumerate(_TENS, 2)}
    | {
        f"{ten}-{one}": 10 * n + m
        for n, ten in enumerate(_TENS, 2)
        for m, one in enumerate(_ONES[:9], 1)
    }
    | {
        f"{ten} {one}": 10 * n + m
        for n, ten in enumerate(_TENS, 2)
        for m, one in enumerate(_ONES[:9], 1)
    }
    | {"dozen": 12}
    | {word: n for n, word in enumerate(_ORDINALS, 3)}
)
WORDED = frozenset(_WORDS)
"""Numbers as words, small letters."""
_WORDED = re.compile(
    rf"\b({'|'.join(sorted(_WORDS, key=len, reverse=True))})\b{_SCALE}", re.IGNORECASE
)
# What a source may say for a number, though the words do not always mean one.
_LOOSE = re.compile(
    r"\b(?:(?P<n1>an?|one|once|single|sole|first)|both|twice|pair|couple|double[ds]?|second)\b"
    r"(?: (?P<scale>hundred|thousand|million|billion|dozen)\b)?",
    re.IGNORECASE,
)
_TIMES = frozenset(["once", "twice", "double", "doubles", "doubled"])
_LISTED = re.compile(r"\s*(?:[-–,]|to\b|and\b|or\b)\s*[$€£]?\d")
_OF_A_NAME = re.compile(r"\b[A-Z][^\W\d_]{2,}[ -]?\Z")
_COMPOUND = re.compile(r"-[a-z]")  # "Fitzgerald 13-yard pass"
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b")
_THREE = re.compile(r"(?:[\s-]*[^\W\d_][\w'’]*){1,3}")
_AND = r",? and |, "
_ONE_NAME = r"[A-Z]\w+(?: [A-Z]\w+)*"
_NAMES = re.compile(rf"\b{_ONE_NAME}(?:, {_ONE_NAME})+,? and {_ONE_NAME}")
_TWO_NAMES = re.compile(r"\b[A-Z]\w+ and (?:\w+ )?[A-Z]\w+")  # "the two presidents"
_HALF = re.compile(r"\bhalf (?:of|the|its|their|his|her|all)\b", re.IGNORECASE)

# A number that is given as rounded, and how far the exact one may lie on each side.
_HEDGE = re.compile(
    r"(?P<above>(?:more|greater|higher) than|over|above|at least|exceeding|upwards? of)\s*[$€£]?\Z"
    r"|(?P<below>(?:less|fewer|lower) than|under|below|at most|up to|nearly|almost|close to)"
    r"\s*[$€£]?\Z"
    r"|(?:about|around|some|roughly|approximately|an estimated|circa|c\.|~)\s*[$€£]?\Z",
    re.IGNORECASE,
)
_LOOSENESS = 1.2
_PAIR = re.compile(r"(?<![\d.,–-])(?P<first>\d+) ?[–-] ?(?P<last>\d+)(?![.,]?\d| ?[–-])")
_RANGE = re.compile(
    r"(?<![\d.,])(?P<first>\d+)(?: ?[–-] ?| to | and | until )(?P<last>\d+)(?![.,]?\d)"
)

_UNITS = {
    form: unit
    for unit, forms in {
        "per cent": "% percent per\u00a0cent percentage",
        "dollars": "$ dollar dollars usd",
        "euros": "€ euro euros eur",
        "pounds": "£ gbp",
        "pesos": "peso pesos",
        "yen": "¥ yen",
        "kilometres": "km kilometre kilometres kilometer kilometers",
        "miles": "mi mile miles",
        "metres": "m metre metres meter meters",
        "feet": "ft foot feet",
        "kilograms": "kg kilogram kilograms kilo kilos",
        "tonnes": "tonne tonnes ton tons",
        "seconds": "second seconds",
        "minutes": "minute minutes min",
        "hours": "hour hours",
        "days": "day days",
        "weeks": "week weeks",
        "months": "month months",
        "years": "year years year-old",
        "decades": "decade decades",
        "centuries": "century centuries",
        "points": "point points",
        "megabytes": "mb megabyte megabytes",
        "gigabytes": "gb gigabyte gigabytes",
        "terabytes": "tb terabyte terabytes",
    }.items()
    for form in forms.split(" ")
}
_PLURAL = re.compile(r"[^\W\d_]{2,}(?<![su])s|people|men|women|children|teeth|feet|police", re.I)
_CURRENCIES = frozenset("$€£¥")
_POINTS = "percentage points"
_UNIT = re.compile(
    r"[ -]?((?P<points>(?:%|per cent|percent|percentage)[ -]points?\b)|%|per cent\b|[a-z]+)",
    re.IGNORECASE,
)

MONTHS = {name.casefold(): n for n, name in enumerate(month_name) if name} | {
    name[:3].casefold(): n for n, name in enumerate(month_name) if name
}
MONTHS["sept"] = 9
_WEEKDAYS = {name.casefold(): n for n, name in enumerate(day_name)}
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b)\.?"
)
_DAY, _IN_YEAR = r"(?P<d{0}>\d{{1,2}})(?:st|nd|rd|th)?", r"(?:,? (?P<y{0}>\d{{4}})\b)?"
_ALONE = "January|February|April|June|July|August|September|October|November|December"
_SINCE = r"[Ii]n|[Ll]ast|[Tt]his|[Nn]ext|[Ss]ince|[Uu]ntil|of|[Ll]ate|[Ee]arly|[Mm]id-?"
_AGO = "two|three|four|five|six|seven|eight|nine|ten|a|one"
_DATES = re.compile(
    "|".join(
        (
            r"\b(?P<iso>\d{4}-\d{2}-\d{2})\b",
            rf"\b{_DAY.format(1)}(?: of)? (?P<m1>{_MONTH}){_IN_YEAR.format(1)}",
            rf"\b(?P<m2>{_MONTH}) {_DAY.format(2)}\b(?![:.]\d){_IN_YEAR.format(2)}",
            rf"\b(?P<m3>{_MONTH}),? (?:of )?(?P<y3>\d{{4}})\b",
            rf"(?<![A-Z] )\b(?P<m4>{_ALONE})\b",
            rf"\b(?:{_SINCE}) ?(?P<m5>March|May)\b",
            rf"\b(?P<weekday>{'|'.join(day_name)})s?\b",
            r"\b(?P<relative>[Yy]esterday|[Tt]oday|[Tt]onight|[Tt]omorrow"
            r"|(?:[Ll]ast|[Tt]his|[Nn]ext) (?:week|month|year)"
            rf"|(?P<ago>\d{{1,2}}|{_AGO}) (?P<unit>day|week|month|year)s? ago)\b",
        )
    )
)
_YEAR = re.compile(r"(?<![\d.,])(1[0-9]{3}|20[0-9]{2})(?![\d]|[.,]\d)")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as a text gives it: what is not said is None; `first` and `last` are the days that it
    spans, where they are known."""

    text: str
    start: int
    end: int
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    first: date | None = None
    last: date | None = None


def moments(text: str, published: date | None = None) -> list[Moment]:
    """The dates of a text that name a month, a day of the week or a time relative to the day it was
    published ("on Wednesday", "last week"); lone years are numbers."""
    return [_moment(match, published) for match in _DATES.finditer(text)]


def held(wanted: Moment, given: Sequence[Moment], years: set[str]) -> bool:
    """Whether one of the dates given says the wanted one, or something more exact. `years` may
    stand beside a date that names none."""
    return any(_says(moment, wanted, years) for moment in given)


def numbers(text: str) -> set[str]:
    """The numbers of a text by value: "6,000" and "6000" are one, "5 million" is 5000000, and words
    count too. "2.150" is read both ways, as English and as Spanish."""
    found = set[str]()
    for digits, scale in _NUMBER.findall(text):
        times = _SCALES.get(scale.casefold(), 1)
        found |= {_value(reading, times) for reading in _readings(digits)}
    for word, scale in _WORDED.findall(text):
        found.add(_value(str(_WORDS[word.casefold()]), _SCALES.get(scale.casefold(), 1)))
    return found


def in_names(text: str, roman: bool) -> set[str]:
    """Numbers behind a capitalised word that are written in Roman numerals, or in digits, all as
    digits up to twenty: 2 of "World War II", or of "Phase 2"."""
    return {ROMAN.get(n, n) for n in _NAMED.findall(text) if (n in ROMAN) == roman}


def loose_numbers(text: str) -> set[str]:
    """The numbers of a text, its decades ("the 70's"), and what "half" is."""
    found = numbers(text) | {match["decade"] for match in _DECADE.finditer(text)}
    return found | {"50", "0.5"} if re.search(r"\b(?:half|halves|halved)\b", text, re.I) else found


@lru_cache(1_000)
def without_days(text: str) -> str:
    """A text whose dates have lost the number of the day: "12 May 1999" counts no twelve."""
    for moment in moments(text):
        if moment.day:
            years_ = " ".join(years(moment.text))
            blank = years_.rjust(moment.end - moment.start, "_")
            text = text[: moment.start] + blank + text[moment.end :]
    return text


@dataclass(frozen=True, slots=True)
class Number:
    """A number as a text gives it: its words, where they stand, its unit where one is named, the
    things it counts, the first plural close behind it, whether it is part of a name ("Apollo 11"),
    whether it gives a place in a row ("third", "3rd"), and what it is, in either reading."""

    text: str
    start: int
    end: int
    unit: str | None
    things: str | None = None
    named: bool = False
    ordinal: bool = False
    values: frozenset[str] = frozenset()

    def counts_the_same(self, other: "Number") -> bool:
        """Whether both count things, and these are the same."""
        if not self.things or not other.things:
            return False
        return wording.key(self.things) == wording.key(other.things)


def equal(number: Number, text: str, given: Sequence[Number], quoted: str) -> list[Number]:
    """Those of the numbers given in what is quoted that are a number of a text. "Three" is no
    "third", unless of the same thing ("season 3"), and what counts things is no part of a name."""
    return [
        one
        for one in given
        if one.values & number.values
        and (one.ordinal == number.ordinal or _beside(number, text) & _beside(one, quoted))
        and not (one.named and not one.things and number.things and not number.named)
    ]


def of_others(number: Number, same: Sequence[Number], given: Sequence[Number], quoted: str) -> bool:
    """Whether a source counts other things with a number: `same` are those of the numbers `given`
    that equal it, in another unit, or of things of which the source says another number."""
    others = [one for one in given if one not in same]
    if number.unit:
        usual = any(one.unit == number.unit for one in others)
        return not any(
            one.unit == number.unit
            or (one.unit is None and one.things is None and not (usual and _alone(one, quoted)))
            for one in same
        )
    if not all(one.things or one.unit for one in same):
        return False
    if any(number.counts_the_same(one) for one in same):
        return False
    return any(number.counts_the_same(one) for one in others)


def _alone(number: Number, text: str) -> bool:
    """Whether a number is not one of several that share a unit: "15 to 20 per cent"."""
    return not _LISTED.match(text, number.end)


@lru_cache(1_000)  # each sentence of an answer is held against the same quotations
def stated_numbers(text: str) -> tuple[Number, ...]:
    """The numbers of a text, in order, with the words in which they are said."""
    matches = [*_NUMBER.finditer(text), *_WORDED.finditer(text), *_HALF.finditer(text)]
    return tuple(
        Number(
            m.group().strip() if m.re is not _HALF else "half",
            m.start(),
            m.end(),
            _unit(text, m),
            _things(text, *m.span()),
            bool(_OF_A_NAME.search(text[max(0, m.start() - 24) : m.start()]))
            and not _COMPOUND.match(text, m.end()),
            bool(_ORDINAL.match(text, m.end())) or m.group().casefold() in _ORDINALS,
            frozenset(loose_numbers(m.group() if m.re is not _HALF else "half")),
        )
        for m in sorted(matches, key=re.Match.start)
    )


def held_loosely(number: Number, text: str, given: Sequence[Number], quoted: str) -> bool:
    """Whether what is quoted says a number of a text without giving it: with "a", "one", "first" or
    "both" of the same thing, with "once" or "a million", or, where the text has the word "two" and
    no number is given of its things, with two names."""
    values = number.values
    counted = any(number.counts_the_same(one) for one in given)
    if number.text[0].isalpha() and "2" in values and not counted and _TWO_NAMES.search(quoted):
        return True
    lists = (len(re.split(_AND, found[0])) for found in _NAMES.finditer(quoted))
    if not counted and any(str(names) in values for names in lists):
        return True
    around = _beside(number, text)
    for match in _LOOSE.finditer(quoted):
        scale = (match["scale"] or "").casefold()
        times = 12 if scale == "dozen" else _SCALES.get(scale, 1)
        if _value("1" if match["n1"] else "2", times) in values and (
            scale
            or match[0].casefold() in _TIMES
            or around & _around(quoted, match.start(), match.end())
        ):
            return True
    return False


def _around(text: str, start: int, end: int) -> set[str]:
    """The words beside a number, up to three behind it and one in front."""
    front = re.search(r"[^\W\d_]\w*(?=[\s-]*\Z)", text[max(0, start - 30) : start])
    found = [*_behind(text, end), *([front[0]] if front else [])]
    return {wording.key(word) for word in found if wording.analysed(word)}


def _beside(number: Number, text: str) -> set[str]:
    return _around(text, number.start, number.end)


def _behind(text: str, end: int) -> list[str]:
    """Up to three words behind a number, as far as no mark is between."""
    found = _THREE.match(text, end)
    return re.findall(r"[\w'’]+", found[0]) if found else []


def _things(text: str, start: int, end: int) -> str | None:
    """The plural close behind a number; a year counts nothing ("in 2009 students met")."""
    for word in [] if _YEAR.fullmatch(text, start, end) else _behind(text, end):
        if not wording.analysed(word):
            return None
        if _PLURAL.fullmatch(word):
            return word
    return None


def changed_ranges(text: str, quoted: str) -> list[str]:
    """The pairs of a text such as "23-16" or "1914-1918" of which what is quoted has one number in
    its place with another partner, and nowhere both."""
    given = [(m["first"], m["last"]) for m in _RANGE.finditer(quoted)]
    return [
        m.group()
        for m in _PAIR.finditer(text)
        if (m["first"], m["last"]) not in given
        and any((a == m["first"]) != (b == m["last"]) for a, b in given)
    ]


def rounded(number: Number, text: str, quoted: set[str]) -> bool:
    """Whether a number that a text gives as rounded ("nearly 6,000") stands for one quoted."""
    hedge = _hedge(number, text)
    if not hedge:
        return False
    for said in numbers(number.text):
        for exact in quoted:
            try:
                low, high = Decimal(said), Decimal(exact)
            except InvalidOperation:
                continue
            if hedge["above"] and low <= high <= low * Decimal(_LOOSENESS):
                return True
            if hedge["below"] and low / Decimal(_LOOSENESS) <= high <= low:
                return True
            if not hedge["above"] and not hedge["below"] and rounds(high, low):
                return True
    return False


def less_rounded(number: Number, text: str, given: Sequence[Number], quoted: str) -> set[str]:
    """The values of those numbers of a source that it does not round itself to the side to which a
    text rounds this one: "nearly 6,000" stands for no "nearly 5,000"."""
    hedge = _hedge(number, text)
    side = hedge.lastgroup if hedge else None
    found = set[str]()
    for one in given:
        other = _hedge(one, quoted)
        if not side or not other or other.lastgroup != side:
            found |= numbers(one.text)
    return found


def _hedge(number: Number, text: str) -> re.Match[str] | None:
    return _HEDGE.search(text[max(0, number.start - 24) : number.start])


def rounds(exact: Decimal, said: Decimal) -> bool:
    """Whether `exact`, to the digits that `said` has, is `said`."""
    if not exact or not said:
        return False
    figures = len(said.normalize().as_tuple().digits)
    return Decimal(f"{exact:.{figures}g}") == said


def _unit(text: str, match: re.Match[str]) -> str | None:
    before = text[max(0, match.start() - 2) : match.start()].rstrip()[-1:]
    if before in _CURRENCIES:
        return _UNITS[before]
    after = _UNIT.match(text, match.end())
    if after and after["points"]:
        return _POINTS
    word = after[1].casefold() if after else ""
    return "per cent" if word == "per cent" else _UNITS.get(word)


def _readings(digits: str) -> set[str]:
    if ":" in digits:
        hour, _, minutes = digits.partition(":")
        return {hour} if minutes.strip() == "00" else {f"{hour}:{minutes.strip()}"}
    plain = re.sub(r",(?=\d{3}(?:\D|$))", "", digits).replace(",", ".")
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", digits):
        return (
            {plain, digits.replace(".", "")} if digits.count(".") == 1 else {plain.replace(".", "")}
        )
    return {plain}


def _value(digits: str, times: int) -> str:
    try:
        value = Decimal(digits) * times
    except InvalidOperation:  # a date or an address such as 1.2.3
        return digits
    return f"{value.normalize():f}"


def _moment(match: re.Match[str], published: date | None) -> Moment:
    text, start, end = match.group(), match.start(), match.end()
    if match["iso"]:
        try:
            day = date.fromisoformat(match["iso"])
        except ValueError:
            return Moment(text, start, end)
        return Moment(text, start, end, day.month, day.day, None, day, day)
    if match["weekday"]:
        number = _WEEKDAYS[match["weekday"].casefold()]
        nearest = _nearest(number, published)
        return Moment(text, start, end, weekday=number, first=nearest, last=nearest)
    if match["relative"]:
        first, last = _relative(match, published) if published else (None, None)
        return Moment(text, start, end, first=first, last=last)
    month = next(m for n in range(1, 6) if (m := match[f"m{n}"]))
    day_text = match["d1"] or match["d2"]
    year = match["y1"] or match["y2"] or match["y3"]
    number, days = MONTHS[month.casefold().rstrip(".")], int(day_text) if day_text else None
    first, last = _span(int(year), number, days) if year else (None, None)
    return Moment(text, start, end, number, days, None, first, last)


def _span(year: int, month: int, day: int | None) -> tuple[date | None, date | None]:
    try:
        if day:
            return date(year, month, day), date(year, month, day)
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    except ValueError:  # 31 June
        return None, None


def _nearest(weekday: int, published: date | None) -> date | None:
    """The last such day of the week; a report of Friday means the day before by "on Thursday"."""
    return published and published - timedelta((published.weekday() - weekday) % 7)


def _relative(match: re.Match[str], published: date) -> tuple[date, date]:
    phrase = match["relative"].casefold()
    if match["ago"]:
        count = int(match["ago"]) if match["ago"].isdigit() else 1
        count = _WORDS.get(match["ago"].casefold(), count)
        days = count * {"day": 1, "week": 7, "month": 30, "year": 365}[match["unit"]]
        slack = {"day": 0, "week": 3, "month": 16, "year": 183}[match["unit"]]
        then = published - timedelta(days)
        return then - timedelta(slack), then + timedelta(slack)
    single = {"yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1}
    if phrase in single:
        day = published + timedelta(single[phrase])
        return day, day
    which, unit = phrase.split()
    step = {"last": -1, "this": 0, "next": 1}[which]
    if unit == "week":
        monday = published - timedelta(published.weekday()) + timedelta(7 * step)
        return monday, monday + timedelta(6)
    if unit == "year":
        return date(published.year + step, 1, 1), date(published.year + step, 12, 31)
    months = published.year * 12 + published.month - 1 + step
    year, month = divmod(months, 12)
    return date(year, month + 1, 1), date(year, month + 1, monthrange(year, month + 1)[1])


def _says(given: Moment, wanted: Moment, years: set[str]) -> bool:
    if given.text.casefold() == wanted.text.casefold():
        return True
    if wanted.weekday is not None:
        return given.weekday == wanted.weekday or (
            given.first is not None
            and given.first == given.last
            and given.first.weekday() == wanted.weekday
        )
    if wanted.month is None:  # "last week": only its own words, or a day that lies in it
        return _inside(given, wanted)
    if given.first and wanted.first:
        return _inside(given, wanted)
    month, day = given.month, given.day
    if given.first and given.last and given.first.month == given.last.month:
        month, day = given.first.month, given.first.day if given.first == given.last else None
    same = month == wanted.month and wanted.day in (None, day)
    return same and (wanted.first is None or str(wanted.first.year) in years)


def _inside(given: Moment, wanted: Moment) -> bool:
    if not (given.first and given.last and wanted.first and wanted.last):
        return False
    return wanted.first <= given.first and given.last <= wanted.last


def years(text: str) -> Iterator[str]:
    """Every year that a text names."""
    yield from _YEAR.findall(text)
