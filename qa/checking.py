"""Is a statement held up by what it cites? Exact checks first, then how much of it is said."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

from qa import contradiction, figures
from qa.figures import numbers as numbers
from qa.lexical import analyse
from qa.types import Citation, Verdict
from qa.wording import fold as fold
from qa.wording import initials as initials
from qa.wording import undotted

# A score below the first is unsupported, below the second partial.
UNSAID, SUPPORTED = 0.45, 0.6
# What a finding leaves of the score: a contradiction, something that is not there, a doubt.
_MISSING, _NEGATED, _MISPLACED, _STRANGE, _DOUBT = 0.15, 0.25, 0.4, 0.4, 0.7

_NAME = re.compile(r"[^\W\d_][\w’'-]*")


_TITLES_WORDS = """
president vice prime minister secretary senator representative governor mayor chancellor pope
king queen prince princess sir lord lady mr mrs ms dr professor general colonel captain judge
justice chief director chairman chairwoman ambassador bishop archbishop father sheikh foreign
deputy congressman congresswoman rep sen gov
"""
_TITLES = frozenset(_TITLES_WORDS.split())
# Peoples whose name does not begin like their country's.
_PEOPLES = {
    word: frozenset(line.split())
    for line in """
    american americans us usa america united states
    british uk britain briton britons united kingdom
    french france; spanish spain spaniards; dutch netherlands holland; swiss switzerland
    greek greece greeks; turkish turkey turks; danish denmark danes; polish poland poles
    irish ireland; scottish scotland; english england; welsh wales; swedish sweden swedes
    finnish finland finns; filipino philippines; norwegian norway; portuguese portugal
    chinese china; israeli israel; iraqi iraq; afghan afghanistan; slovak slovakia; czech czechia
    serb serbia serbian; croat croatia; thai thailand; icelandic iceland; cypriot cyprus
    """.replace("\n", ";").split(";")
    for word in line.split()
}


@dataclass(frozen=True, slots=True)
class Grade:
    """A verdict, the score in [0, 1] that it was read from, and the reasons a person can read.
    `ceiling` is the best verdict that another judge may give: where something is missing or
    contradicted that can be told exactly, no one is asked."""

    score: float
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    ceiling: Verdict = "supported"


def check(
    statement: str,
    citations: Sequence[Citation],
    said: float,
    names: frozenset[str] = frozenset(),
    unspoken: Sequence[str] = (),
    strange: Sequence[str] = (),
) -> tuple[Verdict, tuple[str, ...]]:
    """Verdict and reasons of `grade`."""
    grade_ = grade(statement, citations, said, names, unspoken, strange)
    return grade_.verdict, grade_.reasons


def grade(
    statement: str,
    citations: Sequence[Citation],
    said: float,
    names: frozenset[str] = frozenset(),
    unspoken: Sequence[str] = (),
    strange: Sequence[str] = (),
    misfits: Sequence[str] = (),
) -> Grade:
    """How far the citations hold up a statement.

    `said` is the weighted share, in [0, 1], of the statement's words that the citations say, and
    `strange` are words of it that have no relation there. A number, date or name that no citation
    holds makes the statement unsupported, whatever its share, and so does a contradiction.
    `names` tells a name from another word at the beginning of a sentence; `unspoken` are words of
    the question that the passages do not speak of, `misfits` what `unmet` finds, and with either
    the most is partial.
    """
    if not citations:
        return Grade(0.0, "unsupported", ("no passage says this",), "unsupported")
    unfit = [(_DOUBT, f"the question does not fit: {reason}") for reason in misfits]
    if any(_flat(statement) == _flat(c.quote) for c in citations):
        if unfit:
            return Grade(SUPPORTED - 0.01, "partial", tuple(r for _, r in unfit), "partial")
        return Grade(1.0, "supported")
    findings = _findings(statement, citations, names)
    ceiling: Verdict = "unsupported" if any(left < _DOUBT for left, _ in findings) else "supported"
    if (unspoken or unfit) and ceiling == "supported":
        ceiling = "partial"
    findings += unfit + _strangers(strange)
    findings += [(_DOUBT, f"the passages do not speak of {word}") for word in unspoken]
    score = said * prod(left for left, _ in findings)
    if findings:
        most = UNSAID if any(left < _DOUBT for left, _ in findings) else SUPPORTED
        score = min(score, most - 0.01)
    reasons = [reason for _, reason in findings]
    if not reasons and score < SUPPORTED:
        reasons = [_UNSAID if score < UNSAID else "the quoted passage says only a part of this"]
    return Grade(score, _verdict(score), tuple(reasons), ceiling)


_UNSAID = "the quoted passage says something else"


def _verdict(score: float) -> Verdict:
    if score < UNSAID:
        return "unsupported"
    return "partial" if score < SUPPORTED else "supported"


def _findings(
    statement: str, citations: Sequence[Citation], names: frozenset[str]
) -> list[tuple[float, str]]:
    """What is wrong with a statement or doubtful in it, and what each leaves of the score."""
    pair = contradiction.compared(statement, [c.quote for c in citations])
    found = [(_MISSING, reason) for reason in missing(statement, citations, names)]
    found += [(_NEGATED, reason) for reason in contradiction.negated(pair)]
    found += [(_NEGATED, reason) for reason in contradiction.contrasted(pair)]
    found += [(_MISPLACED, reason) for reason in contradiction.misplaced(pair)]
    found += [(_MISPLACED, reason) for reason in contradiction.reversed_roles(pair)]
    found += [(_DOUBT, reason) for reason in contradiction.unnegated(pair)]
    found += [(_DOUBT, reason) for reason in contradiction.misattributed(pair)]
    return found


def _strangers(strange: Sequence[str]) -> list[tuple[float, str]]:
    reason = f"the quoted passage does not speak of {', '.join(strange)}"
    return [(_STRANGE if len(strange) > 1 else _DOUBT, reason)] if strange else []


def unmet(question: str, citations: Sequence[Citation], passages: str) -> list[str]:
    """What a question takes for granted and what is cited denies: an opposite ("the lowest form",
    "the highest form"), a negation, or a number that `passages`, those cited from, do not hold. Not
    for a question whose answer is yes or no. Of 600 answerable SQuAD questions and the sentence
    with the answer this finds something for 3 %, of as many unanswerable ones for 25 %."""
    pair = contradiction.compared(f"{question.rstrip(' ?')}.", [c.quote for c in citations])
    found = contradiction.contrasted(pair) + contradiction.negated(pair)
    around = " ".join([passages, *(f"{c.title} {_date_words(c)}" for c in citations)])
    rest, _ = _without_dates(question, around, citations)
    numbers = _missing_numbers(rest, around)
    return found + [f"{number} is not in the passage" for number in numbers]


def missing(
    statement: str, citations: Sequence[Citation], names: frozenset[str] = frozenset()
) -> list[str]:
    """The dates, numbers and names of a statement of which the citations have no form."""
    quoted = " ".join(f"{c.quote} {c.title} {_date_words(c)}" for c in citations)
    rest, reasons = _without_dates(statement, quoted, citations)
    reasons += [
        f"{word} is not in the quoted passage"
        for word in (*_missing_numbers(rest, quoted), *_missing_names(rest, quoted, names))
    ]
    return reasons


def _without_dates(
    statement: str, quoted: str, citations: Sequence[Citation]
) -> tuple[str, list[str]]:
    """The statement with its dates blanked out, and a reason for each that is not held."""
    given = [m for c in citations for m in figures.moments(f"{c.quote} . {c.title}", c.published)]
    given += [m for c in citations for m in figures.moments(_date_words(c), c.published)]
    years = set(figures.years(quoted))
    reasons, rest = list[str](), statement
    for moment in figures.moments(statement):
        if not figures.held(moment, given, years):
            alike = [m.text for m in given if m.month and moment.month][:1]
            says = f", which says {alike[0]}" if alike else ""
            reasons.append(f"{moment.text} is not in the quoted passage{says}")
        blank = "_" * (moment.end - moment.start)
        rest = rest[: moment.start] + blank + rest[moment.end :]
    return rest, reasons


def _missing_numbers(statement: str, quoted: str) -> list[str]:
    held = figures.loose_numbers(quoted)
    stated = figures.stated_numbers(statement)
    units = dict[str, set[str | None]]()
    for number in figures.stated_numbers(quoted):
        for value in figures.numbers(number.text):
            units.setdefault(value, set()).add(number.unit)
    found = list[str]()
    for number in stated:
        values = figures.loose_numbers(number.text)
        if not values & held:
            if not figures.rounded(number, statement, held):
                found.append(number.text)
        elif number.unit:
            there = set[str | None]().union(*(units.get(v, {None}) for v in values & held))
            if None not in there and number.unit not in there:
                found.append(f"{number.text} {number.unit}")
    return list(dict.fromkeys(found))


def known_names(texts: Iterable[str]) -> frozenset[str]:
    """Words, folded, that stand capitalised inside sentences of these texts and never without."""
    text = " ".join(texts)
    inside = set(re.findall(r"(?<=[\w,] )[A-ZÀ-Þ][^\W\d_]+", text))
    small = set(re.findall(r"\b[a-zß-ÿ][^\W\d_]+", text))
    return frozenset(fold(word) for word in inside if word.casefold() not in small)


def _missing_names(statement: str, quoted: str, names: frozenset[str]) -> list[str]:
    """Capitalised words of the statement of which the quotation has no form."""
    quoted = undotted(quoted)
    held, short = set(re.findall(r"\w+", fold(quoted))), initials(quoted)
    capitals = {fold(word) for word in re.findall(r"\b[A-Z]{2,5}\b", quoted)}
    held |= {country for word in held for country in _PEOPLES.get(word, ())}
    statement = undotted(statement)
    for run in re.finditer(r"[A-Z]\w+(?: (?:of |for |the |and )*[A-Z]\w+)+", statement):
        if initials(run.group()) & capitals:  # "United Nations" where the source has "UN"
            statement = statement.replace(run.group(), "_" * len(run.group()))
    missing = list[str]()
    for match in _NAME.finditer(statement):
        word = match.group()
        if not word[0].isupper() or not (analyse(word) or re.fullmatch("[A-Z]{2,5}", word)):
            continue
        following = statement[match.end() :].lstrip(". ")
        if fold(word) in _TITLES and following[:1].isupper():
            continue
        first = not statement[: match.start()].strip(" \"'“‘(")
        parts = re.findall(r"\w+", re.sub(r"['’]s$", "", fold(word)))
        if first and not (parts[0] in names or _is_name(word, statement)):
            continue
        if not all(_held(part, held, short) for part in parts):
            missing.append(re.sub(r"['’]s$", "", word))
    return list(dict.fromkeys(missing))


def _is_name(word: str, statement: str) -> bool:
    """Whether a sentence's first word is a name: the next is capitalised too, or it is all caps."""
    following = statement.split(word, 1)[1].lstrip()
    return bool(following[:1].isupper() or (len(word) > 1 and word.isupper()))


def _held(part: str, held: set[str], initials: frozenset[str]) -> bool:
    return part in initials or any(related(part, other) for other in held)


def related(word: str, other: str) -> bool:
    """Whether two folded words are one, or one and its people: "Mexico" and "Mexican", "Cuba" and
    "Cubans", but not "Austria" and "Australia"."""
    short, long = sorted((word, other), key=len)
    if word == other or (len(short) > 3 and long.startswith(short)):
        return True
    return len(short) > 5 and len(long) - len(short) < 4 and long.startswith(short[:-1])


def _date_words(citation: Citation) -> str:
    day = citation.published
    return f"{day.isoformat()} {day.day} {day:%B} {day.year}" if day else ""


def _flat(text: str) -> str:
    return " ".join(fold(text).split())
