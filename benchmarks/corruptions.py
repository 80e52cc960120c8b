"""True statements with one thing made false: each function returns the new text, or None where the
statement has nothing of the kind to change. `Passage` is what the statement is about, `other` a
passage about something else."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from qa.sentences import sentences

_MONTHS_WORDS = """
January February March April May June July August September October November December
"""
MONTHS = _MONTHS_WORDS.split()
_MONTH = "|".join(MONTHS)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w]|[.,]\d)")
_WORDED_WORDS = """
two three four five six seven eight nine ten eleven twelve
"""
_WORDED = _WORDED_WORDS.split()
_YEAR = re.compile(r"\b(?:1[0-9]{3}|20[0-9]{2})\b")
_DATE = re.compile(rf"\b(?:{_MONTH})\b|\b1[0-9]{{3}}\b|\b20[0-9]{{2}}\b")
_DAY = re.compile(rf"\b\d{{1,2}}(?= (?:{_MONTH})\b)|\b(?:{_MONTH}) (\d{{1,2}})\b")
_NAME = re.compile(r"[A-ZÀ-Þ][\w'’-]*(?:(?: (?:of|de|the|von|van|del|la) | )[A-ZÀ-Þ][\w'’-]*)*")
_AUXILIARY = re.compile(
    r"\b(is|was|are|were|has|have|had|can|will|would|could|may|might|should|must)\b"
    r"(?! (?:not|never)|n't)"
)
_DENIAL = re.compile(r"(?<=[a-z]) (?:not|never)\b(?! only)|(?<=[a-z])n't\b|\bno longer ")
_OPENERS_WORDS = """
The A An In On At By For From With It He She They This These Those There After Before As When
While If Its His Her Their Some Many Most All Each AD BC I We You
"""
_OPENERS = frozenset(_OPENERS_WORDS.split())
_SPEECH = r"said|says|claims?|claimed|argued|announced|stated|asked|told|revealed|wrote|added|noted"
_OPPOSITES_WORDS = """
more/fewer most/least higher/lower highest/lowest larger/smaller largest/smallest before/after
first/last earlier/later early/late above/below over/under north/south northern/southern
east/west eastern/western rose/fell increased/decreased increase/decrease increases/decreases
began/ended begins/ends won/lost older/younger oldest/youngest longer/shorter longest/shortest
greater/smaller greatest/smallest biggest/smallest best/worst majority/minority maximum/minimum
outside/inside includes/excludes allowed/forbade strong/weak accepted/rejected positive/negative
"""
_OPPOSITES = [(pair.partition("/")[0], pair.partition("/")[2]) for pair in _OPPOSITES_WORDS.split()]
OPPOSITE = dict(_OPPOSITES) | {b: a for a, b in reversed(_OPPOSITES)}


@dataclass(frozen=True)
class Source:
    """A passage with its title."""

    title: str
    text: str


Corrupt = Callable[[str, Source, Source, random.Random], str | None]


def number(statement: str, source: Source, other: Source, rng: random.Random) -> str | None:
    """Another number: from the same passage or near the true one."""
    found = [m for m in _NUMBER.finditer(statement) if not _dated(statement, m)]
    found += list(re.finditer(rf"\b(?:{'|'.join(_WORDED)})\b", statement))
    if not found:
        return None
    match = rng.choice(found)
    if match[0] in _WORDED:
        return _put(statement, match, rng.choice([w for w in _WORDED if w not in statement]))
    inside = {m[0] for m in _NUMBER.finditer(source.text) if not _dated(source.text, m)}
    inside -= set(_NUMBER.findall(statement))
    if inside and rng.random() < 0.4:
        return _put(statement, match, rng.choice(sorted(inside)))
    digits = list(match[0])
    place = rng.choice([n for n, c in enumerate(digits) if c.isdigit()])
    digits[place] = rng.choice([c for c in "123456789" if c != digits[place]])
    return _put(statement, match, "".join(digits))


def date(statement: str, source: Source, other: Source, rng: random.Random) -> str | None:
    """Another year, month or day."""
    found = [(m[0], m.span()) for m in _DATE.finditer(statement)]
    found += [(m[m.lastindex or 0], m.span(m.lastindex or 0)) for m in _DAY.finditer(statement)]
    if not found:
        return None
    words, (start, end) = rng.choice(found)
    inside = set(_YEAR.findall(source.text)) - set(re.findall(r"\d+", statement))
    if words in MONTHS:
        new = rng.choice([m for m in MONTHS if m not in statement])
    elif len(words) < 3:
        new = rng.choice([str(day) for day in range(1, 29) if str(day) != words])
    elif inside and rng.random() < 0.4:
        new = rng.choice(sorted(inside))
    else:
        new = str(int(words) + rng.choice([-30, -9, -2, -1, 1, 2, 9, 30]))
    return statement[:start] + new + statement[end:]


def name_inside(statement: str, source: Source, other: Source, rng: random.Random) -> str | None:
    """A name replaced by another one of the same passage."""
    return _renamed(statement, _names(source.text), rng)


def name_outside(statement: str, source: Source, other: Source, rng: random.Random) -> str | None:
    """A name replaced by one of another passage."""
    return _renamed(statement, _names(other.text), rng)


def negation(statement: str, source: Source, other: Source, rng: random.Random) -> str | None:
    """Negated, or no longer so."""
    if denial := _DENIAL.search(statement):
        return _put(statement, denial, "")
    if auxiliary := _AUXILIARY.search(statement):
        return _put(statement, auxiliary, f"{auxiliary[0]} not")
    return None


def clause(statement: str, source: Source, other: Source, rng: random.Random) -> str | None:
    """A clause of another passage in place of its end, or after it."""
    spans = sentences(other.text)
    foreign = other.text[slice(*rng.choice(spans))].rstrip(". ")
    parts = [
        p for p in re.split(r", | and | but | which | who ", foreign) if 3 < len(p.split()) < 16
    ]
    if not parts:
        return None
    part = rng.choice(parts).strip()
    begin = statement.rstrip(". ")
    middles = [m.start() for m in re.finditer(r", | and ", begin) if m.start() > 20]
    if middles and rng.random() < 0.5:
        begin = begin[: rng.choice(middles)]
    return f"{begin} and {part}."


def entity(statement: str, source: Source, other: Source, rng: random.Random) -> str | None:
    """The right words about something else: its subject replaced by another passage's title."""
    title = re.sub(r" \(.*\)$", "", other.title)
    own = re.sub(r" \(.*\)$", "", source.title)
    if own in statement:
        return statement.replace(own, title)
    if match := re.match(r"(?:It|He|She|They|This)\b", statement):
        return _put(statement, match, title)
    match = _NAME.match(statement)
    if match and " " in match[0] and not _OPENERS.union(MONTHS) & set(match[0].split()):
        return _put(statement, match, title)
    return None


def speaker(statement: str, source: Source, other: Source, rng: random.Random) -> str | None:
    """Said by someone else: the name beside a verb of saying changed, or a speaker made up."""
    names = [n for n in _names(source.text) if n not in statement]
    if not names:
        return None
    name = rng.choice(names)
    pattern = rf"(?:{_NAME.pattern})(?= (?:{_SPEECH})\b)"
    if match := re.search(pattern, statement):
        return _put(statement, match, name)
    head = statement if statement[:2].isupper() else statement[0].lower() + statement[1:]
    return rng.choice([f"According to {name}, {head}", f"{name} said that {head}"])


def comparative(statement: str, source: Source, other: Source, rng: random.Random) -> str | None:
    """A comparative or direction turned."""
    found = [m for m in re.finditer(r"\b[a-z]+\b", statement) if m[0] in OPPOSITE]
    if not found:
        return None
    match = rng.choice(found)
    return _put(statement, match, OPPOSITE[match[0]])


def roles(statement: str, source: Source, other: Source, rng: random.Random) -> str | None:
    """Two names on both sides of a verb exchanged."""
    found = [m for m in _NAME.finditer(statement) if not _OPENERS.union(MONTHS) & set(m[0].split())]
    pairs = [
        (a, b)
        for a, b in pairwise(found)
        if re.search(r"\b[a-z]{3,}(?:ed|s|ing)\b", statement[a.end() : b.start()])
        and a[0] not in b[0]
        and b[0] not in a[0]
        and not re.match(r",? (?:and|or) |, ", statement[a.end() :])
    ]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    between = statement[a.end() : b.start()]
    return statement[: a.start()] + b[0] + between + a[0] + statement[b.end() :]


KINDS: dict[str, Corrupt] = {
    "number": number,
    "date": date,
    "name, of another passage": name_outside,
    "name, of the same passage": name_inside,
    "negation": negation,
    "clause of another passage": clause,
    "another entity": entity,
    "who said it": speaker,
    "comparative": comparative,
    "subject and object": roles,
}


def _names(text: str) -> list[str]:
    """Names inside the sentences of a text."""
    found = {
        match[0]
        for start, end in sentences(text)
        for match in _NAME.finditer(text[start:end])
        if match.start() > 2
        and len(match[0]) > 3
        and not _OPENERS.union(MONTHS) & set(match[0].split())
    }
    return sorted(found)


def _renamed(statement: str, names: list[str], rng: random.Random) -> str | None:
    own = [m for m in _NAME.finditer(statement) if m.start() > 0 and len(m[0]) > 3]
    own = [m for m in own if not _OPENERS.union(MONTHS) & set(m[0].split())]
    said = set(re.findall(r"\w+", statement))
    new = [n for n in names if not said & set(re.findall(r"\w+", n))]
    if not own or not new:
        return None
    return _put(statement, rng.choice(own), rng.choice(new))


def _dated(text: str, match: re.Match[str]) -> bool:
    """Whether a number is part of a date."""
    around = text[max(0, match.start() - 11) : match.end() + 11]
    year = re.fullmatch(r"1[0-9]{3}|20[0-9]{2}", match[0])
    return bool(year or re.search(rf"\b(?:{_MONTH})\b", around))


def _put(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]
