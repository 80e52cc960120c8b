"""Sketches keep which words are alike, in a sixteenth of the space or less."""

from pathlib import Path

import numpy as np
import pytest

from qa import matching, sketches
from qa.engine import Engine
from qa.models.minilm import MiniLM
from qa.settings import Settings
from tests.conftest import CORPUS, MakeEngine


@pytest.fixture(scope="module")
def reader() -> MiniLM:
    return MiniLM()


def test_a_sketch_takes_64_bytes_a_word_and_keeps_the_nearest_words(reader: MiniLM) -> None:
    question, passage = reader.words(
        ["what did he ask for in return", "In return, he insisted on increased development aid."]
    )
    packed = sketches.pack(passage)
    assert packed.nbytes == 64 * len(passage.spans)
    exact = question.vectors @ passage.vectors.T
    short = sketches.project(question.vectors) @ sketches.unpack(packed).T
    assert np.corrcoef(exact.ravel(), short.ravel())[0, 1] > 0.9
    assert (exact.argmax(axis=1) == short.argmax(axis=1)).mean() > 0.8


def test_a_text_without_words_has_an_empty_sketch(reader: MiniLM) -> None:
    (nothing,) = reader.words([" "])
    packed = sketches.pack(nothing)
    assert packed.nbytes == 0
    short = sketches.unpack(packed)
    assert short.shape == (0, 128)
    target = matching.target(nothing, lambda terms: {})
    assert matching.said(target, sketches.project(nothing.vectors), [short]) == [0.0]


def test_the_passage_that_says_the_question_is_found_first(demo_home: Path) -> None:
    with Engine.open(settings=Settings(home=demo_home)) as engine:
        hits = engine.search("Why did Garduno order a stop to deportations?")
    assert hits[0].passage.source.endswith("mexico-migration-enforcement.md")
    assert all(hit.words is not None for hit in hits)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_an_index_from_before_sketches_gets_them_with_the_next_run(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = Settings(home=tmp_path_factory.mktemp("old") / ".qa")
    note = CORPUS / "title-42.md"
    with Engine.open(settings=settings) as engine:
        engine.index(note)
        name = sketches.name(engine.embedder)
        catalog = engine._catalog
        with catalog.transaction():
            catalog._connection.execute("DELETE FROM vectors WHERE embedder = ?", (name,))
        assert engine.search("Title 42")[0].words is None
        assert engine.index(note).unchanged == 1
        assert engine.search("Title 42")[0].words is not None


def test_another_embedder_leaves_none(make_engine: MakeEngine, corpus: Path) -> None:
    engine = make_engine()
    (corpus / "a.txt").write_text("One short text.")
    engine.index(corpus)
    assert engine.search("short text")[0].words is None
