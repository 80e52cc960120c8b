"""Plain text, and what every format shares: decoding, normalising, making a Document."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice

from charset_normalizer import from_bytes

from qa.errors import LoadError
from qa.loading.dates import Dated, first_date, leading_date, line_date
from qa.types import Document, Failure

LONGEST = 10_000_000  # characters of a document, some 5,000 pages
LONGEST_TITLE = 90
_NO_MEMORY = 2  # libxml2's XML_ERR_NO_MEMORY, which lxml gives as an XMLSyntaxError
# What West European languages use of Windows-1252 and Latin-1, and never three such letters in a
# row, which other scripts read as Windows-1252 have in each word.
_WESTERN = re.compile("(?:[\0-\x7f\xa0¡¿ªº«»°·€£©®‘’“”–—…•]|[À-ÏÑ-ÖØ-Üß-ïñ-öø-üÿŒœ](?![À-ÿ]{2}))*+")


def load(data: bytes, source: str, stem: str) -> tuple[list[Document], list[Failure]]:
    """One document; its title and date are looked for in the first lines."""
    return [compose(decode(data), source, stem)], []


def compose(
    text: str,
    source: str,
    stem: str,
    title: str = "",
    stated: date | None = None,
    url: str = "",
    pages: Sequence[int] = (),
) -> Document:
    """A Document of normalised text; what the metadata does not say of title and date is looked
    for in the first lines, then in the URL and the file's name. Raises LoadError without text."""
    heading, dated, body = header(text)
    if not text[body:].strip():
        raise LoadError("there is no text below the title and date: add the text, or remove it")
    title = title.strip() or heading or fallback_title(text[body:], stem)
    return make(
        source, text, title, first_date((stated, "metadata"), dated, url, stem), body, pages
    )


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Whatever a parser raises inside becomes a LoadError that begins with `what`.

    Behind lxml, trafilatura, python-docx, zipfile and email a broken file raises KeyError,
    ValueError, AttributeError, RecursionError, struct.error and more: no list of them is whole.
    MemoryError is let through: it speaks of the machine.
    """
    try:
        yield
    except (LoadError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, SyntaxError) and getattr(error, "code", None) == _NO_MEMORY:
            raise MemoryError from error
        reason = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")[:200]
        raise LoadError(f"{what} ({reason})") from error


def row(cells: Iterable[str]) -> str:
    """A table's row as a line, which is a sentence of its own."""
    return f"| {' | '.join(' '.join(cell.split()) for cell in cells)} |"


def decode(data: bytes) -> str:
    """Text of `data`: UTF-8, UTF-16 with a mark, or an older encoding that cannot be mistaken.

    Raises LoadError for bytes that are not text, whose encoding cannot be told, and empty files.
    """
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return normalise(_strict(data, encoding))
    if b"\0" in data:
        raise LoadError("these bytes are not text: save the file as UTF-8 text")
    try:
        return normalise(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        readable = data.decode("utf-8", "replace")
        broken = readable.count("\ufffd")
        if sum(c > "\x7f" for c in readable) >= 2 * broken:  # most of it is UTF-8
            raise LoadError(f"broken UTF-8 at byte {error.start}: save it as UTF-8 again") from None
        return normalise(_legacy(data))


def _legacy(data: bytes) -> str:
    """Text of bytes in an encoding that nothing names, when only one reading makes sense.

    charset-normalizer is right about other scripts, but reads "López" as "L¾pez" and the Polish
    "Łódź" as "£ódŸ": so Western European is decided here, and other Latin text is refused.
    """
    western = data.decode("cp1252", "replace")
    if _WESTERN.fullmatch(western):
        return western
    best = from_bytes(data).best()
    text = str(best) if best is not None and best.coherence > 0 else ""  # 0: in no language
    if not text or any("\x7f" < c < "\u0370" and c.isalpha() for c in text):
        raise LoadError("the encoding of these bytes cannot be told: save the file as UTF-8 text")
    return text


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise LoadError(f"broken {encoding} text: {error.reason}; save it as UTF-8") from None


def normalise(text: str) -> str:
    """NFC, line ends as `\\n`; raises LoadError when nothing is left to read."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        raise LoadError("the file is empty: remove it or put text in it")
    return text


def header(text: str) -> tuple[str, date | None, int]:
    """Title, date and the offset of the body, from up to three leading lines.

    A title is a short first line without a final full stop that a date line or an empty line
    follows; a date line holds a date and nothing else but a word such as "date" or "published";
    a date may also stand in front of the first sentence ("date 2023-12-25 A massive ...").
    """
    lines = ((m.start(), m.end(), m.group().strip()) for m in re.finditer(r"[^\n]*\n?", text))
    kept = list(islice((line for line in lines if line[2]), 3))
    title, published, body = "", None, 0
    if kept and (found := line_date(kept[0][2])):
        published, body, kept = found, kept[0][1], kept[1:]
    elif kept and (inline := leading_date(text)):
        return "", inline[0], inline[1]
    if kept and _is_heading(kept[0], kept[1:2], text):
        title, body, kept = kept[0][2].lstrip("# "), kept[0][1], kept[1:]
    if published is None and body:
        published, body = date_line(text, body)
    return title, published, _skip_space(text, body)


def date_line(text: str, start: int) -> tuple[date | None, int]:
    """The date in the first line with words from `start` on, when the line holds nothing else,
    and the offset of what follows it; else None and `start`."""
    start = _skip_space(text, start)
    stop = text.find("\n", start) + 1 or len(text)
    found = line_date(text[start:stop])
    return (found, _skip_space(text, stop)) if found else (None, start)


def _is_heading(
    line: tuple[int, int, str], following: list[tuple[int, int, str]], text: str
) -> bool:
    _, end, words = line
    if len(words) > 2 * LONGEST_TITLE or words.endswith((".", ":", ";", ",", "?!")):
        return False
    if not following:
        return False
    return text.startswith("\n", end) or bool(line_date(following[0][2]))


def _skip_space(text: str, start: int) -> int:
    rest = text[start:]
    return len(text) - len(rest.lstrip())


def fallback_title(body: str, stem: str) -> str:
    """The first sentence, shortened at a word, or the file's name where there is no text."""
    first = " ".join(body[:400].split())
    first = re.split(r"(?<=[.!?])\s", first, maxsplit=1)[0]
    if len(first) > LONGEST_TITLE:
        first = first[:LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(",;:") + "…"
    return first or stem


def make(
    source: str,
    text: str,
    title: str,
    dated: Dated,
    body: int = 0,
    pages: Sequence[int] = (),
) -> Document:
    """A Document whose id is derived from what it says, not from where it lies.

    Raises LoadError for a text that is too long, and for characters that no store can keep: NUL and
    halves of surrogate pairs, which `\\u0000` and `\\ud83d` in JSON and YAML stand for.
    """
    if len(text) > LONGEST:
        raise LoadError(
            f"its text has {len(text):,} characters, more than {LONGEST:,}: divide it into files"
        )
    broken = LoadError("it holds NUL characters or broken Unicode: save it as UTF-8 text")
    title = " ".join(unicodedata.normalize("NFC", title).split())
    try:
        digest = hashlib.sha256(text.encode()).hexdigest()
        (source + title).encode()
    except UnicodeEncodeError:
        raise broken from None
    if "\0" in text:
        raise broken
    published, origin = dated
    key = "\0".join((title, published.isoformat() if published else "", str(body), digest))
    if pages:
        key += f"\0{pages}"
    identity = hashlib.sha256(key.encode()).hexdigest()[:16]
    return Document(identity, source, title, published, text, digest, body, tuple(pages), origin)
