"""Reading the prompts, which are files without code, a system part and a user part, and writing
passages for them."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from string import Template

from qa.errors import StoreError
from qa.plaintext import plain
from qa.types import Evidence


@cache
def load(name: str) -> tuple[Template, Template]:
    """The system and the user part of `prompts/<name>.md`, divided by a line of three hyphens."""
    system, _, user = _read(name).partition("\n---\n")
    return Template(system.strip()), Template(user.strip())


@cache
def digest(name: str) -> str:
    """The SHA-256 of `prompts/<name>.md`, in hexadecimal."""
    return hashlib.sha256(_read(name).encode()).hexdigest()


def fenced(evidence: Iterable[Evidence]) -> str:
    """Numbered passages between delimiters that their own titles and texts cannot close."""
    return "\n\n".join(map(_fenced, evidence))


def _fenced(entry: Evidence) -> str:
    passage = entry.hit.passage
    day = passage.published.isoformat() if passage.published else "unknown"
    head = f"{passage.title} | date: {day} | source: {passage.source}"
    head = " ".join(plain(head).split())
    return f"<passage>\n[{entry.number}] {head}\n{plain(passage.text)}\n</passage>"


def _read(name: str) -> str:
    here = Path(__file__).parent
    for folder in (here / "prompts", here.parent / "prompts"):
        if (file := folder / f"{name}.md").is_file():
            return file.read_text("utf-8")
    raise StoreError(f"the prompt {name}.md is missing: install qa again")
