"""What the engine needs of a model, whoever provides it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Words:
    """A text read word by word: for each word its span and its unit vector in that text, shape
    (n, d), and the unit vector of the text as a whole, shape (d,), as `embed` gives it."""

    text: str
    spans: tuple[tuple[int, int], ...]
    vectors: Vectors
    whole: Vectors


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """Names model and weights: vectors are stored and compared under this name only."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (len(texts), dimensions)."""
        ...


@runtime_checkable
class Reader(Embedder, Protocol):
    """Reads texts word by word, so that one can be matched with another."""

    def words(self, texts: Sequence[str]) -> list[Words]:
        """The words of each text with the vectors they have in its context."""
        ...

    def count(self, texts: Sequence[str]) -> list[int]:
        """Number of the reader's tokens in each text."""
        ...


@dataclass(slots=True)
class Reply:
    """A model's reply while it arrives: iterate it for text; afterwards `usage` counts tokens,
    `faults` say why the text has no proper end, if it has none, and `notes` what was done to get
    it. `model` names who writes; empty when no model was asked."""

    pieces: Iterator[str]
    usage: dict[str, int] = field(default_factory=dict)
    model: str = ""
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        return self.pieces


class ChatModel(Protocol):
    """Continues a conversation."""

    @property
    def name(self) -> str:
        """The model's name, shown with each answer."""
        ...

    def reply(self, system: str, user: str) -> Reply:
        """The reply to one message, as a stream.

        Raises ModelError, until text has arrived; what has is kept, and the rest in `faults`.
        TooLongError is the one for a text that the model cannot take in.
        """
        ...
