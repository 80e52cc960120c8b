"""Texts as words that can be compared: stems, names, negation, and what stands beside a word."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa.lexical import analyse

_NEAR = 6  # words on each side that tell where a word stands
_FADING, _COMMA = 0.85, 0.7  # what is left of that a word, or a comma, farther away
_STOPS = frozenset(".;!?")
_FUNCTION = 0.25  # what a function word counts there beside a word of content
_SCOPE = 8  # words that a negation reaches at most

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[.,;:!?()]")
_INNER = re.compile(r"(?<=[a-z])(?=[A-Z\d])")
_DOTTED = re.compile(r"\b(?:[A-Z]\.){2,}")
# A full stop that ends no sentence: "St. Augustine", "Cynthia J. Cohen".
_SHORTENED = re.compile(
    r"\b([A-HJ-Z]|St|Mrs?|Ms|Drs?|Jr|Sr|Profs?|Gens?|Sens?|Reps?|Govs?|Lt|Col|Sgt|Capt|Rev|Mt|Ft)"
    r"\. (?=[A-ZÀ-Þ])"
)
_CONTRACTION = re.compile(r"(?<=\w)n['’]t\b|(?<=\w) n['’]t\b|(?<=[cC]an)not\b")
# Not a negation, though it looks like one; "no fewer than" is "at least".
_PHRASES = (
    (re.compile(r"\b(?:no|not) (?:fewer|less) than\b", re.I), "at least"),
    (re.compile(r"\b(?:no|not) (?:more than|above|over)\b", re.I), "at most"),
    (re.compile(r"\b(?:no|not) later than\b", re.I), "by"),
    (re.compile(r"\bnot (?:only|just|merely|simply|least|to mention)\b", re.I), "also"),
    (re.compile(r"\bwith or without ((?:\w+ ){0,2}\w+)", re.I), r"with \1 or without \1"),
    (re.compile(r"\bwhether or not\b", re.I), "whether"),
    (re.compile(r"\bno longer\b|\brather than\b|\binstead of\b", re.I), "not"),
    (re.compile(r"\bNo\.? ?(?=\d)"), "number "),
    (re.compile(r"\bno doubt\b|\bno sooner\b|\bno wonder\b", re.I), "certainly"),
)
_IRREGULAR_WORDS = """
be:been become:became begin:began,begun break:broke,broken bring:brought build:built buy:bought
catch:caught choose:chose,chosen come:came cut:cutting deny:denied,denies die:died,dying
draw:drew,drawn drive:drove,driven eat:ate,eaten fall:fell,fallen fight:fought find:found
fly:flew,flown forbid:forbade,forbidden get:got,gotten give:gave,given go:went,gone
grow:grew,grown hear:heard hold:held keep:kept know:knew,known lead:led leave:left
lose:lost,losing make:made,making meet:met pay:paid rise:rose,risen run:ran say:said
see:saw,seen sell:sold send:sent shoot:shot sink:sank,sunk speak:spoke,spoken spend:spent
stand:stood steal:stole,stolen swear:swore,sworn take:took,taken,taking teach:taught tell:told
think:thought throw:threw,thrown win:won wear:wore,worn write:wrote,written,writing
child:children foot:feet man:men woman:women
"""
_IRREGULAR = {
    form: base
    for base, forms in (line.split(":") for line in _IRREGULAR_WORDS.split())
    for form in forms.split(",")
}
_CUES_WORDS = """
not never no non none neither nor without cannot hardly nobody nothing nowhere unable
"""
_CUES = frozenset(_CUES_WORDS.split())
# Verbs that negate what follows.
_NEGATIVE_VERBS = frozenset({"fail", "refus", "declin", "deni", "lack", "unabl", "avoid", "absenc"})
# Nouns that do so before "to".
_NEGATIVE_NOUNS = frozenset({"failur", "inabl"})
# After these "declined" says that something grew less.
_LESS_WORDS = """
after before in by from since during between over at until through towards as and or sharply slowly
"""
_LESS = frozenset(_LESS_WORDS.split())
_BOUNDARY = frozenset(".,;:!?()") | frozenset(
    ["but", "because", "although", "though", "while", "whereas", "until", "unless"]
)
FEW = "(?:two|three|four|five|six|seven|eight|nine|ten)"
SOME_OF = re.compile(rf"{FEW}\sof\b", re.IGNORECASE)
"""In a question, how many answers are wanted: "two of the advisers"."""
# Too general to be missed.
GENERAL = frozenset(
    re.findall(
        r"\w+",
        """
        make made makes get got gets getting take took taken takes taking go goes going went gone
        come came coming comes happen happened happens want wants wanted use used uses using give
        gave given run runs usually often ever still always become became becomes call called
        known know name names named based mean means kind type types number amount people person
        thing things way ways year years month months day days date dates time times country
        countries group groups place places part parts new last first next total
        while whereas meanwhile additionally respectively
        react reacted reaction respond responded response feel felt think thought opinion attitude
        important importance significance significant major describe described help helps helped
        """,
    )
)
_PREFIX = re.compile(r"(?:un|in|im|il|ir|dis|non-?)(?=[a-z]{4})")
# Words that begin like that, end like a word of their own, and deny nothing.
_NO_DENIAL_WORDS = """
unless improve discover display dismiss dissent dissolve distance discount discharge discourse
disease dispatch distribute district discard income inform inside instead install insure intend
intent intense invest invent instance impress import important impose impact implant imply
indeed inland inward indoor intake inmate insight inscribe inspire instill invoice indebted
information improvement discovery investment invention distribution distant installation
"""

# Peoples and countries whose names do not begin alike, a group each.
_PEOPLES = """
american,americans,us,usa,america,united states
british,uk,britain,briton,britons,united kingdom
soviet,soviets,ussr,soviet union; ivorian,ivorians,ivory coast; burma,burmese,myanmar
french,france; spanish,spain,spaniards; dutch,netherlands,holland; swiss,switzerland
greek,greece,greeks; turkish,turkey,turks; danish,denmark,danes; polish,poland,poles
irish,ireland; scottish,scotland; english,england; welsh,wales; swedish,sweden,swedes
finnish,finland,finns; filipino,philippines; norwegian,norway; portuguese,portugal
chinese,china; israeli,israel; iraqi,iraq; afghan,afghanistan; slovak,slovakia; czech,czechia
serb,serbia,serbian; croat,croatia; thai,thailand; icelandic,iceland; cypriot,cyprus
"""
_GROUPS = {
    name: group
    for group in (frozenset(g.strip().split(",")) for g in re.split(r"[;\n]", _PEOPLES.strip()))
    for name in group
}
_LETTERS = frozenset(["us", "usa", "uk", "ussr"])
_PEOPLE = re.compile(rf"\b(?:{'|'.join(sorted(_GROUPS, key=len, reverse=True))})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text. `key` is its stem, or itself when it has none; `content` tells words that
    carry meaning, `capital` those of them that are capitalised, and `name` such inside a sentence;
    `owner` tells "Silver's". Punctuation is a word without key."""

    text: str
    key: str
    content: bool = False
    capital: bool = False
    name: bool = False
    number: bool = False
    owner: bool = False


@lru_cache(256)
def words(text: str) -> tuple[Word, ...]:
    """The words and punctuation marks of a text, contractions taken apart."""
    text = _SHORTENED.sub(r"\1 ", undotted(_CONTRACTION.sub(" not", text)))
    for pattern, plain in _PHRASES:
        text = pattern.sub(plain, text)
    found, fresh = list[Word](), True
    for match in _WORD.finditer(text):
        word = match.group()
        if not word[0].isalnum():
            found.append(Word(word, ""))
            fresh = word in ".!?:"
            continue
        plain = re.sub(r"['’]s?$", "", word)
        # "US" and "WHO" are names.
        content = bool(analysed(plain)) or (plain.isupper() and 1 < len(plain) < 6)
        capital = word[0].isupper() and content
        name = capital and not fresh
        number, owner = word[0].isdigit(), plain != word
        found.append(Word(plain, key(plain), content, capital, name, number, owner))
        fresh = False
    return tuple(found)


def undotted(text: str) -> str:
    """With "US" for "U.S."."""
    return _DOTTED.sub(lambda letters: letters[0].replace(".", ""), text)


@lru_cache(65536)
def analysed(word: str) -> tuple[str, ...]:
    """Index terms of a word; none for a function word."""
    return tuple(analyse(word))


@lru_cache(65536)
def key(word: str) -> str:
    """What two forms of one word have in common: the stem, of an irregular verb its base's."""
    folded = fold(word)
    base = _IRREGULAR.get(folded, folded)
    terms = analysed(base)
    return "".join(terms) if terms else folded


def fold(text: str) -> str:
    """Lowercase without accents, typographic quotes as plain ones."""
    plain = text.casefold().replace("’", "'")
    if plain.isascii():
        return plain
    plain = unicodedata.normalize("NFKD", plain)
    return "".join(c for c in plain if not unicodedata.combining(c))


def peoples(text: str) -> frozenset[frozenset[str]]:
    """The names of each people or country that a text names by one of them: "US", but not "us"."""
    found = (match.group() for match in _PEOPLE.finditer(undotted(text)))
    return frozenset(_GROUPS[name.lower()] for name in found if _is_proper(name))


def _is_proper(name: str) -> bool:
    return name.isupper() if name.lower() in _LETTERS else name[0].isupper()


def keys(words: Iterable[Word]) -> frozenset[str]:
    """The keys of the words that carry content."""
    return frozenset(word.key for word in words if word.content)


def beside(
    one: Sequence[Word], span: tuple[int, int], other: Sequence[Word], place: tuple[int, int]
) -> float:
    """How much of what stands near `one[span]`, on each side, stands near `other[place]` too."""
    left, right = _sides(one, *span)
    before, after = _sides(other, *place)
    return _common(left, before) + _common(right, after)


def _sides(
    words: Sequence[Word], start: int, end: int
) -> tuple[dict[str, float], dict[str, float]]:
    left = _counted(reversed(words[max(0, start - 3 * _NEAR) : start]))
    return left, _counted(words[end : end + 3 * _NEAR])


def fits(
    one: Sequence[Word], span: tuple[int, int], other: Sequence[Word], place: tuple[int, int]
) -> int:
    """On how many sides the very next word is the same, articles apart; where `one` begins or ends
    there, any word will do."""
    left = _next(one, range(span[0] - 1, -1, -1)), _next(other, range(place[0] - 1, -1, -1))
    right = _next(one, range(span[1], len(one))), _next(other, range(place[1], len(other)))
    return sum(a in (".", b) for a, b in (left, right))


def _next(words: Sequence[Word], places: Iterable[int]) -> str:
    found = (words[n] for n in places if words[n].key not in ("the", "a", "an"))
    word = next(found, None)
    return (word.key or ".") if word else "."


def _counted(words: Iterable[Word]) -> dict[str, float]:
    """The nearest words up to the end of the sentence, and what each counts."""
    found, left = dict[str, float](), 1.0
    for word in words:
        if len(found) == _NEAR or word.text in _STOPS:
            break
        if word.key:
            found.setdefault(word.key, left if word.content else left * _FUNCTION)
        left *= _FADING if word.key else _COMMA
    return found


def _common(one: dict[str, float], other: dict[str, float]) -> float:
    return sum(min(count, other.get(key, 0.0)) for key, count in one.items())


@dataclass(frozen=True, slots=True)
class Polarity:
    """Which words of a text are negated: `heads` are the first words of content after a negation,
    `scope` all the words that it may reach, by their index; `cues` are the negations themselves,
    and `verbal` the heads after a verb such as "denied"."""

    heads: frozenset[int]
    scope: frozenset[int]
    cues: frozenset[int]
    verbal: frozenset[int]


def polarity(words: Sequence[Word]) -> Polarity:
    """Finds negations; two of them take each other back ("did not fail to")."""
    heads, scope, cues, verbal = set[int](), set[int](), list[int](), set[int]()
    negative, reach, headed = False, 0, True
    for n, word in enumerate(words):
        if word.text in _BOUNDARY or _goes_on(words, n):
            negative, reach = False, 0
        elif (word.text.casefold() in _CUES and not _titled(words, n)) or _denies(words, n):
            if reach and headed:
                negative = False
            negative, reach, headed = (not negative if reach else True), _SCOPE, False
            cues.append(n)
        elif reach:
            reach -= 1
            if negative:
                scope.add(n)
            if word.content and not headed:
                headed = True
                if negative:
                    heads.add(n)
                    if words[cues[-1]].key in _NEGATIVE_VERBS:
                        verbal.add(n)
    return Polarity(frozenset(heads), frozenset(scope), frozenset(cues), frozenset(verbal))


def _goes_on(words: Sequence[Word], n: int) -> bool:
    """Whether another thing is told from here on: "lacked units and showed ..."."""
    following = words[n + 1].text if n + 1 < len(words) else ""
    return words[n].text == "and" and (following.endswith("ed") or following in _IRREGULAR)


def _denies(words: Sequence[Word], n: int) -> bool:
    """Whether a word negates what follows it: not "declined in May", or "declined to 5"."""
    if words[n].key in _NEGATIVE_NOUNS:
        return n + 1 < len(words) and words[n + 1].text == "to"
    if words[n].key != "declin":
        return words[n].key in _NEGATIVE_VERBS
    following = [word for word in words[n + 1 : n + 3] if word.text not in ("the", "a", "an")]
    if not following or following[0].text in _BOUNDARY | _LESS:
        return False
    return not any(word.number for word in following)


def _titled(words: Sequence[Word], n: int) -> bool:
    """Whether a negation begins a name: "No Man's Sky"."""
    return words[n].text[0].isupper() and n + 1 < len(words) and words[n + 1].capital


_NO_DENIAL = frozenset(map(key, _NO_DENIAL_WORDS.split()))


def unlike(word: str) -> str | None:
    """The key of what a word denies by its prefix: "legal" for "illegal"."""
    folded = fold(word)
    match = _PREFIX.match(folded)
    return key(folded[match.end() :]) if match and key(word) not in _NO_DENIAL else None


def parted(text: str) -> str:
    """With "Apple Talk 2" for "AppleTalk2"."""
    return _INNER.sub(" ", text)


@lru_cache(4096)
def initials(text: str) -> frozenset[str]:
    """Folded initials of each run of two to five capitalised words, small ones between them left
    out: "un" for "United Nations", "fbi" for "Federal Bureau of Investigation"."""
    words = [
        w
        for w in re.findall(r"\w+", parted(text))
        if w not in ("of", "the", "for", "and", "de", "del")
    ]
    runs = (words[i : i + n] for n in range(2, 6) for i in range(len(words) - n + 1))
    capitals = (
        run
        for run in runs
        if run[0][0].isupper() and all(w[0].isupper() or w.isdigit() for w in run)
    )
    return frozenset(fold("".join(w[0] for w in run)) for run in capitals)


@lru_cache(4096)
def acronyms(text: str) -> frozenset[str]:
    """Folded initials of three to five words, one of them capitalised, that begin and end with one
    of content: "msp" for "member of the Scottish Parliament"."""
    words = [w for w in re.findall(r"\w+", text) if analysed(w) or w[0].isupper()]
    runs = (words[i : i + n] for n in range(3, 6) for i in range(len(words) - n + 1))
    return frozenset(
        fold("".join(w[0] for w in run)) for run in runs if any(w[0].isupper() for w in run[1:])
    )


def related(word: str, other: str) -> bool:
    """Whether two folded words are one, or one and its people: "MP" and "MPs", "Mexico" and
    "Mexican", "Cuba" and "Cubans", but not "Austria" and "Australia"."""
    short, long = sorted((word, other), key=len)
    if word == other or (len(short) > 1 and long == f"{short}s"):
        return True
    if len(short) > 3 and long.startswith(short):
        return True
    return len(short) > 5 and len(long) - len(short) < 4 and long.startswith(short[:-1])


def abbreviates(one: str, other: str) -> bool:
    """Whether one name is the initials of the other."""
    return fold(one) in initials(other) or fold(other) in initials(one)
