"""Is a statement held up by what it cites? Exact checks first, then how much of it is said."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path

from qa import contradiction, figures, places, speakers
from qa.figures import numbers as numbers
from qa.lexical import analyse
from qa.sentences import sentences as split_sentences
from qa.types import Citation, Verdict
from qa.wording import GENERAL, SOME_OF, acronyms, peoples, undotted
from qa.wording import fold as fold
from qa.wording import initials as initials
from qa.wording import related as related

# What each sign counts and where the verdicts begin, fitted by benchmarks/fit_verdicts.py.
_FITTED = json.loads(Path(__file__).with_name("verdicts.json").read_text("utf-8"))
WEIGHTS: Mapping[str, float] = _FITTED["weights"]
# More likely true than not; most likely false.
SUPPORTED, UNSAID = 0.5, 0.25
# Where less of a statement is said than of 99 in a hundred true ones, and than of any.
_PART: float = _FITTED["a part is said below"]
_NONE: float = _FITTED["nothing is said below"]
_EXACT = 0.02  # what is left of a score where a number or date is missing: the surest sign

# They begin a clause, and a name may follow.
_OPENERS_WORDS = """
although though because once since unless whereas whenever wherever neither either despite besides
like unlike according instead former both while when where after before among another
"""
_OPENERS = frozenset(_OPENERS_WORDS.split()) | frozenset(figures.WORDED)
_NAME = re.compile(r"(?<!\w)[^\W\d_](?:[^\W_]|[’'-])*")


_TITLES_WORDS = """
president vice prime minister secretary senator representative governor mayor chancellor pope
king queen prince princess sir lord lady mr mrs ms dr professor general colonel captain judge
justice chief director chairman chairwoman ambassador bishop archbishop father sheikh foreign
deputy congressman congresswoman rep sen gov
"""
_TITLES = frozenset(_TITLES_WORDS.split())


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
    holds makes the statement unsupported, whatever its share.
    `names` tells a name from another word at the beginning of a sentence; `unspoken` are words of
    the question that the passages do not speak of, `misfits` what `unmet` finds, and with either
    the most is partial.
    """
    if not citations:
        return Grade(0.0, "unsupported", ("no passage says this",), "unsupported")
    unfit = tuple(f"the question does not fit: {reason}" for reason in misfits)
    if any(_flat(statement) == _flat(c.quote) for c in citations):
        if unfit:
            return Grade(_LESS, "partial", unfit, "partial")
        return Grade(1.0, "supported")
    found = findings(statement, citations, names, strange)
    score = probability(signs(statement, citations, said, found))
    if any(finding.sign == "figure missing" for finding in found):
        score *= _EXACT
    score = min(score, 1 if said >= _PART else _LESS if said >= _NONE else UNSAID - _LITTLE)
    exact = any(finding.exact for finding in found)
    # What the source denies it does not say in part.
    denied = score < SUPPORTED and any(f.sign in ("negated", "opposite") for f in found)
    verdict: Verdict = "unsupported" if exact or denied else _verdict(score)
    reasons = [finding.reason for finding in found]
    ceiling: Verdict = "supported"
    if verdict != "supported" and any(f.exact or f.sign in _CONTRADICTIONS for f in found):
        ceiling = verdict
    doubts = [*unfit]
    if unspoken:
        doubts.append(f"the passages do not speak of {_listed(unspoken)}")
    if doubts and verdict == "supported":
        score, verdict, reasons = _LESS, "partial", []
    if doubts and ceiling == "supported":
        ceiling = "partial"
    if verdict == "supported":
        return Grade(score, verdict)
    if not reasons and not doubts:
        reasons = [_UNSAID if verdict == "unsupported" else _PARTLY]
    return Grade(score, verdict, (*reasons, *doubts), ceiling)


_LITTLE = 0.001
_LESS = SUPPORTED - _LITTLE
_UNSAID = "the quoted passage says something else"
_PARTLY = "the quoted passage says only a part of this"


def _verdict(score: float) -> Verdict:
    if score < UNSAID:
        return "unsupported"
    return "partial" if score < SUPPORTED else "supported"


@dataclass(frozen=True, slots=True)
class Finding:
    """What speaks against a statement: the sign that it is, and the reason a person can read.
    `exact` where no weighing helps: no citation has this number, date or name."""

    sign: str
    reason: str
    exact: bool = False


_CONTRADICTIONS = frozenset(["negated", "opposite", "misplaced"])


def findings(
    statement: str,
    citations: Sequence[Citation],
    names: frozenset[str] = frozenset(),
    strange: Sequence[str] = (),
) -> list[Finding]:
    """What speaks against a statement, each sign with its reason."""
    pair = contradiction.compared(statement, _told(citations))
    figures_, names_ = _missing(statement, citations, names)
    found = [Finding("figure missing", _absent(word), True) for word in figures_]
    found += [Finding("name missing", _absent(word), True) for word in names_]
    negated = contradiction.negated(pair) + places.reversed_roles(pair)
    found += [Finding("negated", reason) for reason in negated]
    found += [Finding("opposite", reason) for reason in contradiction.contrasted(pair)]
    found += [Finding("misplaced", reason) for reason in places.misplaced(pair)]
    found += [Finding("not negated", reason) for reason in contradiction.unnegated(pair)]
    found += [Finding("misattributed", reason) for reason in speakers.misattributed(pair)]
    words = [
        word
        for word in strange
        if not (fold(word) in GENERAL or word in names_ or speakers.is_saying(word))
    ]
    if words:
        sign = "strange words" if len(words) > 1 else "strange word"
        reason = f"the quoted passage does not speak of {_listed(words)}"
        found.append(Finding(sign, reason))
    return found


def _told(citations: Sequence[Citation]) -> list[str]:
    """What is quoted, in the order of the documents: "he" is someone named before."""
    return [c.quote for c in sorted(citations, key=lambda c: (c.document_id, c.start))]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"“{word}”" for word in words)


def signs(
    statement: str, citations: Sequence[Citation], said: float, found: Sequence[Finding]
) -> dict[str, float]:
    """What the score is made of: each sign found, as 1; the share that is said, and in how many
    sentences; how much better the place of a name or number fits another one; the share that is
    verbatim, and by it again what a writer who keeps the source's words would not have changed."""
    pair = contradiction.compared(statement, _told(citations))
    sentences = sum(max(1, len(split_sentences(c.quote))) for c in citations)
    verbatim = contradiction.verbatim(pair)
    measured = dict.fromkeys((finding.sign for finding in found), 1.0) | {
        "name displaced": places.displaced(pair, "name"),
        "number displaced": places.displaced(pair, "number"),
    }
    changed = {f"{name}, verbatim": measured.get(name, 0.0) * verbatim for name in CHANGED}
    whole = {"said": said, "sentences": float(sentences), "verbatim": verbatim}
    return measured | changed | whole


CHANGED = ("strange word", "strange words", "misplaced", "name displaced", "number displaced")


def probability(signs: Mapping[str, float]) -> float:
    """How likely a statement with these signs is true, where as many are false: a logistic model of
    them."""
    weight = WEIGHTS["true"] + sum(WEIGHTS[name] * value for name, value in signs.items())
    return 1 / (1 + exp(-weight))


def unmet(question: str, citations: Sequence[Citation], passages: str) -> list[str]:
    """What a question takes for granted and what is cited denies: an opposite ("the lowest form",
    "the highest form"), a negation, or a number that `passages`, those cited from, do not hold. Not
    for a question whose answer is yes or no. Of 600 answerable SQuAD questions and the sentence
    with the answer this finds something for 3 %, of as many unanswerable ones for 25 %."""
    pair = contradiction.compared(f"{question.rstrip(' ?')}.", _told(citations))
    found = contradiction.contrasted(pair) + contradiction.negated(pair)
    around = " ".join([passages, *(f"{c.title} {_date_words(c)}" for c in citations)])
    rest, _ = _without_dates(SOME_OF.sub("of", question), around, citations)
    numbers = _missing_numbers(rest, around)
    return found + [f"{number} is not in the passage" for number in numbers]


def missing(
    statement: str, citations: Sequence[Citation], names: frozenset[str] = frozenset()
) -> list[str]:
    """The dates, numbers and names of a statement of which the citations have no form."""
    figures_, names_ = _missing(statement, citations, names)
    return [_absent(word) for word in (*figures_, *names_)]


def _missing(
    statement: str, citations: Sequence[Citation], names: frozenset[str]
) -> tuple[list[str], list[str]]:
    """The dates and numbers, and the names."""
    quoted = " ".join(f"{c.quote} {c.title} {_date_words(c)}" for c in citations)
    rest, dates = _without_dates(statement, quoted, citations)
    return [*dates, *_missing_numbers(rest, quoted)], _missing_names(rest, quoted, names)


def _absent(word: str) -> str:
    what, _, says = word.partition(", which says ")
    return f"{what} is not in the quoted passage{f', which says {says}' if says else ''}"


def _without_dates(
    statement: str, quoted: str, citations: Sequence[Citation]
) -> tuple[str, list[str]]:
    """The statement with its dates blanked out, and those that are not held, each with the one of
    its kind that is."""
    given = [m for c in citations for m in figures.moments(f"{c.quote} . {c.title}", c.published)]
    given += [m for c in citations for m in figures.moments(_date_words(c), c.published)]
    years = set(figures.years(quoted))
    reasons, rest = list[str](), statement
    for moment in figures.moments(statement):
        if not figures.held(moment, given, years):
            alike = [m.text for m in given if m.month and moment.month][:1]
            says = f", which says {alike[0]}" if alike else ""
            reasons.append(f"{moment.text}{says}")
        blank = "_" * (moment.end - moment.start)
        rest = rest[: moment.start] + blank + rest[moment.end :]
    return rest, reasons


def _missing_numbers(statement: str, quoted: str) -> list[str]:
    counted = figures.without_days(quoted)
    given = figures.stated_numbers(counted)
    days = {str(moment.day) for moment in figures.moments(quoted) if moment.day}
    meant = figures.loose_numbers(counted) - figures.numbers(counted)
    roman = figures.in_names(quoted, True)
    found = list[str]()
    for number in figures.stated_numbers(statement):
        if number.ordinal and number.values & days:
            continue  # "on the 12th"
        if same := figures.equal(number, statement, given, counted):
            if figures.of_others(number, same, given, counted):
                found.append(f"{number.text} {number.unit or number.things}")
            continue
        exact = figures.less_rounded(number, statement, given, counted)
        if not (
            number.values & meant
            or (number.named and number.values & roman)
            or figures.held_loosely(number, statement, given, counted)
            or figures.rounded(number, statement, exact)
        ):
            found.append(number.text)
    found += figures.changed_ranges(statement, quoted)
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
    spoken = re.findall(r"\w+", quoted)
    held, short, shorter = set(map(fold, spoken)), initials(quoted), acronyms(quoted)
    capitals = {fold(word) for word in re.findall(r"\b[A-Z]{2,5}\b", quoted)}
    held |= {word for group in peoples(quoted) for name in group for word in name.split()}
    statement = undotted(statement)
    for run in re.finditer(r"[A-Z]\w+(?: (?:of |for |the |and )*[A-Z]\w+)+", statement):
        if initials(run.group()) & capitals:  # "United Nations" where the source has "UN"
            statement = statement.replace(run.group(), "_" * len(run.group()))
    missing = list[str]()
    numbered = figures.in_names(quoted, False)
    for match in _NAME.finditer(statement):
        word = match.group()
        if figures.ROMAN.get(word) in numbered:
            continue  # "World War II" where the source has "World War 2"
        if not word[0].isupper() or not (analyse(word) or re.fullmatch("[A-Z]{2,5}", word)):
            continue
        following = statement[match.end() :].lstrip(". ")
        if fold(word) in _TITLES and following[:1].isupper():
            continue
        first = not statement[: match.start()].strip(" \"'“‘(")
        parts = re.findall(r"\w+", re.sub(r"['’]s$", "", fold(word)))
        if first and not (parts[0] in names or _is_name(word, statement)):
            continue
        # "MSP" may be made of any words, "Tim" of capitalised ones alone.
        made = short | shorter if re.sub(r"['’]s$", "", word).isupper() else short
        if not all(_held(part, held, made) for part in parts):
            missing.append(re.sub(r"['’]s$", "", word))
    return list(dict.fromkeys(missing))


def _is_name(word: str, statement: str) -> bool:
    """Whether a sentence's first word is a name: the next is capitalised too, or it is all caps."""
    following = statement.split(word, 1)[1].lstrip()
    if word.casefold() in _OPENERS:
        return False
    return bool(following[:1].isupper() or (len(word) > 1 and word.isupper()))


def _held(part: str, held: set[str], initials: frozenset[str]) -> bool:
    return part in initials or any(related(part, o) or misspelt(part, o) for o in held)


def misspelt(word: str, other: str) -> bool:
    """Whether two folded words of a name are one but for a letter: "Bismark" and "Bismarck"."""
    short, long = sorted((word, other), key=len)
    if len(short) < 7 or len(long) - len(short) > 1 or short[0] != long[0]:
        return False
    same = next(
        (n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short)
    )
    return short[same:] == long[same + 1 :] or short[same + 1 :] == long[same + 1 :]


def _date_words(citation: Citation) -> str:
    day = citation.published
    return f"{day.isoformat()} {day.day} {day:%B} {day.year}" if day else ""


def _flat(text: str) -> str:
    return " ".join(fold(text).split())
