"""Bring an index up to date with files: plan the difference, embed what is new, apply it.

Order matters. Vectors are committed first, so that nothing is embedded twice whatever is killed;
then whole documents; then the derived indexes follow the catalog.
"""

import hashlib
import re
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from qa import loading, sketches, splitting, stores
from qa.catalog import Catalog, Store, StoredPassage
from qa.dense import Server
from qa.errors import BusyError, InputError, LoadError, StoreError, UnreachableError
from qa.filling import fill_texts, fill_vectors
from qa.follower import Follower
from qa.loading import Loaded
from qa.loading.workers import Workers
from qa.models import Embedder, Reader
from qa.stores import LEXICAL_STORE as LEXICAL_STORE
from qa.stores import Builds, Index
from qa.stores import dense_store as dense_store
from qa.types import Document, Failure, IndexReport, Progress

_FLUSH = 256  # passages between two commits
_OUTSIDE = "a link to a file outside the folder: index that file, or put a copy here"


@dataclass(frozen=True, slots=True)
class Splitter:
    """How documents become passages: the size, and what counts it."""

    tokens: int
    count: splitting.Counter

    @property
    def scheme(self) -> str:
        """Changes whenever the same document would be split another way."""
        return f"{splitting.VERSION}/{self.tokens}"


@dataclass(slots=True)
class _Batch:
    """Changed files on their way into the catalog."""

    files: list[tuple[str, str, tuple[Document, ...]]] = field(default_factory=list)
    passages: dict[str, tuple[Document, list[StoredPassage]]] = field(default_factory=dict)

    def size(self) -> int:
        return sum(len(passages) for _, passages in self.passages.values())


@dataclass(slots=True)
class _Meter:
    """Tells the caller how far the run has come, at each file and at each batch of vectors."""

    report: Callable[[Progress], None]
    began: float
    now: Progress

    @property
    def share(self) -> float:
        """The share of the files that have been read, this one among them."""
        return min(1.0, (self.now.done + 1) / max(1, self.now.total))

    def at(self, done: int, name: str) -> None:
        self._tell(replace(self.now, done=done, name=name))

    def stored(self, passages: int) -> None:
        if passages:
            self._tell(replace(self.now, passages=self.now.passages + passages))

    def _tell(self, now: Progress) -> None:
        self.now = replace(now, seconds=time.perf_counter() - self.began)
        self.report(self.now)


@contextmanager
def writing(home: Path, wait: float = 0) -> Iterator[None]:
    """Holds the home folder's lock.

    Raises BusyError when another process has held it for `wait` seconds, StoreError when the
    folder cannot be written.
    """
    lock = FileLock(home / "write.lock", timeout=wait)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise BusyError(f"another process is writing to {home}: wait until it is done") from None
    except OSError as error:
        raise StoreError(
            f"{home} cannot be written ({error.strerror}): give another folder with --home"
        ) from None
    try:
        yield
    finally:
        lock.release()


def update(
    catalog: Catalog,
    home: Path,
    paths: Sequence[Path],
    embedder: Embedder,
    splitter: Splitter,
    progress: Callable[[Progress], None],
    keep_missing: bool = False,
    server: Server | None = None,
) -> IndexReport:
    """Indexes what is new or changed under `paths`, removes what has gone from its folders unless
    told to `keep_missing`, and brings the derived indexes up to date. The caller holds
    `writing(home)`. What `progress` raises ends the run; what was stored by then is kept.

    Raises InputError for a path that does not exist, and UnreachableError before anything is
    embedded when vectors are kept on a server that does not answer; a file that cannot be read is
    a failure in the report, and what was indexed of it before is kept.
    """
    began = time.perf_counter()
    if server:
        server.version()
    paths = [loading.place(path) if path.exists() else path for path in paths]
    known, schemes, generation = catalog.files(), catalog.schemes(), catalog.generation()
    _check_gone(known, paths)
    added = updated = unchanged = 0
    failures, batch = list[Failure](), _Batch()
    place = loading.place(home)
    files = [file for file in loading.discover(paths) if not _is_ours(file, place)]
    meter = _Meter(progress, began, Progress(0, len(files)))

    def changed(path: Path) -> bool:
        sha, ids = known.get(_name(path), ("", ()))
        return not (sha and sha == _sha256(path) and _current(ids, schemes, splitter))

    follower = _follower(catalog, home, embedder, server)
    reading = _read(files, paths, place.parent, changed)
    try:
        if follower:
            follower.expect(len(files))  # one of each at least
        for done, (path, source, read) in enumerate(reading):
            meter.at(done, source)
            before = known.get(_name(path))
            if read is None:
                unchanged += len(before[1]) if before else 0
                continue
            loaded = read()
            failures += loaded.failures
            ids = tuple(document.id for document in loaded.documents)
            if not ids:
                continue
            if before and ids == before[1] and _current(ids, schemes, splitter):
                unchanged += len(ids)
            elif before:
                updated += len(ids)
            else:
                added += len(ids)
            # A file with failures is read again next time, so that they are listed again.
            _collect(
                batch,
                path,
                "" if loaded.failures else loaded.sha256,
                loaded.documents,
                schemes,
                splitter,
            )
            if batch.size() >= _FLUSH:
                _commit(catalog, batch, schemes, embedder, splitter.scheme, meter, follower)
                batch = _Batch()
        _commit(catalog, batch, schemes, embedder, splitter.scheme, meter, follower)
        gone = [] if keep_missing else _vanished(known, files, paths)
        _forget(catalog, gone)
        _embed_rest(catalog, embedder, meter)
        if catalog.generation() != generation:
            with catalog.transaction():
                catalog.drop_unused_vectors()
        meter.at(len(files), "")
    except BaseException:
        reading.close()
        # What was committed can be found at once; the error that stopped us is the one to show.
        with suppress(StoreError):
            synchronise(catalog, home, embedder, server, follower)
        raise
    synchronise(catalog, home, embedder, server, follower)
    documents, passages = catalog.counts()
    return IndexReport(
        added,
        updated,
        sum(len(known[file][1]) for file in gone),
        unchanged,
        tuple(failures),
        documents,
        passages,
        time.perf_counter() - began,
    )


def remove(
    catalog: Catalog,
    home: Path,
    embedder: Embedder,
    document_id: str,
    server: Server | None = None,
) -> bool:
    """Takes one document out of the index, whichever files hold it; False when it is not there.
    The caller holds `writing(home)`."""
    if catalog.document(document_id) is None:
        return False
    if server:
        server.version()
    with catalog.transaction():
        catalog.remove_document(document_id)
        catalog.drop_orphans([document_id])
        catalog.drop_unused_vectors()
        catalog.advance()
    synchronise(catalog, home, embedder, server)
    return True


def synchronise(
    catalog: Catalog,
    home: Path,
    embedder: Embedder,
    server: Server | None = None,
    follower: Follower | None = None,
) -> None:
    """Makes the derived indexes hold exactly the catalog's passages, without embedding. A follower
    is given the time that the lexical index takes, and then waited for; what it closed is whole.

    One that a cut-off write left dirty is rebuilt under a new name, since opening a damaged Chroma
    can end the process. The caller holds `writing(home)`. Raises StoreError when passages have no
    vector of this embedder, and UnreachableError when the server does not answer.
    """

    built = ""
    try:
        if catalog.without_vector(embedder.name):
            raise StoreError(
                f"the index was not embedded with {embedder.name}: run `qa index` on the folder "
                "again"
            )
        _follow(catalog, stores.lexical_builds(home), partial(fill_texts, catalog))
    finally:
        if follower:
            built = follower.finish()
    fill = partial(fill_vectors, catalog, embedder.name)
    _follow(catalog, stores.dense_builds(catalog, home, embedder.name, server), fill, built)


def _follower(
    catalog: Catalog, home: Path, embedder: Embedder, server: Server | None
) -> Follower | None:
    """What fills the dense index while files are read, when one is built from nothing in a folder;
    one that is added to is copied first, and whole all the time."""
    builds = stores.dense_builds(catalog, home, embedder.name, server)
    state = catalog.store(builds.name)
    if server or (state and not state.dirty and builds.exists(state.folder)):
        return None
    return Follower(catalog, builds.name, home / builds.new(), embedder.name)


def _follow(
    catalog: Catalog,
    builds: Builds[Index],
    fill: Callable[[Index], None],
    built: str = "",
) -> None:
    """Brings an index to the catalog's generation; `built` is a new build that already is."""
    state, generation = catalog.store(builds.name), catalog.generation()
    there = builds.exists(state.folder if state else "")  # a server that is away: nothing is marked
    whole = state is not None and not state.dirty and there
    if whole and state and state.generation == generation:
        with suppress(StoreError):  # what a writer left that was killed at the end
            builds.keep_only(state.folder)
        return
    try:
        # A folder that readers may have open is never written to; a copy takes its place when it
        # is whole. On a server, which takes care of its readers, there are no copies.
        build = built or (builds.copy(state.folder) if whole and state else builds.new())
        if not built:
            if not whole or state is None or build == state.folder:
                catalog.mark(builds.name, Store(build, generation, dirty=True))
            with closing(builds.open(build, writing=True)) as index:
                fill(index)
    except UnreachableError:
        raise
    except StoreError:
        if not whole or state is None:
            raise
        # Damaged since it was written: it is marked, and so built anew.
        catalog.mark(builds.name, replace(state, dirty=True))
        _follow(catalog, builds, fill)
        return
    catalog.mark(builds.name, Store(build, generation, dirty=False))
    with suppress(StoreError):  # the index is whole; the next change tries again
        builds.keep_only(build)


def _read(
    files: Sequence[Path], roots: Sequence[Path], base: Path, changed: Callable[[Path], bool]
) -> Generator[tuple[Path, str, Callable[[], Loaded] | None], None, None]:
    """Each file in its turn with its name for readers, relative to `base` where it lies below it,
    and what gives its documents, None where it has not changed. The next files are being read
    meanwhile."""
    with closing(Workers()) as workers:
        ahead = deque[tuple[Path, str, Callable[[], Loaded] | None]]()
        for path in files:
            source = _name(path.relative_to(base) if path.is_relative_to(base) else path)
            if loading.outside(path, roots):
                ahead.append((path, source, partial(loading.refused, source, _OUTSIDE)))
            else:
                ahead.append((path, source, workers.load(path, source) if changed(path) else None))
            if len(ahead) > workers.ahead:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()


def _current(ids: Iterable[str], schemes: dict[str, str], splitter: Splitter) -> bool:
    return all(schemes.get(i) == splitter.scheme for i in ids)


def _collect(
    batch: _Batch,
    path: Path,
    sha: str,
    documents: tuple[Document, ...],
    schemes: dict[str, str],
    splitter: Splitter,
) -> None:
    batch.files.append((_name(path), sha, documents))
    for document in documents:
        if document.id not in batch.passages and not _current([document.id], schemes, splitter):
            batch.passages[document.id] = document, passages_of(document, splitter)


def passages_of(document: Document, splitter: Splitter) -> list[StoredPassage]:
    """The passages of a document as they are stored."""
    passages = splitting.split(document, splitter.count, splitter.tokens)
    return [StoredPassage(p, sha_of(splitting.searchable(p))) for p in passages]


def _commit(
    catalog: Catalog,
    batch: _Batch,
    schemes: dict[str, str],
    embedder: Embedder,
    scheme: str,
    meter: _Meter,
    follower: Follower | None,
) -> None:
    """Stores a batch, and takes what no file holds any more out of the catalog and of `schemes`: a
    file that is still to come may hold it now. Its vectors stay until all files were seen, and so
    do those that a killed run has left, so that nothing is embedded twice."""
    if not batch.files:
        return
    texts = {
        row.sha: splitting.searchable(row.passage)
        for _, rows in batch.passages.values()
        for row in rows
    }
    new = _embed(catalog, embedder, texts, meter)
    with catalog.transaction():
        for document, rows in batch.passages.values():
            catalog.put_document(document, scheme, rows)
        displaced = set[str]()
        for file, sha, documents in batch.files:
            displaced |= catalog.put_file(file, sha, documents)
        gone = catalog.drop_orphans(displaced)  # after all files: one may take what another had
        catalog.advance()
    for document_id in gone:
        schemes.pop(document_id, None)
    if follower:
        follower.committed(batch.size(), meter.share)
    meter.stored(batch.size() - new)


def _embed_rest(catalog: Catalog, embedder: Embedder, meter: _Meter) -> None:
    """Embeds what another embedder was used for, or no sketch made of, when it was indexed."""
    rest = catalog.without_vector(embedder.name)
    if isinstance(embedder, Reader):
        rest = list(dict.fromkeys([*rest, *catalog.without_vector(sketches.name(embedder))]))
    for first in range(0, len(rest), _FLUSH):
        rows = catalog.passages(rest[first : first + _FLUSH]).values()
        texts = {row.sha: splitting.searchable(row.passage) for row in rows}
        _embed(catalog, embedder, texts, meter)


def _embed(catalog: Catalog, embedder: Embedder, texts: Mapping[str, str], meter: _Meter) -> int:
    """Stores the vectors that are missing of these texts, given by their hashes, and counts them; a
    model that reads word by word leaves sketches in the same pass."""
    new = catalog.missing_vectors(embedder.name, list(texts))
    if isinstance(embedder, Reader):
        new |= catalog.missing_vectors(sketches.name(embedder), list(texts))
    shas = sorted(new)
    # One file can hold 100,000 records: what was embedded of it survives a kill.
    for first in range(0, len(shas), _FLUSH):
        some = shas[first : first + _FLUSH]
        if isinstance(embedder, Reader):
            words = embedder.words([texts[sha] for sha in some])
            catalog.put_vectors(sketches.name(embedder), some, map(sketches.pack, words))
            catalog.put_vectors(embedder.name, some, [w.whole for w in words])
        else:
            catalog.put_vectors(embedder.name, some, embedder.embed([texts[s] for s in some]))
        meter.stored(len(some))
    return len(shas)


def _forget(catalog: Catalog, files: Sequence[str]) -> None:
    if files:
        with catalog.transaction():
            catalog.drop_orphans(catalog.remove_files(files))
            catalog.advance()


def _vanished(known: Iterable[str], present: Sequence[Path], paths: Sequence[Path]) -> list[str]:
    """Files that were indexed from one of these folders and are no longer in it; what lies in a
    folder that cannot be listed is kept."""
    there = {_name(path) for path in present}
    folders = [_name(path) for path in paths if path.is_dir()]
    closed = [_name(path) for path in present if path.is_dir() and not path.is_symlink()]
    return [
        file
        for file in known
        if file not in there and _is_below(file, folders) and not _is_below(file, closed)
    ]


def _check_gone(known: Iterable[str], paths: Sequence[Path]) -> None:
    """Raises InputError for a path that was indexed and is gone: a disk may not be mounted."""
    for path in paths:
        if not path.exists():
            place = _name(loading.place(path))
            if any(_is_below(file, [place]) for file in known):
                raise InputError(
                    f"{path} is gone, and the index keeps what it held: to remove that, index the "
                    "folder above it"
                )


_OURS = re.compile(
    r"(?:catalog|conversations)\.sqlite3.*|write\.lock|runs|(?:dense|lexical)-.*[0-9a-f]{8}"
)


def _is_ours(file: Path, home: Path) -> bool:
    """Whether a file belongs to the index in `home`, which may lie among the documents."""
    return file.is_relative_to(home) and bool(_OURS.fullmatch(file.relative_to(home).parts[0]))


def _is_below(file: str, folders: Iterable[str]) -> bool:
    return any(Path(file).is_relative_to(folder) for folder in folders)


def _name(path: Path) -> str:
    """The path as text that can be stored and printed: bytes that are not UTF-8 are escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _sha256(path: Path) -> str:
    """Hash of the file's bytes, empty when it cannot be read; loading then says why."""
    try:
        with loading.opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, LoadError):
        return ""


def sha_of(text: str) -> str:
    """The hash under which the vector of a text is kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
