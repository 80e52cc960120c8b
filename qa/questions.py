"""What is asked: a question made fit to search for, taken apart, and turned into words to match."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from qa import matching, prompts
from qa.checking import fold
from qa.lexical import analyse
from qa.models import ChatModel, Words
from qa.plaintext import plain
from qa.types import Turn

_LONGEST = 500  # characters of a rewritten question; beyond, a model has answered instead
_CONTEXT = 0.5  # what a word of the earlier question counts beside one of this one
_INTERROGATIVE = (
    r"(?:(?:on|in|to|by|at|for|from|with|of) )?"
    r"(?:what|which|who|whom|whose|when|where|why|how)\b"
)
_JOINT = re.compile(
    rf"(?:\s*[,;?]\s*(?:and\s+|but\s+)?|\s+and\s+)(?={_INTERROGATIVE})", re.IGNORECASE
)
_DEPENDENT = re.compile(
    r"^(?:and|but|so|also|then|or|y|pero)\b|^(?:what|how) about\b"
    r"|\b(?:he|she|it|they|him|her|them|his|hers|its|their|theirs|there|this|these|those)\b"
    r"|\bthat(?=\s*\?|\s*$)|\b(?:of|about|after|before|for|with|from|by|since|than|to) that\b",
    re.IGNORECASE,
)
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
)
# Capitalised at the beginning of sentences, and no names.
_OPENERS = (
    r"(?:The|A|An|It|He|She|They|We|I|You|This|That|These|Those|There|In|On|At|By|For|From|With|To"
    r"|Of|As|And|But|Some|Many|Most|More|After|Before|When|While|If|Since|His|Her|Its|Their|However"
    r"|Despite|Several|Both|Two|Three|Nobody|Everybody|Everyone|Someone|Nothing|All|Not|No|Our|My)"
)
_ASKING = re.compile(r"\b(?:what|which|who(?:m|se)?|when|where|why|how)\b", re.IGNORECASE)
_WHO = re.compile(r"who", re.IGNORECASE)
# What an answer should hold that the question does not, by the word that asks and what follows it.
_EXPECTED = (
    (
        re.compile(r"how (?:many|much|long|far|big|large|old|often|tall|high)\b", re.IGNORECASE),
        re.compile(
            r"\d|\b(?:no|none|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
            r"|dozens?|hundreds?|thousands?|millions?|billions?|half|third|quarter)\b",
            re.IGNORECASE,
        ),
    ),
    (
        re.compile(r"when\b|(?:what|which) (?:year|month|day|date|century|time)\b", re.IGNORECASE),
        re.compile(
            rf"\b\d{{1,2}} ?:\d\d|\b\d{{1,2}} ?[ap]\.? ?m\b|\b\d{{3,4}}s?\b|\b{_MONTH}\b"
            r"|centur|decade|today|\b(?:spring|summer|autumn|winter|morning|noon|evening|night"
            r"|midnight|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b",
            re.IGNORECASE,
        ),
    ),
    (_WHO, re.compile(rf"\b(?!{_OPENERS}\b)[A-ZÀ-Þ]\w")),
    (
        re.compile(r"why\b", re.IGNORECASE),
        re.compile(
            r"\b(?:because|reasons?|due to|so that|in order|causes?|caused)\b", re.IGNORECASE
        ),
    ),
)
_WHETHER = re.compile(
    r"(?:is|are|was|were|do|does|did|will|would|has|have|had|can|could|should|may|must)\b",
    re.IGNORECASE,
)
_SPANISH = {
    "cuantos": "how many",
    "cuantas": "how many",
    "cuanto": "how much",
    "cuanta": "how much",
    "cuando": "when",
    "donde": "where",
    "quien": "who",
    "quienes": "who",
    "por que": "why",
    "que": "what",
    "cual": "which",
    "cuales": "which",
    "como": "how",
}
_SPANISH_WORDS = re.compile(
    r"\b(?:el|la|los|las|del|que|qué|en|por|con|una|un|se|su|fue|cuándo|cuántos|cuántas|quién|cómo"
    r"|dónde|cuál)\b",
)

_ENGLISH_WORDS = re.compile(
    r"\b(?:the|of|and|did|do|does|was|were|is|are|how|what|when|where|which|who|why)\b",
    re.IGNORECASE,
)

Cognate = Callable[[str], str | None]
"""The index term that begins like a foreign word, if there is one."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: a question; the earlier one without which it is not clear; what was
    answered to that already; and the tokens that a model spent on making it clear."""

    question: str
    context: str = ""
    answered: str = ""
    usage: dict[str, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Question and context in one string."""
        return f"{self.context} {self.question}".strip()


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One thing that is asked: its query, the words to match, and what an answer must hold beyond
    them (a number for "how many")."""

    query: Query
    target: matching.Target
    expected: re.Pattern[str] | None


Matched = tuple[Asked, Sequence[matching.Sentence]]
"""One thing that is asked, and the sentences of the evidence matched with it, in their order."""


def condense(question: str, history: Sequence[Turn], model: ChatModel | None) -> Query:
    """The question so that it can be searched for alone.

    With a model one call rewrites a question that leans on the history; without, and when the
    rewriting is no question, the one it leans on comes along as context.
    """
    usage = dict[str, int]()
    if not history or not depends(question):
        return Query(question)
    if model is not None:
        system, user = prompts.load("condense")
        turns = "\n".join(
            f"Question: {plain(t.question)}\nAnswer: {plain(t.answer)}" for t in history[-3:]
        )
        reply = model.reply(system.substitute(), user.substitute(history=turns, question=question))
        rewritten = " ".join("".join(reply).split())
        if rewritten and len(rewritten) <= _LONGEST and not reply.faults:
            return Query(rewritten, usage=reply.usage)
        usage = reply.usage
    context = history[-1].question
    if depends(context) and len(history) > 1:
        context = f"{history[-2].question} {context}"
    return Query(question, context, history[-1].answer, usage)


def depends(question: str) -> bool:
    """Whether a question leans on an earlier one: a pronoun, "and ...", or too few words."""
    return bool(_DEPENDENT.search(question.strip())) or len(analyse(question)) < 2


def asks_who(question: str) -> bool:
    """Whether a question asks for a person or body by name."""
    return bool(_WHO.match(_asking(question)))


def _asking(question: str) -> str:
    """A question from the word that asks on: in "What happens when ...?" that is not "when"."""
    found = _ASKING.search(question)
    return question[found.start() :] if found else ""


def asks_whether(question: str) -> bool:
    """Whether a question is to be answered with yes or no."""
    return bool(_WHETHER.match(question))


def parts(query: Query) -> list[Query]:
    """A question that asks several things, as one query for each; most have one."""
    pieces = _JOINT.split(query.question)
    asks_alone = all(re.match(_INTERROGATIVE, piece, re.IGNORECASE) for piece in pieces)
    if len(pieces) < 2 or not asks_alone or not all(map(analyse, pieces)):
        return [query]
    first = Query(pieces[0], query.context, query.answered)
    return [first, *(Query(p, first.text if depends(p) else "") for p in pieces[1:])]


def in_english(query: Query, cognate: Cognate) -> Query:
    """A Spanish query as the words that English documents may share with it: its question word
    translated, names, numbers, and words that begin like one in the index. Others as they are."""
    if "¿" not in query.text and (
        len(_SPANISH_WORDS.findall(query.text)) < 2 or _ENGLISH_WORDS.search(query.text)
    ):
        return query
    return replace(
        query,
        question=_shared_words(query.question, cognate),
        context=_shared_words(query.context, cognate),
    )


def asked(query: Query, words: Words, rarity: matching.Rarity) -> Asked:
    """A query with its words to match. Those of the context count half, its question words not."""
    target = matching.target(words, rarity)
    focus = len(query.text) - len(query.question)
    weights, content = target.weights.copy(), target.content.copy()
    for n, (start, _) in enumerate(words.spans):
        if start < focus:
            weights[n] *= _CONTEXT if content[n] else 0
            content[n] = False
    asking = _asking(query.question)
    expected = (answer for question, answer in _EXPECTED if question.match(asking))
    return Asked(query, matching.Target(words, weights, content), next(expected, None))


def _shared_words(text: str, cognate: Cognate) -> str:
    kept = list[str]()
    for word in re.findall(r"por qu[eé]\b|[\w.,-]*\w", text, re.IGNORECASE):
        if english := _SPANISH.get(fold(word)):
            kept += [english] if not kept else []
        elif word[0].isdigit() or (word[0].isupper() and (len(word) < 5 or cognate(word))):
            kept.append(word)
        elif shared := cognate(word):
            kept.append(shared)
    return " ".join(kept) or text
