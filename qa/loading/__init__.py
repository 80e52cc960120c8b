"""Files to documents: one small module a format, chosen by content or else by suffix.

Folders are resolved to the place they really are, so that one file has one path however it is
named; a link to a folder inside a folder is not followed, so that no loop is.

What cannot be read is a Failure in the result, never an exception and never silence. Hidden files,
and `README.md` and `SOURCES.md`, which describe a folder rather than belong to it, are left out.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html[\s>])",
    re.IGNORECASE | re.DOTALL,
)
ABOUT_THE_FOLDER = ("readme.md", "sources.md")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The documents of one file and what in it could not be read."""

    documents: tuple[Document, ...]
    failures: tuple[Failure, ...]


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


def load(path: Path, source: str) -> Loaded:
    """The documents in the file, named `source` to readers, and what could not be read."""
    if os.path.isdir(path):  # unlike Path.is_dir, False where the folder above is closed
        what = "a link to a folder: index that folder" if path.is_symlink() else "cannot be listed"
        return Loaded((), (Failure(source, f"{what}, or check its permissions"),))
    if os.path.exists(path) and not os.path.isfile(path):
        return Loaded((), (Failure(source, "not a regular file: remove it from the folder"),))
    try:
        loader = _sniffed(path) or LOADERS.get(path.suffix.lower())
        if loader is None:
            known = ", ".join(LOADERS)
            what = f"unknown suffix {path.suffix!r}" if path.suffix else "no suffix"
            return Loaded((), (Failure(source, f"{what}: use one of {known}"),))
        documents, failures = loader(path.read_bytes(), source, path.stem)
    except LoadError as error:
        return Loaded((), (Failure(source, str(error)),))
    except OSError as error:
        reason = error.strerror or str(error)
        return Loaded((), (Failure(source, f"{reason}: check the file and its permissions"),))
    return Loaded(tuple(documents), tuple(failures))


def _sniffed(path: Path) -> Loader | None:
    """The loader that the content asks for whatever the suffix says, None when it does not tell."""
    with path.open("rb") as file:
        head = file.read(2048)
        if head.startswith(b"%PDF-"):
            return pdf.load
        if head.startswith(b"PK\x03\x04") and docx.is_docx(file):
            return docx.load
    return html.load if _PAGE.match(head) else None
