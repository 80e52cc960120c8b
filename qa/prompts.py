"""Reading the prompts, which are files without code: a system part and a user part."""

from functools import cache
from pathlib import Path
from string import Template

from qa.errors import StoreError


@cache
def load(name: str) -> tuple[Template, Template]:
    """The system and the user part of `prompts/<name>.md`, divided by a line of three hyphens."""
    here = Path(__file__).parent
    for folder in (here / "prompts", here.parent / "prompts"):
        if (file := folder / f"{name}.md").is_file():
            system, _, user = file.read_text("utf-8").partition("\n---\n")
            return Template(system.strip()), Template(user.strip())
    raise StoreError(f"the prompt {name}.md is missing: install qa again")
