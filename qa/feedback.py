"""What people said of answers, kept in the home folder as JSON lines, an answer a line."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from qa.errors import StoreError
from qa.types import EVERYTHING, Filters, Turn

Fault = Literal["", "wrong", "incomplete", "source", "unanswerable", "answerable"]
"""What is wrong with an answer: a false one; a part is missing; its source does not say it; it
should have been a refusal; it should not have been one."""
FAULTS: tuple[Fault, ...] = get_args(Fault)
LONGEST = 2_000  # characters of a reason or a right answer that are kept
_WAIT = 10  # seconds for another process that writes


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person said of one answer, with what is needed to ask and measure it again.

    `id` is the answer's. `right` is a thumb up; of a thumb down, `fault` is what is wrong and
    `expected` the right answer in a few words, both empty where it was not said. `quotes` are what
    the answer cited: each the source of a document and a quotation of it.
    """

    id: str
    given: datetime
    right: bool
    question: str
    answer: str
    abstained: bool
    fault: Fault = ""
    reason: str = ""
    expected: str = ""
    history: tuple[Turn, ...] = ()
    filters: Filters = EVERYTHING
    quotes: tuple[tuple[str, str], ...] = ()
    model: str = ""


class FeedbackFile:
    """The feedback of a home folder. Safe to share between threads and processes; a change is
    written whole or not at all. Every method raises StoreError for a file that cannot be used."""

    def __init__(self, home: Path) -> None:
        self._path = home / "feedback.jsonl"

    def read(self) -> dict[str, Feedback]:
        """What was said, by the id of the answer, oldest first."""
        found = dict[str, Feedback]()
        try:
            lines = self._path.read_text("utf-8").split("\n")
        except FileNotFoundError:
            return found
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(str(error)) from None
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    said = _adapter().validate_json(line)
                except ValidationError:
                    raise self._unusable(f"line {number} is no feedback") from None
                found[said.id] = said
        return found

    def put(self, said: Feedback) -> None:
        """Keeps what was said of an answer, instead of what was said of it before."""
        with self._changed() as kept:
            kept[said.id] = said

    def drop(self, ids: Iterable[str]) -> None:
        """Takes out what was said of some answers, if anything was."""
        ids = set(ids)
        if not ids.isdisjoint(self.read()):
            with self._changed() as kept:
                for one in ids & kept.keys():
                    del kept[one]

    @contextmanager
    def _changed(self) -> Iterator[dict[str, Feedback]]:
        new = self._path.with_suffix(".jsonl.new")
        try:
            with FileLock(self._path.with_suffix(".jsonl.lock"), timeout=_WAIT):
                kept = self.read()
                yield kept
                with new.open("wb") as file:
                    file.writelines(_adapter().dump_json(said) + b"\n" for said in kept.values())
                    file.flush()
                    os.fsync(file.fileno())
                new.replace(self._path)
        except Timeout:
            raise self._unusable("another process is writing to it") from None
        except OSError as error:
            raise self._unusable(str(error)) from None

    def _unusable(self, why: str) -> StoreError:
        return StoreError(
            f"{self._path}, which keeps what was said of answers, cannot be used ({why}): mend it, "
            "or move it away to begin a new one"
        )


@cache
def _adapter() -> TypeAdapter[Feedback]:
    return TypeAdapter(Feedback)
