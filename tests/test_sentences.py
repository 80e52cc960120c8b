import random

import pytest
from conftest import CORPUS

from qa.loading import discover, load
from qa.sentences import _blocks, _divided, _segment, is_heading, sentences

# ¦ marks where a new sentence must begin, and nothing else may.
MARKED = [
    "The U.S. economy grew by 3 percent, officials said. ¦The report was due Friday.",
    "Republican Sen. John Cornyn and Rep. Tony Gonzales visited Eagle Pass on Friday.",
    "Gov. J.B. Pritzker met with Mayor Brandon Johnson in Chicago. ¦Neither spoke to reporters.",
    "Mr. Biden spoke to Mrs. Clinton and Ms. Harris. ¦Dr. Anthony Fauci was present.",
    "The company is ranked No. 5 in the world, up from No. 9 last year.",
    "The vote is at 5 p.m. Monday in the Senate. ¦Polls open at 6 a.m. Tuesday.",
    "He left the building at 5 p.m. ¦The police arrived an hour later.",
    "Shares of Apple Inc. rose 2 percent. ¦Those of Alphabet Inc. fell.",
    "On Jan. 3 the House will vote. ¦On Dec. 25, 6,000 migrants set out.",
    "President A. M. López Obrador rejected the plan. ¦Mexico will respond.",
    "The plan would cost $1.5 billion over 10 years, or 0.3% of GDP. ¦That is less than in 2019.",
    '"We waited... and nothing came," she said. ¦"Nobody helped us."',
    "They had tried everything ... ¦Nothing worked.",
    "“This is a crisis.” ¦The governor walked away.",
    '"Are you ready?" he asked. ¦"Yes!" the crowd shouted.',
    '“We’ve been waiting here for three or four months without an answer," Rivera said adding, '
    "“Hopefully with this march, there will be a change.” ¦He is from Honduras.",
    "She moved to Washington, D.C. ¦The job paid well.",
    "Gen. Mark Milley and Lt. Gen. H.R. McMaster testified. ¦Col. Smith did not.",
    "They want to reach the U.S. ¦He said so on Sunday.",
    "KEY POINTS\n¦- Caravan has 6,000 people\n¦- Blinken to visit Mexico\n¦- Talks set for Dec. 27",
    "Migrant crisis deepens\n\n¦By Jane Doe\n\n¦MEXICO CITY (AP) — Thousands marched. ¦Police saw.",
    "¿Qué pidió? ¦¡Nada! ¦Eso dijo el Dr. Pérez.",
    "See https://www.example.com/news.html?id=3.5 for details. ¦Readers may reply.",
    "Reps. Henry Cuellar and Lou Correa agreed. ¦Sens. Sinema and Kelly did not.",
    "It was built in the 16th century. ¦Then it burnt down.",
    'The shows were "Help!", "Yahoo!" and "Why?", which came later. ¦The list goes on.',
    'The slogan has been "Onward.", which replaced "Here we are." ¦It is old.',
    "# A heading\n¦Some text under it.\n¦## Another\n¦More text.",
    "| a | b |\n¦| 1 | 2 |",
]

NASTY = {
    "nothing": "",
    "spaces": " \n\t\n  ",
    "newlines": "\n" * 50_000,
    "marks": "!" * 50_000,
    "spaced marks": "! " * 25_000,
    "dots": ". " * 25_000,
    "one word": "x" * 200_000,
    "no end": "word " * 20_000,
    "emoji": "😀👩‍👩‍👧 🇲🇽! " * 500,
    "chinese": "你好。再见。" * 500,
    "quotes": '" ' * 20_000,
    "titles": "Mr. " * 5_000,
    "separators": "One.\x0cTwo.\u2028Three.\x85Four.\xa0Five.",
    "accents": "Ño\u0301n. Él. Ürün." * 100,
    "list": "- a\n- b.\n\n* c\n1. d\n2) e\n\n\n# f\n",
}


@pytest.mark.parametrize("marked", MARKED, ids=range(len(MARKED)))
def test_sentences_begin_where_a_reader_would_say(marked: str) -> None:
    pieces = marked.split("¦")
    text = "".join(pieces)
    assert [text[start:end] for start, end in sentences(text)] == [p.strip() for p in pieces]


def check_spans(text: str, start: int = 0) -> None:
    """Spans are ordered and tight, and hold every character that is not space, once."""
    spans, before = sentences(text, start), start
    for first, last in spans:
        assert before <= first < last
        assert text[first:last] == text[first:last].strip()
        assert not text[before:first].strip()
        before = last
    assert not text[before:].strip()


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
def test_every_character_of_any_text_is_in_exactly_one_sentence(text: str) -> None:
    check_spans(text)


def test_every_character_of_the_corpus_is_in_exactly_one_sentence() -> None:
    for path in discover([CORPUS]):
        for document in load(path, path.name).documents:
            check_spans(document.text, document.body)


def same_as_nupunkt(text: str) -> None:
    for start, end in _blocks(text, 0, len(text)):
        block = text[start:end]
        assert list(_segment(block)) == list(_divided(block)), block


def test_what_ends_clearly_ends_there_for_nupunkt_too() -> None:
    for path in discover([CORPUS, CORPUS.parent / "tests" / "fixtures" / "library"]):
        for document in load(path, path.name).documents:
            same_as_nupunkt(document.text)
    for marked in MARKED:
        same_as_nupunkt(marked.replace("¦", ""))


def test_what_ends_clearly_ends_there_in_any_text() -> None:
    words = "word. The In A I. A. civil. ill. Dr. Sens. sen. U.S. etc. p.m. No. 1. 12. 1999. Mr."
    marks = '. .. ... … ! ? ?! " ” “ ( ) [1] (a). iv. said.” "No!" hello.) - * , However, He it. Él'
    others = 'century. 1990s. F-16. mid-jan. it’s. 9-11. 2a. (UN). [5]. "so". 1999). “The ¿Qué doi'
    told = [*words.split(), *marks.split(), *others.split()]
    pieces = [*told, "x" * 600, "\n", "\t", "\xa0", "\x0c", "  "]
    draw = random.Random(0)
    for _ in range(3_000):
        some = draw.choices(pieces, k=draw.randint(1, 30))
        same_as_nupunkt("".join(piece + draw.choice(("", " ", " ", "\n")) for piece in some))


def test_offsets_count_from_the_start_of_the_text() -> None:
    text = "Title\n\nOne. Two. Three."
    assert [text[a:b] for a, b in sentences(text, 7, 16)] == ["One.", "Two."]


def test_a_heading_is_told_from_a_hashtag() -> None:
    assert is_heading("## What happened")
    assert not is_heading("#caravan is trending.")
