"""What is wrong with an index, and mending it without embedding.

The catalog can be checked against itself: a document has the hash of its text, a passage that of
what was embedded for it. The derived indexes are compared with it, and built anew from it.
"""

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from qa import indexing, splitting, stores
from qa.catalog import Catalog, StoredPassage
from qa.dense import Server
from qa.errors import DamagedError, StoreError, UnreachableError
from qa.indexing import Splitter
from qa.models import Embedder
from qa.types import Document

CATALOG = "catalog.sqlite3"


@dataclass(frozen=True, slots=True)
class Damage:
    """What in a catalog does not hold together: ids of documents whose text is not what was read,
    or whose passages are not of their text; vectors that are none; and rows that belong to nothing.
    """

    texts: tuple[str, ...]
    passages: tuple[str, ...]
    vectors: tuple[tuple[str, str], ...]
    strays: int

    def named(self) -> list[str]:
        """Each kind of damage in plain words."""
        found = (
            (len(self.texts), "documents are not as they were read"),
            (len(self.passages), "documents have passages that do not match their text"),
            (len(self.vectors), "vectors cannot be used"),
            (self.strays, "entries belong to no file or document"),
        )
        return [f"{n} {what}" for n, what in found if n]


def inspect(catalog: Catalog) -> Damage:
    """Reads everything in a catalog that SQLite can read."""
    texts, passages = list[str](), list[str]()
    with catalog.snapshot():
        for document_id in catalog.schemes():
            try:
                document = catalog.document(document_id)
                rows = catalog.passages_of(document_id)
            except (ValueError, StoreError):  # no date, no list, or bytes that are no text
                texts.append(document_id)
                continue
            if document is None or indexing.sha_of(document.text) != document.sha256:
                texts.append(document_id)
            elif not _fit(document, rows):
                passages.append(document_id)
        vectors, strays = tuple(catalog.unusable_vectors()), catalog.strays()
    return Damage(tuple(texts), tuple(passages), vectors, strays)


def unlike(catalog: Catalog, home: Path, embedder: str, server: Server | None) -> list[str]:
    """The derived indexes that say they are current and do not hold the catalog's passages."""
    found = list[str]()
    for builds in (
        stores.dense_builds(catalog, home, embedder, server),
        stores.lexical_builds(home),
    ):
        state, wanted = catalog.store(builds.name), set(catalog.passage_ids())
        if state is None or state.dirty or state.generation != catalog.generation():
            continue  # the next search sees to it
        if builds.missing(state.folder):
            continue
        try:
            with closing(builds.open(state.folder)) as index:
                held = index.ids()
        except UnreachableError:
            continue
        except StoreError as error:
            wrong = f"cannot be read ({error.__cause__})"
        else:
            lacking, gone = len(wanted - held), len(held - wanted)
            wrong = f"lacks {lacking} passages and holds {gone} that are no more"
            if not (lacking or gone):
                continue
        if (catalog.store(builds.name), catalog.generation()) == (state, state.generation):
            found.append(f"the index {state.folder} {wrong}")  # else it was being written
    return found


@dataclass(slots=True)
class Repair:
    """What was done, and what is left for a person to do, in plain words."""

    done: list[str]
    left: list[str]


def repair(
    home: Path, embedder: Embedder, splitter: Splitter, server: Server | None = None
) -> Repair:
    """Mends the catalog, builds both derived indexes anew from it, and says what was done.

    What cannot be mended without its file is taken out, so that the next `qa index` reads it. A
    catalog that SQLite cannot read is put aside, never deleted. Without vectors for all passages
    the derived indexes stay as they are. Raises BusyError when another process writes, StoreError
    when the catalog is of a newer version, UnreachableError when a server does not answer.
    """
    said = Repair([], [])
    with indexing.writing(home), closing(_readable(home / CATALOG, said)) as catalog:
        _mend(catalog, inspect(catalog), splitter, said)
        if not catalog.without_vector(embedder.name):
            for name in (stores.dense_store(embedder, server), stores.LEXICAL_STORE):
                if state := catalog.store(name):
                    catalog.mark(name, replace(state, dirty=True))
            indexing.synchronise(catalog, home, embedder, server)
            said.done.append("built both search indexes anew from the catalog, embedding nothing")
    return said


def _readable(path: Path, said: Repair) -> Catalog:
    """The catalog in `path`, or a new one with what can be read of it."""
    catalog = None
    try:
        catalog = Catalog(path)
        if not (faults := catalog.faults()):
            return catalog
        catalog.reindex()
        if not catalog.faults():
            said.done.append(f"built the catalog's own indexes anew ({faults[0]})")
            return catalog
    except DamagedError:
        pass
    if catalog is not None:
        catalog.close()
    # The new file is whole before the old one makes way for it.
    new = path.with_name(f"{path.name}.repaired")
    for left in path.parent.glob(f"{new.name}*"):
        left.unlink()
    with closing(Catalog(new)) as catalog:
        catalog.salvage(path)
        documents, passages = catalog.counts()
    aside = path.with_name(f"{path.name}.damaged-{datetime.now():%Y%m%d-%H%M%S}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    new.rename(path)
    said.done.append(
        f"put the damaged catalog aside as {aside.name}, and took {documents} documents and "
        f"{passages} passages from it"
    )
    said.left.append(
        "documents may be missing: run `qa index` on your folders, which brings them back, and "
        "restart the page if it is open"
    )
    return Catalog(path)


def _mend(catalog: Catalog, damage: Damage, splitter: Splitter, said: Repair) -> None:
    with catalog.transaction():
        for document_id in damage.texts:
            sources = ", ".join(catalog.sources(document_id)) or "no file"
            catalog.remove_document(document_id)
            said.done.append(f"took out a document that is not as it was read, of {sources}")
            said.left.append(f"{sources} was taken out: run `qa index` on its folder")
        for document_id in damage.passages:
            if document := catalog.document(document_id):
                rows = indexing.passages_of(document, splitter)
                catalog.put_document(document, splitter.scheme, rows)
                said.done.append(f"divided {document.source} into passages again")
        catalog.drop_vectors(damage.vectors)
        catalog.drop_strays()
        if damage.vectors:
            said.done.append(f"took out {len(damage.vectors)} vectors that cannot be used")
        if damage.strays:
            said.done.append(f"took out {damage.strays} entries that belong to no file or document")
        catalog.advance()


def _fit(document: Document, rows: list[StoredPassage]) -> bool:
    """Whether the passages are the document's text, whole and in order, as it was embedded."""
    at = document.body
    for row in rows:
        start, end = row.passage.start, row.passage.end
        if not at <= start < end <= len(document.text) or _says(document.text[at:start]):
            return False
        if indexing.sha_of(splitting.searchable(row.passage)) != row.sha:
            return False
        at = end
    return not _says(document.text[at:])


def _says(text: str) -> bool:
    return any(map(str.isalnum, text))
