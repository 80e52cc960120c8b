"""Where a quotation says otherwise than a statement, found without a parser: what stands beside a
word, and in which order.

Each check gives reasons that a person can read, and none where it cannot tell: a true paraphrase
that is marked costs trust too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, pairwise, takewhile

from qa.wording import Polarity, Word, beside, key, keys, polarity, unlike, words

# Of what stands beside two words: enough where both are one word, and where they are opposites.
_LITTLE, _PLAIN = 0.4, 0.8
_BEHIND = 7  # words from a denial to what it denies, "the report ... was not true"
# Words of one line and another exclude each other when they are said of the same thing.
_CONTRASTS_WORDS = """
more increase grow rise climb gain up higher greater raise larger bigger exceed above
/ fewer less decrease fall drop decline shrink down lower smaller below reduce
| most highest largest biggest greatest best / least lowest smallest fewest worst
| before prior earlier preceding
/ after following later subsequently thereafter afterward afterwards | early / late
| first earliest oldest / last latest newest youngest final | older elder / younger
| longer longest / shorter shortest
| north northern / south southern / east eastern / west western
| northeast northeastern / northwest northwestern / southeast southeastern
/ southwest southwestern
| win winner beat defeat victory / lose loser loss
| begin start open / end finish close stop
| include / exclude except | over / under | inside / outside
| strong stronger strongest / weak weaker weakest | majority / minority | maximum / minimum
| allow permit / forbid ban prohibit
| accept agree approve support endorse consent / refuse reject decline oppose deny dispute dismiss
| confirm admit acknowledge / deny dispute
| buy / sell | import / export | arrive enter / leave exit depart
| guilty convicted / innocent acquitted | alive survived / dead died killed
| always / never | all every / none | positive / negative | hot warm / cold cool
| wide / narrow | heavy / light | rich / poor | left / right
| male man men / female woman women | husband / wife | father / mother | son / daughter
| brother / sister | true / false | present / absent | same / different | upper / lower
| common frequent usual / rare uncommon | full whole entire complete / partial incomplete
| hire appoint / fire dismiss | arrest detain / release free | public / private | day / night
"""
# They may belong to a verb, whose they are in any order: "took over", "were taken over".
_PARTICLES = frozenset(["up", "down", "over", "under"])
_RELATIVES = frozenset(map(key, ["brother", "sister", "husband", "wife"]))
_CONTRASTS = [
    [frozenset(map(key, side.split())) for side in line.split("/")]
    for line in _CONTRASTS_WORDS.split("|")
]
_SIDES = {
    word: [
        (n, m) for n, sides in enumerate(_CONTRASTS) for m, side in enumerate(sides) if word in side
    ]
    for sides_ in _CONTRASTS
    for side_ in sides_
    for word in side_
}
# Words that relate two things: the opposite says the same of them in the opposite order.
_FIRSTS = frozenset(map(key, ["before", "north", "win", "buy", "import", "husband"]))
_RELATING = frozenset().union(*(sd for sides in _CONTRASTS if sides[0] & _FIRSTS for sd in sides))
_BRACKETED = re.compile(r" ?\([^()]{1,200}\)")
# Of these no one says more than that it was written there.
_EXCEPTIONS = frozenset(
    map(key, ["except", "excepted", "exclude", "excluded", "exempt", "besides"])
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A statement and what it cites, as words."""

    statement: tuple[Word, ...]
    quoted: tuple[Word, ...]
    text: str
    quotes: tuple[str, ...]


def compared(statement: str, quotes: Sequence[str]) -> Compared:
    """A statement beside its quotations, less what these say in brackets alone: there it stands
    between words that the statement has side by side."""
    spoken = keys(words(statement))
    told = _BRACKETED.sub(
        lambda aside: aside[0] if keys(words(aside[0])) & spoken else "", " . ".join(quotes)
    )
    return Compared(words(statement), words(told), statement, tuple(quotes))


def verbatim(pair: Compared) -> float:
    """The share of the statement's pairs of neighbouring words that are neighbours in the source
    too, at most one word between them."""
    spoken = [word.key for word in pair.quoted if word.key]
    near = {*pairwise(spoken), *zip(spoken, spoken[2:], strict=False)}
    pairs = list(pairwise(word.key for word in pair.statement if word.key))
    return sum(one in near for one in pairs) / max(1, len(pairs))


def negated(pair: Compared) -> list[str]:
    """What only one of the two negates."""
    here, there = polarity(pair.statement), polarity(pair.quoted)
    reasons = []
    for n in sorted(here.heads):
        word = pair.statement[n]
        found = [m for m, other in enumerate(pair.quoted) if other.key == word.key]
        denied = any(unlike(o.text) == word.key for o in pair.quoted if o.content)
        if n in here.verbal:  # "denied the report": "said the report was not true"
            denied = denied or any(abs(m - cue) < _BEHIND for m in found for cue in there.cues)
        denied = denied or _same_denial(pair.statement, here, n, pair.quoted, there)
        denied = denied or _only_then(pair, n)
        if found and not denied and not any(m in there.scope for m in found):
            reasons.append(f"the source says “{word.text}” without “not”")
    for n in sorted(there.heads):
        word = pair.quoted[n]
        found = [m for m, other in enumerate(pair.statement) if other.key == word.key]
        plain = [m for m, o in enumerate(pair.quoted) if o.key == word.key and m not in there.scope]
        denied = any(unlike(o.text) == word.key for o in pair.statement if o.content)
        if not found or denied or plain or any(m in here.scope for m in found):
            continue
        if _same_denial(pair.quoted, there, n, pair.statement, here):
            continue
        if any(_near(pair, m, n) for m in found):
            reasons.append(f"the source negates “{word.text}”")
    reasons += _prefixed(pair.statement, pair.quoted) + _prefixed(pair.quoted, pair.statement)
    return list(dict.fromkeys(reasons))


def _same_denial(
    one: Sequence[Word], here: Polarity, n: int, other: Sequence[Word], there: Polarity
) -> bool:
    """Whether the negation that reaches a word of a text reaches another that one of the other text
    reaches too: "no nominee was questioned", "nominees were never questioned"."""
    before = takewhile(here.scope.__contains__, count(n, -1))
    after = takewhile(here.scope.__contains__, count(n + 1))
    reached = keys(one[m] for m in (*before, *after))
    others = keys(other[m] for m in there.scope)
    return len(reached & others) > min(len(reached), len(others)) / 2


def _only_then(pair: Compared, n: int) -> bool:
    """Whether "not A until 1950" says that A came then, as the source does without "until"; the
    date is checked apart."""
    after = pair.statement[n + 1 : n + 6]
    until = any(a.key == "until" and b.number for a, b in pairwise(after))
    return until and all(word.key != "until" for word in pair.quoted)


def _near(pair: Compared, m: int, n: int) -> bool:
    return beside(pair.statement, (m, m + 1), pair.quoted, (n, n + 1)) >= _LITTLE


def _prefixed(one: Sequence[Word], other: Sequence[Word]) -> list[str]:
    """Words that deny, by a prefix, one of the other text: "illegal" where that says "legal"."""
    there, outer = keys(other), polarity(other)
    inner, own = polarity(one), keys(one)
    reasons = []
    for n, word in enumerate(one):
        plain = unlike(word.text) if word.content and word.key not in there else None
        if plain not in there or plain is None or n in inner.scope or plain in own:
            continue
        places = [m for m, o in enumerate(other) if o.key == plain]
        if not any(m in outer.scope for m in places):
            reasons.append(f"“{word.text}” is the opposite of “{other[places[0]].text}”")
    return reasons


def contrasted(pair: Compared) -> list[str]:
    """Words of the statement for which the source has their opposite, said of the same thing. Of
    two who are named, one may be the brother and the other the sister."""
    two = len(keys(w for w in pair.statement if w.capital) & keys(pair.quoted)) > 1
    here, there = polarity(pair.statement), polarity(pair.quoted)
    reasons = []
    places = [(m, other) for m, other in enumerate(pair.quoted) if other.key in _SIDES]
    for n, word in enumerate(pair.statement):
        for line, side in _SIDES.get(word.key, ()):
            if two and word.key in _RELATIVES:
                continue
            good, bad, opposite = 0.0, 0.0, ""
            for m, other in places:
                same_side = [s == side for ln, s in _SIDES[other.key] if ln == line]
                if not same_side or _of_another(pair, n, m):
                    continue
                same = beside(pair.statement, (n, n + 1), pair.quoted, (m, m + 1))
                agrees = same_side[0] == (_turns(here, n, word) == _turns(there, m, other))
                if other.key == word.key and word.content:
                    # `negated` and `reversed_roles` tell what is wrong with these.
                    good = max(good, same + _LITTLE)
                    continue
                turned = word.key not in _PARTICLES and _mirrored(pair, n, m)
                if agrees != turned:
                    good = max(good, same + _LITTLE)
                elif same > bad:
                    bad, opposite = same, other.text
            if opposite and bad >= _PLAIN and bad > good:
                reasons.append(
                    f"the source says “{opposite}” the other way round"
                    if key(opposite) in _CONTRASTS[line][side]
                    else f"the source says “{opposite}”, not “{word.text}”"
                )
    return list(dict.fromkeys(reasons))


def _turns(polarity: Polarity, n: int, word: Word) -> bool:
    """Whether a negation turns a word into its opposite: "before" one right behind it alone."""
    return n in polarity.scope if word.content else n - 1 in polarity.cues


def stance(word: Word, text: str) -> tuple[bool, str] | None:
    """Whether a text affirms a word or denies it, by a negation or its opposite, and what it says
    in its place; None when it does neither, or both."""
    found = words(text)
    scope = polarity(found).scope
    opposites = {
        other
        for line, side in _SIDES.get(word.key, ())
        for m, words_ in enumerate(_CONTRASTS[line])
        if m != side
        for other in words_
    }
    said = [
        (other.key == word.key, n in scope, other.text)
        for n, other in enumerate(found)
        if other.key == word.key or other.key in opposites
    ]
    stances = {same != denied for same, denied, _ in said}
    if len(stances) != 1:
        return None
    _, denied, first = said[0]
    return stances.pop(), f"not {first}" if denied else first


def _of_another(pair: Compared, n: int, m: int) -> bool:
    """Whether "before" and "after" tell when something else happened, as their clauses share no
    word, or "up" and "down" belong to other verbs."""
    places = (pair.statement, n), (pair.quoted, m)
    if pair.statement[n].key in _PARTICLES:
        return len({words[at - 1].key for words, at in places if at}) > 1
    if pair.statement[n].content or pair.quoted[m].content or _mirrored(pair, n, m):
        return False
    here, there = (keys(takewhile(lambda w: w.key, words[at + 1 :])) for words, at in places)
    return bool(here and there) and not here & there


def _mirrored(pair: Compared, n: int, m: int) -> bool:
    """Whether what stands before and after a word is exchanged: "A before B", "B after A"; of words
    that do not relate two things only with "than"."""
    nearby = (*pair.statement[n + 1 : n + 12], *pair.quoted[m + 1 : m + 12])
    if pair.statement[n].key not in _RELATING and all(word.key != "than" for word in nearby):
        return False
    here, there = _after(pair.statement, n), _after(pair.quoted, m)
    if not here or not there or here.key == there.key:
        return False
    return here.key in _before(pair.quoted, m) and there.key in _before(pair.statement, n)


def _after(words: Sequence[Word], n: int) -> Word | None:
    """The first word of content after a word, of a comparison the first after "than"."""
    rest = list(takewhile(lambda word: word.key, words[n + 1 : n + 12]))
    than = next((i for i, word in enumerate(rest) if word.key == "than"), -1)
    found = [word for word in rest[than + 1 :] if word.content]
    return next((word for word in found if word.name), found[0] if found else None)


def _before(words: Sequence[Word], n: int) -> frozenset[str]:
    """What stands before a word in its sentence."""
    return keys(takewhile(lambda word: word.text != ".", reversed(words[:n])))


def turned(pair: Compared) -> bool:
    """Whether the one says in opposite terms and order what the other says: "more than", "fewer
    than"."""
    there = [(m, w) for m, w in enumerate(pair.quoted) if w.key in _SIDES]
    return any(
        ln == line and s != side and _mirrored(pair, n, m)
        for n, word in enumerate(pair.statement)
        for line, side in _SIDES.get(word.key, ())
        for m, other in there
        for ln, s in _SIDES[other.key]
    )


def unnegated(pair: Compared) -> list[str]:
    """What the statement negates and the source does not, as far as words tell: not where it makes
    an exception ("excluding only Iberia")."""
    if any(word.key in _EXCEPTIONS for word in pair.quoted):
        return []
    there = polarity(pair.quoted)
    denied = {pair.quoted[m].key for m in there.scope}
    denied |= {unlike(word.text) or "" for word in pair.quoted if word.content}
    here = polarity(pair.statement)
    return [
        f"the source does not negate “{pair.statement[n].text}”"
        for n in sorted(here.heads)
        if pair.statement[n].key not in denied
        and not _same_denial(pair.statement, here, n, pair.quoted, there)
        and not _only_then(pair, n)
        and not _denied_nearby(pair, n, there, denied, n in here.verbal)
    ]


def _denied_nearby(pair: Compared, n: int, there: Polarity, denied: set[str], verbal: bool) -> bool:
    """Whether the source denies a word otherwise: behind it ("denied the report", "the report was
    not true"), or its object ("failed to reach a deal", "without a deal")."""
    places = [m for m, word in enumerate(pair.quoted) if word.key == pair.statement[n].key]
    if verbal and any(abs(m - cue) < _BEHIND for m in places for cue in there.cues):
        return True
    after = next((w for w in pair.statement[n + 1 : n + 4] if w.content or not w.key), None)
    return not places and after is not None and after.key in denied
