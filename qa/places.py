"""Names and numbers that a statement puts in another one's place, told by what stands beside them,
and who did it to whom."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from qa.contradiction import Compared, turned
from qa.wording import (
    Word,
    abbreviates,
    beside,
    fits,
    fold,
    key,
    keys,
    parted,
    peoples,
    related,
    words,
)

_MORE = 3  # words that only the sentence with another year says
# How much more must stand beside another name or number than beside the one stated, how much at
# least; what is much where one next word is the same, and what each such word adds.
_MARGIN, _LEAST, _MUCH, _NEXT = 0.8, 2.2, 2.5, 0.6
_SIDE = 0.5  # what a side with the very same next word adds, for `displaced`
_STANDING_IN_WORDS = """
he she it they him her them his its their who which whose that
"""
_STANDING_IN = frozenset(_STANDING_IN_WORDS.split())
# Behind an article these may stand for a name too: "the team" for "the Panthers".
_KINDS_WORDS = """
team club company firm band group party church army city town country state nation region island
river film movie show series episode song album book novel play game race match season school
university college ship war battle treaty king queen emperor president minister general captain
actor actress singer author writer artist director man woman boy girl couple
"""
_KINDS = frozenset(_KINDS_WORDS.split())
_LINKS = frozenset(["of", "de", "del", "la", "the", "von", "van", "our"])
_SYMMETRIC_WORDS = """
meet met marry married border bordered talk talked discuss discussed versus
"""
_SYMMETRIC = frozenset(
    map(
        key,
        _SYMMETRIC_WORDS.split(),
    )
)
_ATTACHED, _OWNED = 8, 12  # words
_PREPOSITIONS = frozenset(["of", "in", "on", "at", "from", "with", "by", "near"])


@dataclass(frozen=True, slots=True)
class Value:
    """A name or number among the words of a text: where, how it is written, and its keys."""

    span: tuple[int, int]
    text: str
    keys: frozenset[str]


def misplaced(pair: Compared) -> list[str]:
    """Names and numbers in whose place the source has another one."""
    reasons = []
    names = frozenset(w.key for w in (*pair.statement, *pair.quoted) if w.name)
    said = {word.key for word in pair.statement if word.key}
    swapped = _swapped_voice(pair)
    for kind in ("name", "number"):
        given = _values(pair.quoted, kind, names)
        values = _values(pair.statement, kind, names)
        for stated in values:
            own = [g for g in given if _same(stated, g)]
            if kind == "number" and not own:
                continue
            meant = [*own, *_standing_in(pair.quoted, own)] if kind == "name" else own
            support = max((_support(pair, stated, g) for g in meant), default=0.0)
            rivals = [
                g
                for g in given
                if g not in own
                and not any(_headed(pair.quoted, o, g) for o in own)
                and not ((swapped or kind == "number") and g.keys <= said)
            ]
            better, rival = max(
                ((_support(pair, stated, g, True), g) for g in rivals),
                key=lambda found: found[0],
                default=(0.0, None),
            )
            if not rival or better < max(_LEAST, support + _MARGIN):
                continue
            # Its place may be taken, by itself.
            if all(_support(pair, v, rival) <= better for v in values if _same(v, rival)):
                verb = "says" if kind == "number" else "names"
                reasons.append(f"the source {verb} {rival.text} where this says {stated.text}")
    return reasons + _misdated(pair)


def _misdated(pair: Compared) -> list[str]:
    """Years for which the source has another one, in the sentence that says the rest."""
    said, years = _dated(pair.statement)
    told = [_dated(sentence) for sentence in _sentences(pair.quoted)]
    reasons = []
    for year in years:
        own = [spoken & said for spoken, held in told if year in held]
        theirs = frozenset[str]().union(*own)
        for spoken, held in told:
            others = [other for other in held if other not in years]
            more, less = spoken & said - theirs, theirs - spoken
            if own and others and year not in held and len(more) >= _MORE and len(less) < 2:
                reasons.append(f"the source says {others[0]} where this says {year}")
    return reasons


def _dated(words: Sequence[Word]) -> tuple[frozenset[str], list[str]]:
    """What some words say, and the years among them."""
    numbers = [word.text for word in words if word.number]
    years = [number for number in numbers if re.fullmatch(r"1\d{3}|20\d\d", number)]
    return keys(word for word in words if not word.number), years


def _sentences(words: Sequence[Word]) -> list[Sequence[Word]]:
    """The words of each sentence."""
    ends = [n for n, word in enumerate(words) if word.text in (".", "!", "?")]
    return [words[a + 1 : b] for a, b in pairwise([-1, *ends, len(words)])]


def _standing_in(words: Sequence[Word], names: Sequence[Value]) -> list[Value]:
    """The pronouns, and words such as "the team", that may stand for one of these names: in its
    sentence, or in the next."""
    found = list[Value]()
    for name in names:
        ends = [n for n in range(name.span[1], len(words)) if words[n].text in (".", "!", "?")]
        last = ends[1] if len(ends) > 1 else len(words)
        found += [
            Value((n, n + 1), words[n].text, frozenset())
            for n in range(name.span[1], last)
            if words[n].text.casefold() in _STANDING_IN
            or (words[n].text in _KINDS and words[n - 1].text.casefold() in ("the", "this"))
        ]
    return found


def _headed(words: Sequence[Word], head: Value, value: Value) -> bool:
    """Whether a name only says more about another one: "A in B", "A, the son of B", "B's son A"."""
    if value.span[1] <= head.span[0]:
        after = words[value.span[1] : head.span[0]]
        if any(w.text in ".;" for w in after):
            return False
        if [w.text for w in after] == ["("]:  # "Bombay (Mumbai)"
            return True
        if len(after) == 2 and after[0].content and after[1].text == ",":
            return True  # "the Roman Catholic priest, Guyard de Moulin"
        owned = words[value.span[1] - 1].owner and len(after) <= _OWNED
        return owned or (len(after) == 2 and after[1].text == "of")  # "British capital of London"
    between = words[head.span[1] : value.span[0]]
    if not 0 < len(between) <= _ATTACHED or any(w.text in ".;" for w in between):
        return False
    last = [w.key for w in between if w.key not in ("the", "a", "an")][-1:]
    return bool(last) and last[0] in _PREPOSITIONS


def displaced(pair: Compared, kind: str) -> float:
    """By how much more, at most, stands beside another "name" or "number" of the source than beside
    the one that is stated: a doubt in degrees, where `misplaced` is sure."""
    names = frozenset(w.key for w in (*pair.statement, *pair.quoted) if w.name)
    given = _values(pair.quoted, kind, names)
    most = 0.0
    for stated in _values(pair.statement, kind, names):
        own = [g for g in given if _same(stated, g)]
        rivals = [
            g for g in given if g not in own and (kind == "name" or _alike(stated.text, g.text))
        ]
        if own and rivals:
            meant = [*own, *_standing_in(pair.quoted, own)] if kind == "name" else own
            best = max(_placed(pair, stated, g) for g in rivals)
            most = max(most, best - max(_placed(pair, stated, g) for g in meant))
    return most


def _placed(pair: Compared, stated: Value, given: Value) -> float:
    place = pair.statement, stated.span, pair.quoted, given.span
    return beside(*place) + fits(*place) * _SIDE


def _alike(number: str, other: str) -> bool:
    """Whether two numbers may stand for each other: both look like years, or neither."""
    return (len(number) == 4) == (len(other) == 4)


def _same(one: Value, other: Value) -> bool:
    """Whether two names share a word ("Apple", "AppleTalk"), are initials and long form, names of
    one country, or differ by a space."""
    if one.keys & other.keys or peoples(one.text) & peoples(other.text):
        return True
    proper = [[fold(w) for w in v.text.split() if w[0].isupper()] for v in (one, other)]
    if any(related(a, b) for a in proper[0] for b in proper[1]):
        return True
    joined = one.text.replace(" ", "").casefold() == other.text.replace(" ", "").casefold()
    parts = [keys(words(parted(value.text))) for value in (one, other)]
    return joined or bool(parts[0] & parts[1]) or abbreviates(one.text, other.text)


def _support(pair: Compared, stated: Value, given: Value, rival: bool = False) -> float:
    """What speaks for it that a name or number of the source stands in the place of a stated one;
    for another one nothing, when other words are next to it."""
    next_to = fits(pair.statement, stated.span, pair.quoted, given.span)
    same = beside(pair.statement, stated.span, pair.quoted, given.span)
    if rival and (next_to == 0 or (next_to == 1 and same < _MUCH)):
        return 0.0
    return same + next_to * _NEXT


def _swapped_voice(pair: Compared) -> bool:
    """Whether a name of both texts may stand elsewhere: one is passive, says the opposite in the
    opposite order, or says of two what is said of both ("A met B")."""
    symmetric = any(w.key in _SYMMETRIC for w in pair.statement)
    return symmetric or turned(pair) or _passive(pair.statement) != _passive(pair.quoted)


def _values(words: Sequence[Word], kind: str, names: frozenset[str]) -> list[Value]:
    """The names or the numbers of a text; "Bill of Rights" is one name."""
    found = list[Value]()
    start = end = None
    for n, word in enumerate([*words, Word("", ""), Word("", "")]):
        if kind == "number":
            if word.number:
                found.append(Value((n, n + 1), word.text, frozenset({word.key})))
            continue
        if word.name or (word.capital and word.key in names):
            start, end = (n if start is None else start), n + 1
        elif start is not None and end is not None and (word.text not in _LINKS or n > end):
            run = words[start:end]
            text = " ".join(w.text for w in run)
            found.append(Value((start, end), text, keys(run)))
            start = end = None
    return found


def _passive(words: Sequence[Word]) -> bool:
    """Whether a text names by whom something was done: "was written by", "a poem written by"."""
    return any(
        word.key == "by" and any(w.capital for w in words[n + 1 : n + 4])
        for n, word in enumerate(words)
    ) or any(
        a.key in ("was", "were", "is", "are", "been", "being", "be")
        and any(w.key == "by" for w in words[n + 1 : n + 6])
        for n, a in enumerate(words)
    )


def reversed_roles(pair: Compared) -> list[str]:
    """Who did it to whom, where the source has it the other way round: "A asked B", "A was asked by
    B"."""
    acts = _acts(pair.quoted)
    return [
        f"the source says this of {b.text} and {a.text} the other way round"
        for verb, a, b in _acts(pair.statement)
        if any(v == verb and a.keys & d.keys and b.keys & c.keys for v, c, d in acts)
        and not any(v == verb and a.keys & c.keys and b.keys & d.keys for v, c, d in acts)
        and verb not in _SYMMETRIC
    ]


def _acts(words: Sequence[Word]) -> list[tuple[str, Value, Value]]:
    """Verbs between two names, with who does it and to whom it is done."""
    names = frozenset(w.key for w in words if w.capital)
    values = _values(words, "name", names)
    found = []
    for a, b in pairwise(values):
        between = words[a.span[1] : b.span[0]]
        verbs = [word for word in between if word.content]
        plain = [word.key for word in between]
        if len(verbs) != 1 or "" in plain or "and" in plain:
            continue
        passive = plain[-1] == "by" or plain[-2:] == ["by", "the"]
        found.append((verbs[0].key, b, a) if passive else (verbs[0].key, a, b))
    return found
