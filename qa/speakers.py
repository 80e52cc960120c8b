"""Who said something: the names to which a text ascribes what it says, and whether the source does
so too."""

import re
from collections.abc import Sequence
from itertools import takewhile

from qa.contradiction import Compared
from qa.sentences import sentences as split_sentences
from qa.wording import Word, abbreviates, key, keys, words

_BY = 16  # words from "declared" over "by" to the name
# Share of the words of what someone said that must stand in a sentence that ascribes it to them.
_TOLD = 0.4
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
_SOURCES = frozenset(
    map(key, ["passage", "passages", "source", "sources", "article", "text", "document", "report"])
)


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
