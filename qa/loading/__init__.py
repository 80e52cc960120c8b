"""Files to documents: one small module a format, chosen by content or else by suffix.

Folders are resolved to the place they really are, so that one file has one path however it is
named; a link to a folder inside a folder is not followed, so that no loop is.

What cannot be read is a Failure in the result, never an exception and never silence. Hidden files,
and `README.md` and `SOURCES.md`, which describe a folder rather than belong to it, are left out.

`load` reads a file where it is called; `workers.Workers` reads it in a process that can be killed.
"""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path

from qa.errors import InputError, LoadError
from qa.loading import docx, html, mail, markdown, pdf, records, tables, text
from qa.types import Document, Failure

Loader = Callable[[bytes, str, str], tuple[list[Document], list[Failure]]]
"""Takes a file's bytes, its name for readers, and its name without folder and suffix."""

LOADERS: dict[str, Loader] = {
    ".txt": text.load,
    ".md": markdown.load,
    ".jsonl": records.load,
    ".csv": tables.load,
    ".html": html.load,
    ".htm": html.load,
    ".pdf": pdf.load,
    ".docx": docx.load,
    ".eml": mail.load,
}
# Atomic: three hundred comments in a row can be divided in more ways than can be tried.
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]*+>\s*+)?"
    rb"(?>(?:<!--.*?-->\s*)*+)<(?:!doctype\s+html|html[\s>])",
    re.IGNORECASE | re.DOTALL,
)
ABOUT_THE_FOLDER = ("readme.md", "sources.md")
LARGEST = 200_000_000  # bytes of a file
MOST_FAILURES = 1_000  # of one file that are listed one by one
_LONGEST_REASON = 500  # characters
_LIGHT = {suffix: LOADERS[suffix] for suffix in (".txt", ".md", ".jsonl", ".csv")}
_LIGHT_BYTES = 65_536
_HEAD = 2048


@dataclass(frozen=True, slots=True)
class Loaded:
    """The documents of one file and what in it could not be read. `sha256` is the hash of the bytes
    that were read, empty when none were."""

    documents: tuple[Document, ...]
    failures: tuple[Failure, ...]
    sha256: str = ""


def place(path: Path) -> Path:
    """The one absolute path of a file or folder: links above it are resolved, and a folder that is
    a link itself; a file that is a link keeps its name, and with it its suffix."""
    return path.resolve() if path.is_dir() else path.parent.resolve() / path.name


def discover(paths: Iterable[Path]) -> Iterator[Path]:
    """Every file under `paths` by its `place`, each once, in a stable order; a folder that cannot
    be listed is in their place.

    Raises InputError for a path that does not exist.
    """
    seen = set[Path]()
    for path in paths:
        if not path.exists():
            raise InputError(f"{path} does not exist: check the spelling, or make the folder first")
        root = place(path)
        for file in sorted(_files(root)) if root.is_dir() else [root]:
            if file not in seen:
                seen.add(file)
                yield file


def _files(folder: Path) -> Iterator[Path]:
    closed = list[Path]()
    for parent, folders, files in os.walk(
        folder, onerror=lambda e: closed.append(Path(e.filename))
    ):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in (*files, *links):
            if not name.startswith(".") and name.lower() not in ABOUT_THE_FOLDER:
                yield Path(parent, name)
    yield from closed


def outside(path: Path, roots: Sequence[Path]) -> bool:
    """Whether a file found in one of the folders `roots` is a link to a file in none of them. A
    root that is a file itself was asked for by name."""
    if path in roots or not path.is_symlink():
        return False
    try:
        target = path.resolve()
    except (OSError, RuntimeError):  # a link to itself
        return False
    return not any(target.is_relative_to(root) or target == root.resolve() for root in roots)


def load(path: Path, source: str) -> Loaded:
    """The documents in the file, named `source` to readers, and what could not be read.

    Raises MemoryError, which is for whoever limits the memory to explain.
    """
    if os.path.isdir(path):  # unlike Path.is_dir, False where the folder above is closed
        what = "a link to a folder: index that folder" if path.is_symlink() else "cannot be listed"
        return refused(source, f"{what}, or check its permissions")
    try:
        with opened(path) as file:
            head = file.read(_HEAD)
            loader = _sniffed(head, file) or LOADERS.get(path.suffix.lower())
            if loader is None:
                known = ", ".join(LOADERS)
                what = f"unknown suffix {path.suffix!r}" if path.suffix else "no suffix"
                return refused(source, f"{what}: use one of {known}")
            file.seek(0)
            small = os.fstat(file.fileno()).st_size <= LARGEST
            data = file.read(LARGEST + 1) if small else b""
        if not small or len(data) > LARGEST:  # it may grow while it is read
            raise LoadError(
                f"it is larger than {LARGEST // 1_000_000} MB: divide it, or save its text as .txt"
            )
        return _loaded(data, loader, path, source)
    except LoadError as error:
        return refused(source, str(error))
    except OSError as error:
        reason = error.strerror or str(error)
        return refused(source, f"{reason}: check the file and its permissions")


def load_light(path: Path, source: str) -> Loaded | None:
    """What `load` makes of a file that is sure to take little: a small one of a plain format, or
    one that cannot be opened. None for any other."""
    loader = _LIGHT.get(path.suffix.lower())
    if loader is None or os.path.isdir(path):
        return None
    try:
        with opened(path) as file:
            data = file.read(_LIGHT_BYTES + 1)
    except (OSError, LoadError):
        return load(path, source)
    head = data[:_HEAD]
    if len(data) > _LIGHT_BYTES or head.startswith((b"%PDF-", b"PK\x03\x04")) or _PAGE.match(head):
        return None
    return _loaded(data, loader, path, source)


def _loaded(data: bytes, loader: Loader, path: Path, source: str) -> Loaded:
    sha = hashlib.sha256(data).hexdigest()
    try:
        documents, failures = loader(data, source, path.stem)
    except LoadError as error:
        return replace(refused(source, str(error)), sha256=sha)
    return Loaded(tuple(documents), tuple(_listed(failures, source)), sha)


def refused(source: str, error: str) -> Loaded:
    """What comes of a file that cannot be read."""
    return Loaded((), tuple(_listed([Failure(source, error)], source)))


def opened(path: Path) -> BufferedReader:
    """The file, open for reading bytes. Raises LoadError for a pipe, a device or a socket, which
    is never waited for, and OSError for what cannot be opened."""

    def opener(name: str, flags: int) -> int:
        # What was a file a moment ago may be a pipe now: opening it must not wait for a writer.
        return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

    irregular = LoadError("not a regular file: remove it from the folder")
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise irregular
    file = open(path, "rb", opener=opener)  # noqa: SIM115 the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise irregular
    return file


def _sniffed(head: bytes, file: BufferedReader) -> Loader | None:
    """The loader that the content asks for whatever the suffix says, None when it does not tell."""
    if head.startswith(b"%PDF-"):
        return pdf.load
    if head.startswith(b"PK\x03\x04") and docx.is_docx(file):
        return docx.load
    return html.load if _PAGE.match(head) else None


def _listed(failures: Sequence[Failure], source: str) -> Iterator[Failure]:
    """The failures, none of unbounded length, with a count in place of the last of too many."""
    most = MOST_FAILURES if len(failures) <= MOST_FAILURES else MOST_FAILURES - 1
    for failure in failures[:most]:
        yield Failure(_short(failure.source), _short(failure.error))
    if rest := len(failures[most:]):
        yield Failure(source, f"{rest:,} more lines or rows could not be read: mend these first")


def _short(words: str) -> str:
    if len(words) <= _LONGEST_REASON:
        return words
    return f"{words[: _LONGEST_REASON - 200]} … {words[-190:]}"
