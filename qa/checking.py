"""Is a statement held up by what it cites? Exact checks first, then how much of it is said."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from qa.lexical import analyse
from qa.types import Citation, Verdict

# Below the first share of its weight a statement is not said by its citation, below the second
# only in part. Fitted by benchmarks/verdicts.py.
UNSAID, PARTLY = 0.45, 0.6

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"[^\W\d_][\w’'-]*")
_WORDS = {
    "zero": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
}


def check(
    statement: str,
    citations: Sequence[Citation],
    said: float,
    names: frozenset[str] = frozenset(),
    unspoken: Sequence[str] = (),
) -> tuple[Verdict, tuple[str, ...]]:
    """Verdict and the reasons a person can read.

    `said` is the weighted share, in [0, 1], of the statement's words that the citations say. A
    number or name that no citation holds makes the statement unsupported, whatever its share.
    `names` tells a name from another word at the beginning of a sentence; `unspoken` are words of
    the question that the passages do not speak of, and then the most is partial.
    """
    if not citations:
        return "unsupported", ("no passage says this",)
    quoted = " ".join(f"{c.quote} {c.title} {_date_words(c)}" for c in citations)
    if _flat(statement) in _flat(quoted):
        return "supported", ()
    if lacking := missing(statement, quoted, names):
        return "unsupported", tuple(f"{word} is not in the quoted passage" for word in lacking)
    if said < UNSAID:
        return "unsupported", ("the quoted passage says something else",)
    if said < PARTLY:
        return "partial", ("the quoted passage says only a part of this",)
    if unspoken:
        return "partial", tuple(f"the passages do not speak of {word}" for word in unspoken)
    return "supported", ()


def missing(statement: str, quoted: str, names: frozenset[str] = frozenset()) -> list[str]:
    """The numbers and names of a statement of which a quotation has no form."""
    return _missing_numbers(statement, quoted) + _missing_names(statement, quoted, names)


def known_names(texts: Iterable[str]) -> frozenset[str]:
    """Words, folded, that stand capitalised inside sentences of these texts and never without."""
    text = " ".join(texts)
    inside = set(re.findall(r"(?<=[\w,] )[A-ZÀ-Þ][^\W\d_]+", text))
    small = set(re.findall(r"\b[a-zß-ÿ][^\W\d_]+", text))
    return frozenset(fold(word) for word in inside if word.casefold() not in small)


def numbers(text: str) -> set[str]:
    """The numbers of a text, digits without separators; one to twelve also as words."""
    digits = {_plain(match) for match in _NUMBER.findall(text)}
    words = {_WORDS[w] for w in re.findall(r"[a-z]+", text.lower()) if w in _WORDS}
    return digits | words


def fold(text: str) -> str:
    """Lowercase without accents, typographic quotes as plain ones."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def _plain(number: str) -> str:
    # "6,000" and "6000" are one number, "1.50" and "1.5" too; a comma before three digits is a
    # separator, any other a decimal comma.
    whole = re.sub(r",(?=\d{3}(?:\D|$))", "", number).replace(",", ".")
    return whole.rstrip("0").rstrip(".") if "." in whole else whole.lstrip("0") or "0"


def _missing_numbers(statement: str, quoted: str) -> list[str]:
    held = numbers(quoted)
    return [n for n in dict.fromkeys(_NUMBER.findall(statement)) if _plain(n) not in held]


def _missing_names(statement: str, quoted: str, names: frozenset[str]) -> list[str]:
    """Capitalised words of the statement of which the quotation has no form."""
    held = set(re.findall(r"\w+", fold(quoted)))
    missing = list[str]()
    for match in _NAME.finditer(statement):
        word = match.group()
        if not word[0].isupper() or not analyse(word):
            continue
        first = not statement[: match.start()].strip(" \"'“‘(")
        parts = re.findall(r"\w+", re.sub(r"['’]s$", "", fold(word)))
        if first and not (parts[0] in names or _is_name(word, statement)):
            continue
        if not all(_held(part, held) for part in parts):
            missing.append(re.sub(r"['’]s$", "", word))
    return list(dict.fromkeys(missing))


def _is_name(word: str, statement: str) -> bool:
    """Whether a sentence's first word is a name: the next is capitalised too, or it is all caps."""
    following = statement.split(word, 1)[1].lstrip()
    return bool(following[:1].isupper() or (len(word) > 1 and word.isupper()))


def _held(part: str, held: set[str]) -> bool:
    # "Mexican" is held by "Mexico", "Venezuelans" by "Venezuela": a common stem of five letters.
    return part in held or (len(part) > 4 and any(other[:5] == part[:5] for other in held))


def _date_words(citation: Citation) -> str:
    day = citation.published
    return f"{day.isoformat()} {day.day} {day:%B} {day.year}" if day else ""


def _flat(text: str) -> str:
    return " ".join(fold(text).split())
