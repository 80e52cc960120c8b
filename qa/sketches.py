"""Passages kept word by word in short form, so that many can be compared with a question at once.

A word's vector is projected on the directions in which word vectors differ most and kept with four
bits a direction: 64 bytes a word instead of 1,536. What is lost costs nothing that could be
measured in ranking passages, but too much in choosing sentences, for which they are read in full.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qa.models import Embedder, Vectors, Words

_VERSION = 1  # changes whenever the same words would be packed another way
_KEPT = 128  # directions
_STEPS = 7  # a nibble holds -7 to 7
_BASIS = Path(__file__).parent / "models" / "minilm-basis.npy"

WORD = _KEPT // 2  # bytes of one word
Packed = npt.NDArray[np.uint8]


def name(embedder: Embedder) -> str:
    """What the sketches that come with an embedder's vectors are stored under."""
    return f"{embedder.name}/words-{_VERSION}"


def is_name(embedder: str) -> bool:
    """Whether it is sketches, not vectors, that are stored under a name."""
    return bool(re.search(r"/words-\d+$", embedder))


def pack(words: Words) -> Packed:
    """The words of a text, one after the other: uint8, shape (n * 64,)."""
    short = project(words.vectors)
    steps = np.abs(short).max(axis=1, keepdims=True, initial=1e-9) / _STEPS
    nibbles = (np.rint(short / steps) + _STEPS).astype(np.uint8)
    packed: Packed = (nibbles[:, ::2] << 4 | nibbles[:, 1::2]).reshape(-1)
    return packed


def unpack(packed: Packed) -> Vectors:
    """Unit vectors, float32, shape (n, 128)."""
    vectors = _pairs()[packed.reshape(-1, WORD)].view(np.float32)
    vectors /= _lengths(vectors)
    return vectors


def project(vectors: Vectors) -> Vectors:
    """Unit vectors of 384 dimensions as unit vectors of 128, to compare with unpacked ones."""
    short: Vectors = vectors @ _basis()
    return short / _lengths(short)


@cache
def _basis() -> Vectors:
    """Principal directions of word vectors: float32, shape (384, 128); benchmarks/basis.py."""
    basis: Vectors = np.load(_BASIS).astype(np.float32)
    return basis


@cache
def _pairs() -> npt.NDArray[np.float64]:
    """The two float32 numbers of each byte, as the bits of one float64: looked up together they
    take a fifth of the time that shifting and masking took."""
    pairs = np.array([[byte >> 4, byte & 15] for byte in range(256)], np.float32) - _STEPS
    return pairs.view(np.float64).reshape(-1)


def _lengths(vectors: Vectors) -> Vectors:
    lengths: Vectors = np.sqrt(np.vecdot(vectors, vectors))[:, None]
    return np.maximum(lengths, 1e-9)
