"""Markdown, with title and date from YAML front matter where it has some."""

import re
from datetime import date
from typing import Any

import yaml

from qa.errors import LoadError
from qa.loading.dates import first_date, to_date
from qa.loading.text import date_line, decode, fallback_title, header, make
from qa.types import Document, Failure

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)\s*", re.DOTALL)
_MERGE = "tag:yaml.org,2002:merge"
_HEADING = re.compile(r"#{1,6}[ \t]+([^\n]+)(?:\n|\Z)\s*")


class _Loader(yaml.SafeLoader):
    """Leaves out what `<<` merges: nine lines that merge the last one ten times fill the memory."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        node.value = [(key, value) for key, value in node.value if key.tag != _MERGE]


def load(data: bytes, source: str, stem: str) -> tuple[list[Document], list[Failure]]:
    """One document. A leading heading is its title unless the front matter names one."""
    text = decode(data)
    metadata, body = _front_matter(text)
    title, stated, dated = _stated_title(metadata), _stated_date(metadata), None
    if heading := _HEADING.match(text, body):
        title, body = title or _without_closing_marks(heading.group(1)), heading.end()
    elif not metadata:
        title, dated, body = header(text)
    if stated is None and dated is None:
        dated, body = date_line(text, body)
    if not text[body:].strip():
        raise LoadError("there is no text below the front matter or heading")
    title = title or fallback_title(text[body:], stem)
    found = first_date((stated, "front matter"), dated, _stated_url(metadata), stem)
    return [make(source, text, title, found, body)], []


def _stated_title(metadata: dict[str, Any]) -> str:
    title = metadata.get("title")
    # A list is no title: written out, nested YAML aliases can grow without bound.
    return str(title) if isinstance(title, str | int | float | date) else ""


def _stated_date(metadata: dict[str, Any]) -> date | None:
    stated = metadata.get("date") or metadata.get("published")
    published = to_date(stated)
    if stated and published is None:
        shown = repr(stated) if isinstance(stated, str | int | float) else "in the front matter"
        raise LoadError(f"the date {shown} is not a date: write 2023-12-25")
    return published


def _stated_url(metadata: dict[str, Any]) -> str:
    url = metadata.get("url") or metadata.get("source")
    return url if isinstance(url, str) else ""


def _without_closing_marks(heading: str) -> str:
    """The words of `# Heading ##`; the mark of `# About C#` is a part of it."""
    words = heading.rstrip()
    bare = words.rstrip("#")
    return bare.rstrip() if bare[-1:].isspace() or not bare else words


def _front_matter(text: str) -> tuple[dict[str, Any], int]:
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, 0
    try:
        metadata = yaml.load(match.group(1), _Loader)
    except RecursionError:
        raise LoadError("the front matter is nested too deeply to be read") from None
    except (yaml.YAMLError, ValueError, KeyError, AttributeError) as error:
        # PyYAML lets the last two through for tags such as `!!bool x` and `!!timestamp x`.
        reason = " ".join(str(error).split())[:200]
        raise LoadError(f"the front matter is not YAML: {reason}") from None
    if not isinstance(metadata, dict):
        return {}, 0
    return metadata, match.end()
