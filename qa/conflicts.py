"""Where documents disagree about what is asked: other numbers, amounts or years, or yes and no.

An exact check of the evidence, without a model. Two sentences of different documents are in
conflict when both give a figure of the kind that the question asks for, in one unit, the figures
exclude each other as they are rounded, and nothing says that they are of different things or times.
A false conflict is worse than one that is missed: where that cannot be told, there is none.
"""

import re
from calendar import day_name, month_name
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

import numpy as np

from qa import attribution, contradiction, figures, matching, wording
from qa.models import Words
from qa.questions import Asked, asks_whether
from qa.types import Citation, Conflict

_MOST = 3  # conflicts shown for one thing that is asked
# What both sentences must say of the question, by words in context: in their place, and in the
# clause of the figure. 900 SQuAD questions gave 6 false conflicts without any further check.
_PLACE, _CLAUSE = 0.55, 0.5
_ALIKE = 0.5  # similarity in context of words that stand for each other: "hurt" and "injured"
_CORE = 0.6  # how well, on average, the words that belong to the figure must be said in its clause
_ANY = 0.35  # and how well any word of the question, in the sentence or beside it
_SHARE_SAID = 0.45  # from which similarity both sentences say a word of the question
_FEWEST = 2  # words besides names that a question must have
_SHARED = 2  # words of it that both must have besides the one that they disagree about
_STANCE = 0.55  # what a sentence must say of a question to be answered with yes or no

_MANY = re.compile(r"\bhow many\b", re.IGNORECASE)
_MONEY = re.compile(
    r"\bhow much\b.*\b(?:costs?|money|pa(?:y|id)|spen[dt]|damage|worth|invest\w*|raised?|los[et]"
    r"|charged?)\b|\bwhat\b.*\b(?:costs?|price|budget|fee|salary)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(r"\b(?:what|which) (?:percent|per cent|percentage)\b", re.IGNORECASE)
_WHEN = re.compile(r"\bwhen\b|\b(?:what|which) year\b", re.IGNORECASE)
_UNITS_OF = {
    "high tall deep wide": "metres feet",
    "far": "metres feet kilometres miles",
    "long": "metres feet kilometres miles seconds minutes hours days weeks months years",
    "quickly soon fast": "seconds minutes hours days weeks",
    "heavy": "kilograms tonnes pounds",
    "old": "years",
}
_MEASURES = {
    word: frozenset(units.split()) for words, units in _UNITS_OF.items() for word in words.split()
}
# What tells of a length that it is another one than is asked for.
_DIMENSIONS = {
    "far": re.compile(r"\s*(?:away|from|off|distant|downstream|upstream|inland)\b"),
    "high": re.compile(r"\s*(?:high|tall|in height|above|to the t[io]p)\b"),
    "deep": re.compile(r"\s*(?:deep|below|in depth)\b"),
    "wide": re.compile(r"\s*(?:wide|across|in width)\b"),
    "long": re.compile(r"\s*(?:long|in length)\b"),
}
_HOW = re.compile(rf"\bhow ({'|'.join(_MEASURES)})\b", re.IGNORECASE)
_MONEYS = frozenset(["dollars", "euros", "pounds", "pesos", "yen"])
_SCALED = re.compile(r"\b(?:thousand|[mb]illion|trillion)\b", re.IGNORECASE)
# A question's words belong to its figure up to here: "how many took part | in the rescue".
_BREAK = re.compile(
    r"\b(?:in|at|during|when|after|before|because|while|from|for|since|until|if|according)\b",
    re.IGNORECASE,
)

# A figure of a part, of what comes on top, of each, or of a range or change; and one denied.
_NOT_AFTER = re.compile(
    r"(?:[ -](?:per ?cent|[a-z]+))?\s*(?:of (?:them|these|those|whom|which)\b|more\b|others?\b"
    r"|additional\b|a (?:day|week|month|year|night|hour)\b|per \w+|each\b|apiece\b"
    r"|in (?:every|each)\b|(?:or|to) (?:\d|[a-z]+ty\b))|%? ?[-–]\d|\s*of the\b",
    re.IGNORECASE,
)
_NOT_BEFORE = re.compile(
    r"(?:\b(?:another|other|further|additional|extra|first|last|next|between|by|from|every|each"
    r"|or|to|not|per|than|No\.|number)|\d ?[-–]|\d (?:to|and|or))\s*[$€£]?\Z",
    re.IGNORECASE,
)
_THAN = re.compile(r"\b(?:more|greater|higher|less|fewer|lower) than\s*[$€£]?\Z", re.IGNORECASE)
_AT_LEAST = re.compile(
    r"\b(?:(?:more|greater|higher) than|over|above|at least|exceeding|upwards? of)\s*[$€£]?\Z",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"\b(?:(?:less|fewer|lower) than|under|below|at most|up to)\s*[$€£]?\Z", re.IGNORECASE
)
_NOT_WHEN = re.compile(
    r"\b(?:before|after|since|until|by|from|to|between|not in)\s(?:\d+\s)?(?:[A-Z][a-z]+\s)?"
    r"(?:\d+,\s)?\Z",
)
_CLOCK = re.compile(r"\s*(?:[ap]\.?m\b|o'clock)|:\d", re.IGNORECASE)
_ITEM = re.compile(r"\s*\d{1,3}[.)]\s")
_BARE_YEAR = re.compile(r"(?:1[0-9]{3}|20[0-9]{2})\Z")
_ORDINAL_WORDS = """
third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
"""
_ORDINALS = frozenset(_ORDINAL_WORDS.split())
_CALENDAR = frozenset(map(wording.key, (*month_name[1:], *day_name)))
_CUT = re.compile(r"[;:]|,? (?:and|but|while|whereas|who|which) |, ")
_FARTHEST = 10  # times that one figure of one thing is another one of it
_EXACT = 100  # below it a number that is not given as rounded is not taken as rounded


@dataclass(frozen=True, slots=True)
class Slot:
    """The figure that a question asks for: its kind, the units that it may have, and of "how many"
    the place of the noun among the question's words."""

    kind: str
    units: frozenset[str] = frozenset()
    noun: int = -1
    dimension: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A sentence of the evidence beside the words of a question: `similar` of shape (words of the
    question, words of the sentence), and `places`, where those stand in it."""

    sentence: matching.Sentence
    similar: matching.Floats
    places: tuple[tuple[int, int], ...]

    def best(self, start: int, end: int) -> matching.Floats:
        """How well `text[start:end]` says each word of the question."""
        inside = [n for n, (at, _) in enumerate(self.places) if start <= at < end]
        found: matching.Floats = self.similar[:, inside].max(axis=1, initial=0)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A figure that a sentence gives for what is asked. `said` is the share of the question, names
    apart, that its clause says."""

    told: Told
    number: figures.Number
    unit: str
    clause: tuple[int, int]
    said: float

    @property
    def values(self) -> set[str]:
        """What it may be read as."""
        return figures.numbers(self.number.text)


def conflicts(
    matched: Sequence[tuple[Asked, Sequence[matching.Sentence]]],
    read: Mapping[str, Words],
    citations: Sequence[Citation],
) -> tuple[Conflict, ...]:
    """For each thing that is asked, the sentences of other documents that do not agree with one
    that is cited. `read` holds the words of each passage by passage id. Citations in them have the
    numbers of the evidence."""
    found = dict[frozenset[tuple[str, int]], Conflict]()
    for asked, sentences in matched:
        told = [_told(asked, s, read[s.evidence.hit.passage.id]) for s in sentences]
        likely = [t for t in told if matching.score(asked.target, t.sentence) >= _PLACE]
        for conflict in _of_figures(asked, likely, citations) or _of_stances(
            asked, likely, citations
        ):
            sides = frozenset((side.document_id, side.start) for side in conflict.sides)
            found.setdefault(sides, conflict)
    return tuple(found.values())


def numbered(found: Sequence[Conflict], numbers: dict[int, int]) -> tuple[Conflict, ...]:
    """Conflicts under the numbers that readers see, as `attribution.numbered` gives them."""
    renumbered = list[Conflict]()
    for conflict in found:
        one, other = attribution.numbered(conflict.sides, numbers)
        renumbered.append(replace(conflict, sides=(one, other)))
    return tuple(renumbered)


def slot(asked: Asked) -> Slot | None:
    """The kind of figure that a question asks for; None when it asks for something else."""
    question = asked.query.question
    if many := _MANY.search(question):
        after = many.end() + len(asked.query.text) - len(question)
        spans = asked.target.words.spans
        nouns = (n for n in _content(asked) if spans[n][0] >= after)
        noun = next(nouns, None)
        return None if noun is None else Slot("count", noun=noun)
    if _SHARE.search(question):
        return Slot("measure", frozenset(["per cent"]))
    if _MONEY.search(question):
        return Slot("money")
    if how := _HOW.search(question):
        asking = how[1].casefold()
        dimension = "high" if asking == "tall" else asking if asking in _DIMENSIONS else ""
        return Slot("measure", _MEASURES[asking], dimension=dimension)
    return Slot("year") if _WHEN.search(question) else None


def _of_figures(
    asked: Asked, told: Sequence[Told], citations: Sequence[Citation]
) -> list[Conflict]:
    wanted = slot(asked)
    if wanted is None or len(_content(asked)) - len(_named(asked)) < _FEWEST:
        return []
    given = [figure for one in told if (figure := _given(asked, wanted, one))]
    given.sort(key=lambda figure: -figure.said)
    found, seen = list[Conflict](), set[str]()
    for one in given:
        for other in given:
            values = one.values | other.values
            if (
                _cited(one.told, citations)
                and not values <= seen
                and _apart(one.told, other.told)
                and _same_thing(asked, one, other)
                and not _agree(one, other)
            ):
                seen |= values
                texts = _worded(one.number), _worded(other.number)
                found.append(_conflict(asked, one.told, other.told, texts))
    return found[:_MOST]


def _worded(number: figures.Number) -> str:
    return f"{number.text} {number.unit}" if number.unit else number.text


def _told(asked: Asked, sentence: matching.Sentence, words: Words) -> Told:
    passage = sentence.evidence.hit.passage
    # Title and date stand in front of the passage in its words.
    offset = sentence.start - passage.start + len(words.text) - len(passage.text)
    inside = [
        n
        for n, (start, end) in enumerate(words.spans)
        if offset <= start and end <= offset + len(sentence.text)
    ]
    similar = np.maximum(asked.target.words.vectors @ words.vectors[inside].T, 0)
    places = tuple((words.spans[n][0] - offset, words.spans[n][1] - offset) for n in inside)
    return Told(sentence, similar, places)


def _given(asked: Asked, wanted: Slot, told: Told) -> Figure | None:
    """The figure of a sentence that says what is asked; None when there is none, or another one
    says it as well."""
    found = [f for f in _figures(asked, wanted, told) if f.said >= _CLAUSE]
    if not found:
        return None
    best = max(found, key=lambda figure: figure.said)
    rivals = [f for f in found if f.said >= best.said - 0.03 and not f.values & best.values]
    return None if rivals else best


def _figures(asked: Asked, wanted: Slot, told: Told) -> Iterator[Figure]:
    text = told.sentence.text
    if "|" in text:  # a row of a table: what its columns mean stands elsewhere
        return
    numbers = list(_years(asked, text) if wanted.kind == "year" else _numbers(text))
    units = [_unit(asked, wanted, told, number) for number in numbers]
    # Of two numbers each has its clause; "17 were injured" counts too, whatever it counts.
    rival = [
        unit is not None or (wanted.kind == "count" and not n.unit)
        for n, unit in zip(numbers, units, strict=True)
    ]
    several = sum(rival) > 1
    for number, unit in zip(numbers, units, strict=True):
        clause = _clause(text, number.start) if several else (0, len(text))
        near = told.best(*clause)
        if unit is not None and _speaks(asked, wanted, told, near):
            yield Figure(told, number, unit, clause, _said(asked, near))


def _speaks(asked: Asked, wanted: Slot, told: Told, near: matching.Floats) -> bool:
    """Whether a clause says what is asked of its figure, and its passage every word of the rest."""
    core = [n for n in _core(asked) if n != wanted.noun]
    plain = [n for n in _content(asked) if n not in _named(asked)]
    whole = np.maximum(near, told.sentence.near)
    return all(whole[n] >= _ANY for n in plain) and (not core or float(near[core].mean()) >= _CORE)


def _years(asked: Asked, text: str) -> list[figures.Number]:
    """The year of a sentence that has one besides those of the question, not one that something
    was before or after."""
    known = set(figures.years(asked.query.text))
    found = set(figures.years(text)) - known
    if len(found) != 1:
        return []
    (year,) = found
    at = text.index(year)
    if _NOT_WHEN.search(text[:at]) or re.match(r"s\b|[-–/]\d", text[at + 4 :]):
        return []
    return [figures.Number(year, at, at + 4, None)]


def _numbers(text: str) -> Iterator[figures.Number]:
    """The numbers of a sentence that count something whole, dates and ordinals apart."""
    dates = [(m.start, m.end) for m in figures.moments(text)]
    item = _ITEM.match(text)
    for number in figures.stated_numbers(text):
        before, after = text[: number.start], text[number.end :]
        named = number.text[0].isupper() and bool(before.strip())  # the Seven Years' War
        plain = number.unit is None and not before.endswith(("$", "€", "£"))
        if not (
            any(start <= number.start < end for start, end in dates)
            or (item and number.end <= item.end())
            or number.text.casefold() in _ORDINALS
            or re.match(r"(?:st|nd|rd|th|s)\b", after)
            or (named and re.match(r"[ -][A-Z]", after))
            or (_BARE_YEAR.match(number.text) and plain)
            or _CLOCK.match(after)
            or _NOT_AFTER.match(after)
            or (_NOT_BEFORE.search(before) and not _THAN.search(before))
        ):
            yield number


def _unit(asked: Asked, wanted: Slot, told: Told, number: figures.Number) -> str | None:
    """The unit of a number as far as the question asks for that, empty when none is said; None for
    a number of something else."""
    if wanted.kind == "year":
        return ""
    following = [n for n, (start, _) in enumerate(told.places) if start >= number.end][:4]
    words = [told.sentence.text[slice(*told.places[n])] for n in following]
    if wanted.kind == "measure":
        after = told.sentence.text[told.places[following[0]][1] :] if following else ""
        other = any(at.match(after) for name, at in _DIMENSIONS.items() if name != wanted.dimension)
        return number.unit if number.unit in wanted.units and not other else None
    if wanted.kind == "money":
        if number.unit in _MONEYS:
            return number.unit
        counted = words[0] if words and wording.analysed(words[0]) else ""
        return wording.key(counted) if _SCALED.search(number.text) or counted else None
    return "" if _counts(asked, wanted, told, following, words) else None


def _counts(
    asked: Asked, wanted: Slot, told: Told, following: Sequence[int], words: Sequence[str]
) -> bool:
    """Whether a number is followed by what is to be counted ("23 people"), or, where that goes
    without saying, by what is said of it ("23 were hurt")."""
    noun = asked.target.words.text[slice(*asked.target.words.spans[wanted.noun])]
    content = [
        (n, word) for n, word in zip(following, words, strict=True) if wording.analysed(word)
    ][:2]
    if any(
        wording.key(word) == wording.key(noun) or told.similar[wanted.noun, n] >= _ALIKE
        for n, word in content
    ):
        return True
    said = bool(words) and words[0].casefold() in ("were", "are", "was", "had", "have")
    return (
        said
        and any(told.similar[m, content[0][0]] >= _ALIKE for m in _core(asked))
        and bool(content)
    )


def _clause(text: str, at: int) -> tuple[int, int]:
    """The stretch between commas, colons and conjunctions that holds an offset."""
    cuts = [0, *(cut.end() for cut in _CUT.finditer(text)), len(text)]
    return max(c for c in cuts if c <= at), min(c for c in cuts if c > at)


def _content(asked: Asked) -> list[int]:
    return [n for n, content in enumerate(asked.target.content) if content]


def _named(asked: Asked) -> set[int]:
    """Which words of the question are names or numbers, and their places."""
    target = asked.target
    text = target.words.text
    return {
        n
        for n in _content(asked)
        if text[(start := target.words.spans[n][0])].isdigit()
        or (start > 0 and text[start].isupper())
    }


def _core(asked: Asked) -> list[int]:
    """The words of the question that belong to its figure: those of the main clause before a
    preposition, or after it where nothing stands before."""
    question, spans = asked.query.question, asked.target.words.spans
    first = len(asked.query.text) - len(question)
    stop = next((m.start() for m in _BREAK.finditer(question) if m.start() > 0), len(question))
    plain = [n for n in _content(asked) if n not in _named(asked)]
    inside = [n for n in plain if spans[n][0] < first + stop]
    return inside or plain


def _said(asked: Asked, near: matching.Floats) -> float:
    """Weighted mean over the words of the question, names apart."""
    rows = [n for n in _content(asked) if n not in _named(asked)]
    weights = asked.target.weights[rows]
    return float(weights @ near[rows] / weights.sum()) if rows else 0.0


def _same_thing(asked: Asked, one: Figure, other: Figure) -> bool:
    """Whether nothing tells that two figures are of different things, times or units."""
    if one.unit and other.unit and one.unit != other.unit:
        return False
    names, further = _names(asked.query.text), list[set[str]]()
    for mine, yours in ((one, other), (other, one)):
        held = {word.key for word in wording.words(_around(yours.told))}
        if not names <= held:
            return False
        further.append(_names(mine.told.sentence.text, *mine.clause) - held - names)
    if all(further):  # each speaks of somebody of whom the other does not
        return False
    return _BARE_YEAR.match(one.number.text) is not None or _same_time(asked, one, other)


def _same_time(asked: Asked, one: Figure, other: Figure) -> bool:
    """Whether the years that go with two figures can be the same: those of a sentence, or of the
    question, must be said of the other passage too, or be the one it was published in."""
    wanted = set(figures.years(asked.query.text))
    mine, yours = (set(figures.years(f.told.sentence.text)) for f in (one, other))
    if mine and yours and not mine & yours:
        return False
    return all(
        not years or years & _years_around(told)
        for years, told in ((mine or wanted, other.told), (yours or wanted, one.told))
    )


def _years_around(told: Told) -> set[str]:
    published = told.sentence.evidence.hit.passage.published
    return set(figures.years(_around(told))) | ({str(published.year)} if published else set())


def _around(told: Told) -> str:
    passage = told.sentence.evidence.hit.passage
    return f"{passage.title} . {passage.text}"


def _names(text: str, start: int = 0, end: int | None = None) -> set[str]:
    """Keys of the names in a part of a text."""
    part = wording.words(text[start:end])
    named = {w.key for n, w in enumerate(part) if w.name or (w.capital and (start or n))}
    return named - _CALENDAR


def _agree(one: Figure, other: Figure) -> bool:
    """Whether two figures can both be true: they are the same, or one is a rounding or a bound of
    the other, or too much larger to be of the same thing, or a sentence has both."""
    if one.values & other.values:
        return True
    return _allows(one, other) or _allows(other, one)


def _allows(one: Figure, other: Figure) -> bool:
    text, number = one.told.sentence.text, one.number
    # Both are in this one, in whatever part.
    if figures.numbers(text) & other.values or figures.rounded(number, text, other.values):
        return True
    before = text[: number.start]
    for said in one.values:
        for exact in other.values:
            try:
                low, high = Decimal(said), Decimal(exact)
            except InvalidOperation:
                return True
            if high > low * _FARTHEST:
                return True
            bound = (_AT_LEAST.search(before) and high >= low) or (
                _AT_MOST.search(before) and high <= low
            )
            if bound or (low >= _EXACT and figures.rounds(high, low) and not _is_year(one)):
                return True
    return False


def _is_year(figure: Figure) -> bool:
    return figure.number.unit is None and bool(_BARE_YEAR.match(figure.number.text))


def _of_stances(
    asked: Asked, told: Sequence[Told], citations: Sequence[Citation]
) -> list[Conflict]:
    """For a question to be answered with yes or no, two sentences of which one says a word of it
    and the other denies it, or says its opposite."""
    if not asks_whether(asked.query.question):
        return []
    near = [t for t in told if _said(asked, t.best(0, len(t.sentence.text))) >= _STANCE]
    names, asking = _names(asked.query.text), wording.keys(wording.words(asked.query.question))
    near = [t for t in near if names <= {w.key for w in wording.words(_around(t))}]
    for one in near:
        for other in near:
            if not (_cited(one, citations) and _apart(one, other)):
                continue
            for word in (w for w in wording.words(asked.query.question) if w.content):
                mine, yours = (contradiction.stance(word, t.sentence.text) for t in (one, other))
                shared = frozenset[str].intersection(*(_keys(t) for t in (one, other)))
                alike = len(shared & asking - {word.key}) >= _SHARED
                if alike and mine and yours and mine[0] != yours[0]:
                    return [_conflict(asked, one, other, (mine[1], yours[1]))]
    return []


def _keys(told: Told) -> frozenset[str]:
    return wording.keys(wording.words(told.sentence.text))


def _cited(told: Told, citations: Sequence[Citation]) -> bool:
    passage = told.sentence.evidence.hit.passage
    return any(
        c.document_id == passage.document_id and c.start <= told.sentence.start < c.end
        for c in citations
    )


def _apart(one: Told, other: Told) -> bool:
    passages = [told.sentence.evidence.hit.passage for told in (one, other)]
    return passages[0].document_id != passages[1].document_id


def _conflict(asked: Asked, one: Told, other: Told, said: tuple[str, str]) -> Conflict:
    question, spans = asked.query.question, asked.target.words.spans
    first = len(asked.query.text) - len(question)
    both = np.minimum(one.sentence.near, other.sentence.near)
    shared = [spans[n][1] - first for n in _content(asked) if both[n] >= _SHARE_SAID]
    whole = question.rstrip(" ?")
    cut = question[: max([0, *shared])]
    what = f"{cut} …" if 0 < len(cut) < len(whole) else whole
    sides = [
        attribution.cite(t.sentence.evidence, t.sentence.start, t.sentence.end)
        for t in (one, other)
    ]
    return Conflict(what, (sides[0], sides[1]), said)
