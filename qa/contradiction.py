"""Where a quotation says otherwise than a statement, found without a parser: what stands beside a
word, and in which order.

Each check gives reasons that a person can read, and none where it cannot tell: a true paraphrase
that is marked costs trust too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, pairwise, takewhile

from qa.sentences import sentences as split_sentences
from qa.wording import (
    Polarity,
    Word,
    abbreviates,
    beside,
    fits,
    fold,
    key,
    keys,
    parted,
    peoples,
    polarity,
    related,
    unlike,
    words,
)

# How much more must stand beside another name or number than beside the one stated, and at least.
_LITTLE, _PLAIN = 0.4, 0.8
_MORE = 3  # words that only the sentence with another year says
_BEHIND = 7  # words from a denial to what it denies, "the report ... was not true"
_BY = 16  # words from "declared" over "by" to the name
# Share of the words of what someone said that must stand in a sentence that ascribes it to them.
_TOLD = 0.4
_MARGIN, _LEAST, _MUCH, _NEXT = 0.8, 2.2, 2.5, 0.6
_SIDE = 0.5  # what a side with the very same next word adds, for `displaced`

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
_SAYING_WORDS = """
say said says tell told tells ask asked announce announced argue argued claim claimed state
stated report reported write wrote writes add added note noted reveal revealed explain explained
describe described deny denied confirm confirmed suggest suggested propose proposed warn warned
insist insisted declare declared promise promised agree agreed refuse refused accuse accused
estimate estimated believe believed conclude concluded comment commented define defined theorise
theorize criticise criticised criticize praise praised demand demanded urge urged request
requested credit credited recommend recommended predict predicted observe observed admit
admitted acknowledge maintain maintained quoted testify testified according mention mentioned
remark remarked respond responded reply replied assert asserted contend contended opine complain
complained vow vowed pledge pledged threaten threatened decline
"""
_SAYING = frozenset(
    map(
        key,
        _SAYING_WORDS.split(),
    )
)
# Who said something is checked where the statement names them; these add nothing to it.
_PLAIN_SAYING_WORDS = "say tell state report write add note explain remark hold believe"
_PLAIN_SAYING = frozenset(map(key, _PLAIN_SAYING_WORDS.split()))
_SAID = (
    r"said|says|say|told|announced|argue[sd]|claim(?:s|ed)|stated|reported|wrote|writes|added|noted"
    r"|notes|revealed|explained|denied|confirmed|suggested|warned|insisted|declared|promised"
    r"|estimated|believe[sd]|concluded|commented|asked|agreed|refused|demanded|urged|admitted"
    r"|states|suggests|explains|denies|warns|insists|declares|concludes|admits|adds"
)
_CAPITAL = r"[A-ZÀ-Þ][\w'’-]*\.?"
_NAME = rf"{_CAPITAL}(?:(?: (?:of|de|del|la|the|von|van) | ){_CAPITAL})*"
_SPEAKER = (
    re.compile(rf"\b[Aa]ccording to (?:the )?(?P<name>{_NAME})"),
    re.compile(
        rf"(?:^|[,;“\"] |\bthat |\bbut |\band )(?:[Tt]he )?(?P<name>{_NAME})(?:, [^,]{{1,60}},)? "
        rf"(?:also |later |has |had |have )?(?P<verb>{_SAID})\b"
    ),
    re.compile(rf"[,”\"'] (?P<verb>said|says|wrote|added|announced) (?:the )?(?P<name>{_NAME})"),
)
_ARGUING = re.compile(
    r"\b(?:arguing|saying|stating|claiming|adding|noting|warning|insisting|explaining|declaring"
    r"|suggesting|concluding|believing|writing)\b"
)
_PRONOUN = re.compile(
    rf"\b(?:[Hh]e|[Ss]he|[Tt]hey|[Ii]t|who)(?: \w+ly)?(?: has| had)? (?:{_SAID})\b"
)
_BRACKETED = re.compile(r" ?\([^()]{1,200}\)")
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
# Of these no one says more than that it was written there.
_EXCEPTIONS = frozenset(
    map(key, ["except", "excepted", "exclude", "excluded", "exempt", "besides"])
)
_ATTACHED, _OWNED = 8, 12  # words
_PREPOSITIONS = frozenset(["of", "in", "on", "at", "from", "with", "by", "near"])
_SOURCES = frozenset(
    map(key, ["passage", "passages", "source", "sources", "article", "text", "document", "report"])
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A statement and what it cites, as words."""

    statement: tuple[Word, ...]
    quoted: tuple[Word, ...]
    text: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A name or number among the words of a text: where, how it is written, and its keys."""

    span: tuple[int, int]
    text: str
    keys: frozenset[str]


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
    return symmetric or _turned(pair) or _passive(pair.statement) != _passive(pair.quoted)


def _turned(pair: Compared) -> bool:
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


def misattributed(pair: Compared) -> list[str]:
    """Speakers of the statement to whom the source does not ascribe this."""
    reasons = []
    texts = [quote[start:end] for quote in pair.quotes for start, end in split_sentences(quote)]
    quoted = [(words(text), _ascribed(text)) for text in texts]
    spoken = [name for quote in pair.quotes for name in speakers(quote)]
    whole = " . ".join(pair.quotes)
    before = [keys(words(whole[: found.start()])) for found in _PRONOUN.finditer(whole)]
    for name in speakers(pair.text):
        own = {key(word) for word in re.findall(r"\w+", name)}
        rest = keys(_clause(pair.statement, own)) - own - _SAYING
        if own & _SOURCES or any(abbreviates(name, other) for other in spoken):
            continue
        last = key(re.findall(r"\w+", name)[-1])
        theirs = [told for told, whose in quoted if last in whose or _speaks(own, told)]
        if any(len(rest & keys(told)) >= _TOLD * len(rest) for told in theirs):
            continue
        others = [other for other in spoken if not own & {key(w) for w in other.split()}]
        if any(own & named for named in before):
            continue  # "he insisted", who may be the one named before
        if others:
            reasons.append(f"not said by {name} but by {others[0]}")
        else:
            reasons.append(f"the quoted passage does not say that {name} said this")
    return reasons


def _ascribed(text: str) -> frozenset[str]:
    """Words of the names to which a sentence may ascribe what it says: of speakers, and of the two
    before a participle of saying ("Bismarck opposed colonies, arguing that")."""
    found = _ARGUING.search(text)
    names = re.findall(_NAME, text[: found.start()]) if found else []
    return frozenset(word for name in (*names[-2:], *speakers(text)) for word in keys(words(name)))


def _clause(words: Sequence[Word], name: set[str]) -> Sequence[Word]:
    """The part of a sentence that has a name in it, where "while" or "whereas" parts it in two."""
    for n, word in enumerate(words):
        if word.text in ("while", "whereas"):
            sides = words[:n], words[n + 1 :]
            return next((side for side in sides if keys(side) & name), words)
    return words


def _speaks(name: set[str], quoted: Sequence[Word]) -> bool:
    """Whether a word of saying stands within a few words of the name."""
    for n, word in enumerate(quoted):
        if word.key in name and word.content:
            before = takewhile(_within, reversed(quoted[max(0, n - 3) : n]))
            after = takewhile(_within, _unjoined(quoted[n : n + 8])[:3])
            if any(other.key in _SAYING for other in (*before, *after)):
                return True
            # "was declared one of the best by the American Film Institute"
            told = [other.key for other in quoted[max(0, n - _BY) : n]]
            if "by" in told and _SAYING & {*told[: told.index("by")]}:
                return True
    return False


def _unjoined(words: Sequence[Word]) -> list[Word]:
    """Words without the names that "and" joins: "Anthony and Stanton also warned"."""
    return [word for word in words if not word.capital and word.key != "and"]


def _within(word: Word) -> bool:
    return word.text not in (".", ";", "!", "?")


def is_saying(word: str) -> bool:
    """Whether a word only tells that something was said."""
    return key(word) in _PLAIN_SAYING


def speakers(text: str) -> list[str]:
    """The names to which a text ascribes what is said."""
    found = [match["name"] for pattern in _SPEAKER for match in pattern.finditer(text)]
    return [name for name in dict.fromkeys(found) if any(w.content for w in words(name))]
