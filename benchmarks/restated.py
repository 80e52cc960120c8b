"""True statements in other words than their source: SQuAD's questions, which people wrote about a
paragraph, put together with their answers; and sentences of a passage, condensed as writers do.

No parser is used, so only questions whose words need no other order become statements: the answer
goes into the place of the question word ("Who ruled the duchy?"), or an auxiliary back before its
participle ("When was the duchy founded?"). A third of SQuAD's answerable questions are such.
"""

import random
import re
from collections.abc import Iterator
from itertools import pairwise

from qa.sentences import sentences

_AUXILIARY = r"(?:is|are|was|were|has|have|had|can|could|will|would|may|might|must|should)"
_IRREGULAR_WORDS = """
became began broke brought built bought came chose cost drew drove fell fought found fled gave got
gained grew had has held includes included kept knew laid led left let lost made means meant met
owns paid put ran rose said saw sent set sold spent spoke stood struck taught thought threw told
took was went were won wore wrote is are contains provides causes caused requires allows produces
consists
"""
_PARTICIPLES_WORDS = """
begun born broken brought built bought caught chosen cut done drawn driven felt found fought given
grown held hit hurt kept known laid led left lost made meant met paid put read said seen sent set
shown sold spent spoken struck sung taken taught thought thrown told torn understood won worn
written
"""
_VERB = rf"(?:{'|'.join(_IRREGULAR_WORDS.split())}|{_AUXILIARY}|[a-z]{{2,}}ed)"
_PARTICIPLE = rf"\b(?:{'|'.join(_PARTICIPLES_WORDS.split())}|[a-z]{{2,}}ed)\b"
_SUBJECT = re.compile(
    rf"(?:Who|(?:What|Which)(?: (?!{_VERB}\b)(?!did\b|does\b|do\b|of\b)[\w-]+){{0,3}}?)"
    rf" (?={_VERB}\b)"
)
_WHEN = re.compile(
    r"(?P<asked>When|Where"
    r"|In (?:what|which) (?:year|month|century|decade|city|country|state|town))"
    r" (?P<aux>was|were|is|are|has been|had been) (?P<rest>.+)"
)
_IN_PLACE = re.compile(
    r"(?<=\w )"
    r"(?P<before>in|by|after|at|from|on|to|of|with|for|as|between|during|before|until|since)?"
    r" ?(?:what|which)(?: (?:year|years|city|country|date|century|name|place|person|group|month|"
    r"percentage|river|language|state))?$"
)
# What may stand in another order than in a statement, unless it is "Who was the first king of ...?"
_INVERTED = re.compile(
    r"(?:(?:is|are|was|were) "
    r"(?!\w+ed\b|(?:a|an) |not\b|also\b|often\b|located|responsible|considered)"
    r"|(?:has|have|had) (?:the|a|an|it|he|she|they|[A-Z])"
    r"|(?:can|could|will|would|may|might|must|should) (?!be\b|have\b|also\b|often\b))"
)
_COPULA = re.compile(
    r"(?:Who|What) (?:is|was|were|are) (?:the|[\w’'-]+s['’]|[\w’' -]+['’]s) "
    r"(?!.*(?: to | for | that | called\b| named\b| known\b| used\b| made\b)).{8,}"
)
_PREPOSITION = re.compile(
    r"(?:in|on|at|by|from|after|before|around|between|during|until|since|near)\b", re.I
)
_ACTION = re.compile(r"[Tt]o |[a-z]+ed |[a-z]+ing |[A-Za-z]+ly\b")  # says what was done, not who
_NAMED_DAY = re.compile(
    r"(?:\d{1,2} )?(?:January|February|March|April|May|June|July|August|September|October|November"
    r"|December) \d"
)


def stated(question: str, answer: str) -> str | None:
    """The statement that a question and its answer make; None where the words would need another
    order, or the answer is a clause."""
    asked = " ".join(question.split()).rstrip(" ?.")
    answer = " ".join(answer.split()).strip(" .,;")
    if not answer or len(answer.split()) > 9 or len(asked.split()) < 4 or _ACTION.match(answer):
        return None
    if match := _WHEN.fullmatch(asked):
        return _placed(match, answer)
    if match := _IN_PLACE.search(asked):
        before = match["before"] or ""
        if before and _PREPOSITION.match(answer):
            before = ""
        return _sentence(f"{asked[: match.start()]}{before} {answer}")
    if match := _SUBJECT.match(asked):
        rest = asked[match.end() :]
        if _INVERTED.match(rest) and not _COPULA.fullmatch(asked):
            return None
        if re.search(
            r" (?:in|by|of|to|for|with|as|from|on|at|about|near|against|above|called|to be)$", rest
        ):
            return None
        return _sentence(f"{answer} {rest}")
    return None


def _placed(match: re.Match[str], answer: str) -> str | None:
    """An auxiliary back before its participle, and time or place at the end."""
    rest = match["rest"]
    found = list(re.finditer(_PARTICIPLE, rest))
    if (
        len(found) != 1
        or " being " in rest
        or " compared " in rest
        or not rest[: found[0].start()].strip()
        or re.search(r" (?:in|at|by|to|of|from)$", rest)
    ):
        return None
    subject, action = rest[: found[0].start()], rest[found[0].start() :]
    if not _PREPOSITION.match(answer):
        answer = f"{'on' if _NAMED_DAY.match(answer) else 'in'} {answer}"
    return _sentence(f"{subject}{match['aux']} {action} {answer}")


def _sentence(words: str) -> str:
    words = " ".join(words.split())
    return f"{words[0].upper()}{words[1:]}."


_ASIDE = re.compile(
    r" ?\([^()]*\)|, (?:which|who|where|whose) [^,;()]{8,90}, (?=\w)|,? -- [^-]* --,?|—[^—]*—"
)
_OPENING = re.compile(
    r"(?:However|Moreover|Furthermore|Also|Thus|Therefore|Indeed|For example|In addition"
    r"|In fact|As a result|Additionally|Similarly|Nevertheless|Meanwhile|Finally), "
)
_SENTENCE = re.compile(r"\w(?:[^\s]* ){5,45}[^\s]*\.")
_PRONOUN = re.compile(r"(?:It|He|She) (?=(?:is|was|has|had|also|became|can|will)\b)")


def _continued(sentence: str) -> str:
    opens = not sentence[:2].isupper() and _OPENS.match(sentence)
    return sentence[0].lower() + sentence[1:] if opens else sentence


def condensed(title: str, text: str) -> Iterator[str]:
    """Sentences of a passage as writers shorten and join them: without asides and connectives, the
    title for a pronoun that begins the passage, two neighbours as one."""
    rng = random.Random(text)
    plain = [" ".join(text[a:b].split()) for a, b in sentences(text)]
    name = re.sub(r" \(.*\)$", "", title)
    shorter = [_PRONOUN.sub(f"{name} ", _OPENING.sub("", _ASIDE.sub(" ", s))) for s in plain]
    shorter = [" ".join(s.split()).replace(" ,", ",") for s in shorter]
    shorter = [s[:1].upper() + s[1:] if _SENTENCE.fullmatch(s) else "" for s in shorter]
    pairs = [
        f"{a.rstrip('.')}, and {_continued(b)}"
        for a, b in pairwise(shorter[1:])
        if a and b and len(a.split()) + len(b.split()) < 45
    ]
    some = [s for s, p in zip(shorter, plain, strict=True) if s and s != p]
    rng.shuffle(some)
    rng.shuffle(pairs)
    yield from some[:2]
    yield from pairs[:1]


_OPENS = re.compile(
    r"(?:The|A|An|In|It|He|She|They|This|These|There|On|At|By|For|As|When|While|Some|Many|Its|His|Her)\b"
)
