"""Sentences with exact offsets: nupunkt, kept from its two known traps.

Of nine splitters that need no download nupunkt found ClapNQ's 1,006 gold boundaries best (F1 .977,
benchmarks/sentence_splitters.py). Its abbreviations were learnt from legal text, which costs it
sentences that end in "century." or begin after "Sens."; and runs of thousands of newlines or
exclamation marks take it quadratic time. The rules below mend both.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

import nupunkt

Span = tuple[int, int]

_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]")
_ITEM = re.compile(r"[ \t]*(?:[-*+•][ \t]|\d{1,3}[.)][ \t]+(?=[A-ZÀ-Þ“¿¡]))|[ \t]*\|")
_REMEMBERED = 512  # texts
_LONGEST_RUN = 500  # characters without a space
_LONGEST_WORD = 40  # that is looked up, so that texts without spaces take no quadratic time
_UNBROKEN = re.compile(rf"\S{{{_LONGEST_RUN},}}")
_TITLES = (
    "mr|mrs|ms|dr|sen|sens|rep|reps|gov|govs|lt|gen|gens|maj|brig|capt|col|cmdr|sgt|det|supt|asst"
    "|dep|ald|atty|rev|prof|hon|pres|sr|sra|srta|dra|sres|messrs|st|mt|ft"
)
_KNOWN_TITLES = frozenset(_TITLES.split("|"))
_AFTER_TITLE = re.compile(rf"(?<![^\W_])(?i:{_TITLES})\.\Z")
_OTHERS = (
    "dept|corp|assn|calif|ariz|mass|minn|tenn|miss|penn|conn|okla|wash|sept|approx|univ|bros|figs"
    "|nos|vols|intl|natl|govt|ave|blvd|stat"
)
_ABBREVIATIONS = frozenset(f"{_TITLES}|{_OTHERS}".split("|"))
# An end mark with a capital after the space, and a word of four letters or more in front of it. Two
# patterns, because the first has few places to begin at.
_END = re.compile(r"[.!?]+[\"”’')\]]*(\s+)(?=[\"“‘'(\[¿¡]*[A-ZÀ-Þ])")
_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]{4,20}\Z")
# What can end a sentence; nupunkt looks at no mark with a letter or digit behind it.
_MARK = re.compile(r"[.!?…](?!\w)")
# A full stop, and behind it what is no number of a list: no mark stands in it.
_CLEAR = re.compile(r"\.\s+(?=[“(¿¡]?[A-ZÀ-Þ][^\s.!?…]{0,40}\s)")
_COMPOUND = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_CLOSED = re.compile(r"[^\s.!?…]*[)\]\"]")
# No sentence begins so: the one before ends in a title or a cry, as in "Yahoo!", "Jeopardy!".
_CONTINUED = re.compile(r"[\"”’»)\]]*[,;]|[\"”»] [a-zß-ÿ]")
_FIRST_WORD = re.compile(r"[A-ZÀ-Þ][^\W\d_]*(?=\s)")


def sentences(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Spans of the sentences of `text[start:end]`, in order, without the space around them.

    Empty lines, Markdown headings, list items and table rows always end a sentence.
    """
    end = len(text) if end is None else end
    return [
        (block + first, block + last)
        for block, stop in _blocks(text, start, end)
        for first, last in _segment(text[block:stop])
    ]


@lru_cache(_REMEMBERED)
def of_text(text: str) -> tuple[Span, ...]:
    """The spans of a whole text, remembered: each sentence of an answer is looked up in the same
    passages."""
    return tuple(sentences(text))


def is_heading(sentence: str) -> bool:
    """Whether a sentence is a Markdown heading: context, not something said."""
    return bool(_HEADING.match(sentence))


def _blocks(text: str, start: int, end: int) -> Iterator[Span]:
    """Stretches that no sentence crosses."""
    begin = line = start
    while line < end:
        stop = text.find("\n", line, end)
        stop = end if stop < 0 else stop + 1
        words = text[line:stop]
        empty, alone = not words.strip(), is_heading(words)
        if (empty or alone or _ITEM.match(words)) and begin < line:
            yield begin, line
            begin = line
        if empty or alone:
            if alone:
                yield line, stop
            begin = stop
        line = stop
    if begin < end:
        yield begin, end


def _segment(block: str) -> Iterator[Span]:
    first = 0
    for end, following in (*_clear_ends(block), (len(block.rstrip()), len(block))):
        if _MARK.search(block, first, end - 1):
            for start, stop in _divided(block[first:following]):
                yield first + start, first + stop
        elif first < end:
            yield _trimmed(block, first, end)
        first = following


def _clear_ends(text: str) -> Iterator[Span]:
    """Ends of sentences that nupunkt, or the rule of `_END`, is sure to find, each with where the
    next one begins, for a third of the time: full stops behind a word that is not the first."""
    begin = 0
    for found in _CLEAR.finditer(text):
        stop, following = found.span()
        space = text.rfind(" ", max(begin, stop - _LONGEST_WORD), stop)
        if (
            begin < space
            and not text[space - 1].isspace()
            and _is_clear(text[space + 1 : stop], text, following)
        ):
            yield stop + 1, following
            begin = following


def _is_clear(word: str, text: str, following: int) -> bool:
    """Whether a full stop behind this word, with a capital following, ends a sentence whatever else
    is there: not behind an abbreviation or a single letter."""
    if word.isalpha() and 4 <= len(word) <= 20:
        return word.lower() not in _ABBREVIATIONS  # the rule of `_END`
    known, word = nupunkt.load("default").parameters, word.lower()
    if _CLOSED.fullmatch(word):
        return True
    if len(word) < 2 or word in _KNOWN_TITLES or word in known.abbrev_types:
        return False
    if word.isdigit():
        first = _FIRST_WORD.match(text, following)
        return first is not None and ("##number##", first[0].lower()) not in known.collocations
    return (
        _COMPOUND.fullmatch(word) is not None
        and any(map(str.isalpha, word))
        and word.rpartition("-")[2] not in known.abbrev_types
    )


def _divided(text: str) -> Iterator[Span]:
    plain = text
    # Long runs without a space are of no interest here, and slow: only their ends are kept.
    if len(text) >= _LONGEST_RUN and max(map(len, text.split()), default=0) >= _LONGEST_RUN:
        plain = _UNBROKEN.sub(lambda run: "x" * (len(run[0]) - 3) + run[0][-3:], text)
    spans = list[Span]()
    for start, end in nupunkt.load("default").span_tokenize(plain):
        if spans and (
            _ends_with(_AFTER_TITLE, plain, *spans[-1]) or _CONTINUED.match(plain, start)
        ):
            spans[-1] = spans[-1][0], end
        else:
            spans.append((start, end))
    for first, end in spans:
        start = first
        for found in _END.finditer(plain, first, end):
            word = _ends_with(_WORD, plain, first, found.start())
            if word and word[0].lower() not in _ABBREVIATIONS:
                yield _trimmed(text, start, found.start(1))
                start = found.end()
        if text[start:end].strip():
            yield _trimmed(text, start, end)


def _ends_with(pattern: re.Pattern[str], text: str, start: int, end: int) -> re.Match[str] | None:
    """The match of a pattern of at most 20 characters that ends where `text[start:end]` does."""
    return pattern.search(text, max(start, end - 20), end)


def _trimmed(block: str, start: int, end: int) -> Span:
    if not (block[start].isspace() or block[end - 1].isspace()):
        return start, end
    words = block[start:end]
    return start + len(words) - len(words.lstrip()), end - len(words) + len(words.rstrip())
