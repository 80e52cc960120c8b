"""The draft of an answer: sentences quoted from the evidence, or a model's own words about it."""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from qa import matching, prompts, retrieval, tokens
from qa.attribution import MARK
from qa.errors import ModelError, TooLongError
from qa.models import ChatModel, Embedder, Reply
from qa.plaintext import legible
from qa.questions import Asked, Matched, asks_who
from qa.refusal import WORTH_A_MODEL, unspoken
from qa.sentences import sentences
from qa.settings import Settings
from qa.types import Evidence

REFUSAL = "The documents do not say."

QUOTES = 3  # sentences quoted for each part of a question
# A further sentence is quoted when it is as good as this beside the best, or when it adds this
# share of the question and is not much worse, from the same passage and from another.
CLOSE, GAIN, FLOOR, FLOOR_ELSEWHERE = 0.93, 0.04, 0.6, 0.85
MISFIT = 0.2  # what a sentence loses that has no number for "how many", no date for "when"
NAME_BESIDE = 0.05  # what it loses for "who" when a sentence beside it has the name

_USABLE = 0.9  # of a model's context, since its tokens are not quite those that are counted
_ATTEMPTS = 3  # with all the evidence, and with half as much each time that was too long

_MACHINE = re.compile(
    r"\b(?:AI|IA|LLMs?|chatbots?|language models?|automated (?:assistant|system|reader)s?"
    r"|assistants?|asistentes)\b"
)
_ORDER = re.compile(
    r"(?:^|[:;,\[\].]\s*)(?:please |always |you must )?"
    r"(?:ignore|disregard|forget|say|state|tell|answer|respond|reply|ignoren?|respondan?|digan?)\b"
    r"|\b(?:must|should|shall) (?:tell|inform) (?:the|their|your|every) users?\b",
    re.IGNORECASE,
)
# What a piece may end in and a later one complete: a mark, a link or an image, a tag.
_TARGET = r"\((?>[^()\n]++|\([^()\n]*+\)?+)*+"
_OPEN_MARK = re.compile(
    rf"\s*(?:!?\[[^\[\]]{{0,200}}(?:\](?:{_TARGET}|:\s*\S*)?)?|[!*]|<[^<>]{{0,500}})?\Z"
)
_HELD = 3_000  # characters that may be held back for it
_LINK = re.compile(rf"!?\[([^\[\]]{{0,200}})\](?:{_TARGET}\)|:\s*https?://\S+)")
_TAG = re.compile(r"</?[a-z!|][^<>]{0,500}>", re.IGNORECASE)
_ENDED = re.compile(r"(?<!\d)[.!?…][\"”’')\]]*\Z")  # not "rose by 3.", whose decimals may be lost
_COUNTED = re.compile(r"\d{1,2}[.)]")
_BULLET = re.compile(r"\s*(?:[-*•]\s+|\d{1,2}[.)]\s+(?=[A-ZÀ-Þ]))")


def draft(
    question: str,
    matched: Sequence[Matched],
    evidence: Sequence[Evidence],
    model: ChatModel | None,
    embedder: Embedder,
    settings: Settings,
) -> Reply:
    """The pieces of an answer as they are written; none when the documents do not speak of what
    is asked, and then no model is called."""
    if model is None:
        return Reply(quote(matched, embedder))
    if any(is_on_topic(*part) for part in matched):
        return generate(question, evidence, model, settings)
    return Reply(iter(()))


def quote(matched: Sequence[Matched], embedder: Embedder) -> Iterator[str]:
    """Without a model: for each thing asked the one to three sentences that say most of it,
    verbatim, when the documents speak of it at all."""
    given = list[str]()
    for asked, candidates in matched:
        said = " ".join([asked.query.answered, *given]) if asked.query.context else ""
        chosen = best(asked, [s for s in candidates if s.text not in said])
        if chosen and not unspoken(asked, chosen[0], candidates, embedder):
            for sentence in sorted(chosen, key=lambda s: (s.evidence.number, s.start)):
                if sentence.text not in given:
                    given.append(sentence.text)
                    yield f"{sentence.text}\n\n"


def best(asked: Asked, candidates: Sequence[matching.Sentence]) -> list[matching.Sentence]:
    """The sentence that answers best, the one beside it that says who, and up to two that come
    close to it or add to it."""
    candidates = [s for s in candidates if not is_order(s.text)]
    beside = {id(s): _naming(asked, s, candidates) for s in candidates}
    ranked = sorted(
        ((score(asked, s, beside[id(s)] is not None), s) for s in candidates),
        key=lambda pair: -pair[0],
    )
    if not ranked:
        return []
    top, first = ranked[0]
    chosen, said = [first], first.near
    if who := beside[id(first)]:
        chosen, said = [first, who], np.maximum(said, who.near)
    for value, sentence in ranked[1:]:
        floor = FLOOR if sentence.evidence is first.evidence else FLOOR_ELSEWHERE
        more = np.maximum(said, sentence.here)
        gain = matching.mean(asked.target, more) - matching.mean(asked.target, said)
        close = value >= CLOSE * top or (gain >= GAIN and value >= floor * top)
        if close and len(chosen) < QUOTES and sentence is not who:
            chosen.append(sentence)
            said = np.maximum(said, sentence.near)
    return chosen


def score(asked: Asked, sentence: matching.Sentence, named_beside: bool = False) -> float:
    """How well a sentence answers: what it says of the question, less a penalty when it lacks what
    the question word calls for."""
    said = matching.score(asked.target, sentence)
    if _fits(asked, sentence):
        return said
    return said - (NAME_BESIDE if named_beside else MISFIT)


def is_order(sentence: str) -> bool:
    """Whether a sentence tells a machine that reads it what to say: no part of any answer."""
    return bool(_MACHINE.search(sentence) and _ORDER.search(sentence))


def _fits(asked: Asked, sentence: matching.Sentence) -> bool:
    """Whether a sentence has what the question word calls for, and the question has not."""
    if asked.expected is None:
        return True
    known = asked.query.text.casefold().split()
    new = " ".join(word for word in sentence.text.split() if word.casefold() not in known)
    return bool(asked.expected.search(new))


def _naming(
    asked: Asked, sentence: matching.Sentence, candidates: Sequence[matching.Sentence]
) -> matching.Sentence | None:
    """For "who" the sentence before or after one without a name that has one: "..., she said."."""
    if not asks_who(asked.query.question) or _fits(asked, sentence):
        return None
    for away in (-1, 1):
        for other in candidates:
            near = other.evidence is sentence.evidence and other.order == sentence.order + away
            if near and _fits(asked, other):
                return other
    return None


def generate(
    question: str, evidence: Sequence[Evidence], model: ChatModel, settings: Settings
) -> Reply:
    """With a model: its reply to the question and the numbered passages, as it is written. Evidence
    that is too long for the model is cut after a sentence, and a note says so."""
    reply = Reply(iter(()), model=model.name)
    pieces = _generated(question, evidence, model, settings, reply.usage, reply.faults, reply.notes)
    reply.pieces = pieces
    return reply


def _generated(
    question: str,
    evidence: Sequence[Evidence],
    model: ChatModel,
    settings: Settings,
    usage: dict[str, int],
    faults: list[str],
    notes: list[str],
) -> Iterator[str]:
    shown = _fitting(question, evidence, settings)
    for attempt in range(1, _ATTEMPTS + 1):
        reply = model.reply(*_prompt(question, shown))
        try:
            yield from reply
        except TooLongError:
            less = _limited(shown, _length(shown) // 2)
            if attempt == _ATTEMPTS or _length(less) == _length(shown):
                raise
            shown = less
            continue
        usage.update(reply.usage)
        faults += reply.faults
        break
    if _length(shown) < _length(evidence):
        notes.append(
            f"{model.name} was given {_length(shown):,} of {_length(evidence):,} tokens of the "
            "evidence, because all of it did not fit."
        )


def _prompt(question: str, evidence: Sequence[Evidence]) -> tuple[str, str]:
    system, user = prompts.load("answer")
    return system.substitute(), user.substitute(
        passages=prompts.fenced(evidence), question=question
    )


def _fitting(question: str, evidence: Sequence[Evidence], settings: Settings) -> list[Evidence]:
    """The evidence as far as it fits into the context, where that is known, with its answer."""
    if not settings.context_tokens:
        return list(evidence)
    room = int(settings.context_tokens * _USABLE) - settings.answer_tokens
    around = tokens.count("".join(_prompt(question, evidence))) - _length(evidence)
    return _limited(evidence, room - around)


def _limited(evidence: Sequence[Evidence], budget: int) -> list[Evidence]:
    return retrieval.select([e.hit for e in evidence], len(evidence), budget)


def _length(evidence: Sequence[Evidence]) -> int:
    return sum(e.hit.passage.tokens for e in evidence)


def unspoken_of(matched: Sequence[Matched], embedder: Embedder) -> list[str]:
    """Words of the question that the nearest passages do not speak of, over all its parts."""
    firsts = [(asked, best(asked, candidates), candidates) for asked, candidates in matched]
    return [
        word
        for asked, chosen, candidates in firsts
        if chosen
        for word in unspoken(asked, chosen[0], candidates, embedder)
    ]


def is_on_topic(asked: Asked, sentences: Sequence[matching.Sentence]) -> bool:
    """Whether a model should be asked at all; near misses are left to it and to the checks."""
    return max((matching.score(asked.target, s) for s in sentences), default=0.0) >= WORTH_A_MODEL


class Sentence(str):
    """A finished sentence of a draft."""


class Fragment(Sentence):
    """The last sentence of a reply that broke off, without its end."""


def written(draft: Reply) -> Iterator[str]:
    """A draft as it comes about: pieces of text, and each sentence, as a `Sentence`, when it is
    complete. Of a model's reply its own marks, thoughts, emphasis, bullets, links and tags are left
    out; a refusal gives no sentence, and what was said already no second one. Raises ModelError for
    a model that never stops thinking."""
    text, done, said = "", 0, set[str]()
    for piece in _cleaned(draft) if draft.model else draft:
        yield piece
        text += piece
        for start, end in sentences(text, done)[:-1]:
            yield from _new(_sentence(text[start:end], draft), said)
            done = end
    for start, end in sentences(text, done):
        last = end == len(text.rstrip())
        alone = last and not text[:start].strip()
        yield from _new(_sentence(text[start:end], draft, last, alone), said)


def _new(found: Sentence | None, said: set[str]) -> Iterator[Sentence]:
    """The sentence unless its words are among those `said`: small models repeat themselves."""
    if found and (words := _letters(found)) not in said:
        said.add(words)
        yield found


def _sentence(words: str, draft: Reply, last: bool = False, alone: bool = False) -> Sentence | None:
    """What a reader gets of a sentence of the draft, if anything: of a model also a mere name or
    number, but no number that only counts a list."""
    broken = bool(last and draft.faults and not _ENDED.search(words))
    if draft.model:
        words = _without_marks(_BULLET.sub("", words)).strip()
        refusing = broken and _letters(REFUSAL).startswith(_letters(words))
        counting = _COUNTED.fullmatch(words) and (broken or not alone)
        if refusing or counting or is_refusal(words) or not re.search(r"[^\W_]", words):
            return None
    return (Fragment if broken else Sentence)(" ".join(words.split()))


def _cleaned(pieces: Iterable[str]) -> Iterator[str]:
    """A model's text as it arrives; what may be the beginning of a mark is held back until it is
    complete."""
    held, thinking = "", False
    for piece in pieces:
        held += piece
        while (tag := "</think>" if thinking else "<think>") in held:
            before, held = held.split(tag, 1)
            if not thinking:
                yield _without_marks(before)
            thinking = not thinking
        if thinking:
            continue
        # Only the end can be the beginning of something.
        opened = _OPEN_MARK.search(held, max(0, len(held) - _HELD))
        settled = opened.start() if opened else len(held)
        yield _without_marks(held[:settled])
        held = held[settled:]
    if thinking:
        raise ModelError(
            "the model thought and never answered: raise QA_ANSWER_TOKENS, or set another QA_MODEL"
        )
    yield _without_marks(held)


def _without_marks(text: str) -> str:
    """Without what a program that shows the text would act upon, and what no one can see; of a link
    stays its text."""
    # A mark that begins a line: what the line above says ends there.
    unmarked = MARK.sub(lambda mark: "\n\n" if "\n" in mark[0] else "", text)
    linkless = _LINK.sub(lambda link: "" if link[0][0] == "!" else link[1], unmarked)
    return legible(_TAG.sub("", linkless)).replace("**", "")


def is_refusal(sentence: str) -> bool:
    """Whether a model says that the passages do not hold the answer, and nothing besides."""
    said = _letters(sentence)
    return said.startswith(_letters(REFUSAL)) and " but " not in said


def _letters(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().casefold()
