import unicodedata
from collections.abc import Sequence
from datetime import date

import pytest
from conftest import CORPUS

from qa.loading import discover, load
from qa.loading.text import make
from qa.models.minilm import MiniLM
from qa.sentences import sentences
from qa.splitting import searchable, split
from qa.types import Document, Passage

COUNT = MiniLM().count
SIZE = 64

PROSE = (
    "The caravan left Tapachula on Sunday. Mr. López Obrador, who met U.S. envoys, agreed. " * 40
)
NASTY = {
    "prose": PROSE,
    "accents": unicodedata.normalize("NFD", PROSE),
    "one sentence": "and then " * 2_000 + "they came.",
    "no spaces": "x" * 20_000,
    "no spaces, marks": "Left.Came." * 2_000,
    "thai": "ผู้อพยพเดินทางผ่านเม็กซิโก" * 400,
    "chinese": "移民车队穿过墨西哥。" * 400,
    "emoji": "😀👩‍👩‍👧🇲🇽" * 800,
    "punctuation": "?!" * 2_000,
    "newlines": "\n" * 500 + "One." + "\n" * 500 + "Two." + "\n" * 500,
    "list": "# Points\n\n" + "- 6,000 people\n- Talks on Dec. 27\n\n" * 60,
    "control tokens": "<|endoftext|> [CLS] [SEP] [PAD] " * 200,
    "controls": "\x01\x02 \u200b\u200d\ufeff. " * 500,
}


def document(text: str, body: int = 0) -> Document:
    return make("here", text, "Title", (date(2023, 12, 25), "header"), body)


def check(document: Document, size: int) -> list[Passage]:
    """What must hold of any passages; they are handed back."""
    passages, text = split(document, COUNT, size), document.text
    before = document.body
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        assert passage.document_id == document.id
        assert not text[before : passage.start].strip(), "nothing but space is left out"
        assert before <= passage.start < passage.end
        assert COUNT([passage.text])[0] <= size
        before = passage.end
    assert not text[before:].strip()
    assert len({passage.id for passage in passages}) == len(passages)
    return passages


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
def test_passages_of_any_text_are_exact_spans_within_the_size(text: str) -> None:
    passages = check(document(text), SIZE)
    assert passages
    assert max(len(p.text) for p in passages) <= 16 * SIZE


def test_passages_of_the_corpus_are_exact_spans_of_whole_sentences() -> None:
    for path in discover([CORPUS]):
        for read in load(path, path.name).documents:
            passages = check(read, 180)
            begins, ends = zip(*sentences(read.text, read.body), strict=True)
            assert {p.start for p in passages} <= set(begins)
            assert {p.end for p in passages} <= set(ends)


def test_only_a_sentence_that_is_too_long_alone_is_cut() -> None:
    long = "They walked " + "and walked " * 100 + "north."
    text = f"A caravan left. {long} It arrived."
    passages, spans = check(document(text), 50), sentences(text)
    inside = {p.start for p in passages} - {start for start, _ in spans}
    assert inside
    start, end = spans[1]
    assert all(start < i < end for i in inside)
    assert all(text[i - 1] == " " or text[i] == " " for i in inside), "it is cut between words"


def test_the_articles_first_passage_does_not_hold_the_date_line() -> None:
    (article,) = load(CORPUS / "migrant-caravan-2023-12-25.txt", "article").documents
    first = check(article, 180)[0]
    assert "date 2023-12-25" not in first.text
    assert first.text.startswith("A massive caravan")
    assert "(25 December 2023)" in searchable(first)


def test_passages_of_a_document_are_about_equally_long() -> None:
    lengths = COUNT([p.text for p in check(document(PROSE), 180)])
    assert max(lengths) < 2 * min(lengths)


def test_the_header_is_in_no_passage() -> None:
    text = "Title\n2023-12-25\n\nThe body."
    assert [p.text for p in check(document(text, text.index("The")), SIZE)] == ["The body."]


def test_a_text_without_words_gives_no_passage() -> None:
    assert split(document(" \n "), COUNT, SIZE) == []


def test_characters_that_count_more_than_a_passage_holds_come_to_an_end() -> None:
    def many(texts: Sequence[str]) -> list[int]:
        return [1_000 * len(text) for text in texts]

    assert "".join(p.text for p in split(document("a b  c."), many, 32)).replace(" ", "") == "abc."
