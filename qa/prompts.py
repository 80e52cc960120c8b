"""Reading the prompts, which are files without code: a system part and a user part."""

import hashlib
from functools import cache
from pathlib import Path
from string import Template

from qa.errors import StoreError


@cache
def load(name: str) -> tuple[Template, Template]:
    """The system and the user part of `prompts/<name>.md`, divided by a line of three hyphens."""
    system, _, user = _read(name).partition("\n---\n")
    return Template(system.strip()), Template(user.strip())


@cache
def digest(name: str) -> str:
    """The SHA-256 of `prompts/<name>.md`, in hexadecimal."""
    return hashlib.sha256(_read(name).encode()).hexdigest()


def _read(name: str) -> str:
    here = Path(__file__).parent
    for folder in (here / "prompts", here.parent / "prompts"):
        if (file := folder / f"{name}.md").is_file():
            return file.read_text("utf-8")
    raise StoreError(f"the prompt {name}.md is missing: install qa again")
