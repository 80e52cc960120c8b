"""Is a statement held up by what it cites? Exact checks first, then how much of it is said."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

from qa.lexical import analyse
from qa.types import Citation, Verdict

# Below the first share of its weight a statement is not said by its citation, below the second
# only in part.
UNSAID, PARTLY = 0.45, 0.6

_SCALES = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_SCALE = r"(?:[ -](thousand|million|billion)\b)?"
_NUMBER = re.compile(rf"(\d+(?:[.,]\d+)*){_SCALE}", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_][\w’'-]*")
_WORDS = {
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
_WORDED = re.compile(rf"\b({'|'.join(_WORDS)})\b{_SCALE}", re.IGNORECASE)


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
    quoted = " ".join(c.quote + _head(c) for c in citations)
    if any(_flat(statement) == _flat(c.quote) for c in citations):
        return "supported", ()
    if lacking := missing(statement, quoted, names):
        return "unsupported", tuple(f"{word} is not in the quoted passage" for word in lacking)
    if said < UNSAID:
        return "unsupported", ("the quoted passage says something else",)
    if said < PARTLY:
        return "partial", ("the quoted passage says only a part of this",)
    if all(missing(statement, c.quote + _head(c), names) for c in citations):
        return "partial", ("this is put together from several places",)
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
    """The numbers of a text by value: "6,000" and "6000" are one, "5 million" is 5000000, and two
    to twelve count as words too. "2.150" is read both ways, as English and as Spanish."""
    found = set[str]()
    for digits, scale in _NUMBER.findall(text):
        times = _SCALES.get(scale.casefold(), 1)
        found |= {_value(reading, times) for reading in _readings(digits)}
    for word, scale in _WORDED.findall(text):
        found.add(_value(_WORDS[word.casefold()], _SCALES.get(scale.casefold(), 1)))
    return found


def fold(text: str) -> str:
    """Lowercase without accents, typographic quotes as plain ones."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def _readings(digits: str) -> set[str]:
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


def _missing_numbers(statement: str, quoted: str) -> list[str]:
    held = numbers(quoted)
    said = [match.group().strip() for match in _NUMBER.finditer(statement)]
    said += [match.group().strip() for match in _WORDED.finditer(statement)]
    return [words for words in dict.fromkeys(said) if not numbers(words) & held]


def _missing_names(statement: str, quoted: str, names: frozenset[str]) -> list[str]:
    """Capitalised words of the statement of which the quotation has no form."""
    held, short = set(re.findall(r"\w+", fold(quoted))), initials(quoted)
    missing = list[str]()
    for match in _NAME.finditer(statement):
        word = match.group()
        if not word[0].isupper() or not analyse(word):
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


def _held(part: str, held: set[str], initials: set[str]) -> bool:
    return part in initials or any(related(part, other) for other in held)


def related(word: str, other: str) -> bool:
    """Whether two folded words are one, or one and its people: "Mexico" and "Mexican", "Cuba" and
    "Cubans", but not "Austria" and "Australia"."""
    short, long = sorted((word, other), key=len)
    if word == other or (len(short) > 3 and long.startswith(short)):
        return True
    return len(short) > 5 and len(long) - len(short) < 4 and long.startswith(short[:-1])


def initials(text: str) -> set[str]:
    """Folded initials of each run of two to five capitalised words: "un" for "United Nations"."""
    words = re.findall(r"\w+", text)
    runs = (words[i : i + n] for n in range(2, 6) for i in range(len(words) - n + 1))
    return {fold("".join(w[0] for w in run)) for run in runs if all(w[0].isupper() for w in run)}


def _head(citation: Citation) -> str:
    return f" {citation.title} {_date_words(citation)}"


def _date_words(citation: Citation) -> str:
    day = citation.published
    return f"{day.isoformat()} {day.day} {day:%B} {day.year}" if day else ""


def _flat(text: str) -> str:
    return " ".join(fold(text).split())
