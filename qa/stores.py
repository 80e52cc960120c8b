"""Where the builds of a derived index are kept: in folders of the home, or as collections of a
Chroma server. The catalog says under `name` which build is in use."""

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Generic, Protocol, TypeVar
from uuid import uuid4

from qa import dense, lexical
from qa.catalog import Catalog
from qa.dense import DenseIndex, Server
from qa.lexical import LexicalIndex
from qa.models import Embedder

LEXICAL_STORE = "lexical"
Index = TypeVar("Index", DenseIndex, LexicalIndex)
Opened = TypeVar("Opened", DenseIndex, LexicalIndex, covariant=True)


class Builds(Protocol[Opened]):
    """The builds of one derived index. All but `new` and `missing` raise UnreachableError when a
    server does not answer."""

    @property
    def name(self) -> str:
        """The catalog's name for it."""
        ...

    @property
    def resting(self) -> bool:
        """Whether it failed to answer a moment ago, so that readers do without."""
        ...

    def new(self) -> str:
        """A name that no build has."""
        ...

    def copy(self, build: str) -> str:
        """The name of a copy to write to, or of the build itself where readers are safe from
        writers. Raises StoreError when it cannot be copied."""
        ...

    def missing(self, build: str) -> bool:
        """Whether a build can be seen not to be there, asking nobody."""
        ...

    def exists(self, build: str) -> bool:
        """Whether a build is there."""
        ...

    def open(self, build: str, writing: bool = False) -> Opened:
        """Opens a build; one to write to is created when it is not there."""
        ...

    def keep_only(self, build: str) -> None:
        """Deletes what this build replaces, and what killed builds left."""
        ...


def dense_store(embedder: Embedder, server: Server | None = None) -> str:
    """Name of the dense index of this embedder; each has its own, in each place."""
    return _dense_store(embedder.name, server)


def _dense_store(embedder: str, server: Server | None) -> str:
    return f"dense-{embedder}" + (f"@{server.url}" if server else "")


def dense_builds(
    catalog: Catalog, home: Path, embedder: str, server: Server | None
) -> Builds[DenseIndex]:
    """Where the vectors of the embedder of that name are kept."""
    if server is None:
        return Folders(home, _dense_store(embedder, None), DenseIndex, dense.copy_vectors)
    return Collections(catalog, server, embedder)


def lexical_builds(home: Path) -> Builds[LexicalIndex]:
    """Where the words are kept."""
    return Folders(home, LEXICAL_STORE, LexicalIndex, lexical.copy_texts)


@dataclass(frozen=True)
class Folders(Generic[Index]):
    """Builds as folders of the home."""

    home: Path
    name: str
    kind: Callable[[Path], Index]
    copied: Callable[[Path, Path], None]
    resting: bool = False

    @property
    def _stem(self) -> str:
        return re.sub(r"[^\w.-]+", "-", self.name)

    def new(self) -> str:
        """A name that no build has."""
        return f"{self._stem}-{uuid4().hex[:8]}"

    def copy(self, build: str) -> str:
        """The name of a copy."""
        new = self.new()
        self.copied(self.home / build, self.home / new)
        return new

    def missing(self, build: str) -> bool:
        """Whether the folder is not there."""
        return not (self.home / build).is_dir()

    def exists(self, build: str) -> bool:
        """Whether the folder is there."""
        return not self.missing(build)

    def open(self, build: str, writing: bool = False) -> Index:
        """Opens the index, and creates it when it is not there."""
        return self.kind(self.home / build)

    def keep_only(self, build: str) -> None:
        """Deletes the other folders of this index."""
        for other in self.home.glob(f"{self._stem}-*"):
            if other.name != build and re.fullmatch(
                r"[0-9a-f]{8}", other.name[len(self._stem) + 1 :]
            ):
                shutil.rmtree(other, ignore_errors=True)


@dataclass(frozen=True)
class Collections:
    """Builds as collections of a Chroma server, named after the catalog and the embedder, so that
    several homes can use one server."""

    catalog: Catalog
    server: Server
    embedder: str

    @property
    def name(self) -> str:
        """The catalog's name for it."""
        return _dense_store(self.embedder, self.server)

    @property
    def resting(self) -> bool:
        """Whether the server failed to answer a moment ago."""
        return self.server.resting

    @cached_property
    def _stem(self) -> str:
        readable = re.sub(r"[^a-zA-Z0-9.]+", "-", self.embedder)[:80].strip("-.")
        whose = f"{self.catalog.identity()} {self.embedder}"
        return f"qa-{readable}-{hashlib.sha256(whose.encode()).hexdigest()[:16]}"

    def new(self) -> str:
        """A name that no build has."""
        return f"{self._stem}-{uuid4().hex[:8]}"

    def copy(self, build: str) -> str:
        """The build itself: the server takes care of its readers."""
        return build

    def missing(self, build: str) -> bool:
        """Whether the collection is not this catalog's own: the catalog is a copy, and what it
        names belongs to the one that it was copied from."""
        return not build.startswith(f"{self._stem}-")

    def exists(self, build: str) -> bool:
        """Whether the server holds the collection."""
        return build in self.all()

    def all(self) -> list[str]:
        """The builds that the server holds."""
        return dense.collection_names(self.server, self._stem)

    def open(self, build: str, writing: bool = False) -> DenseIndex:
        """Opens the collection; one to write to is created when it is not there."""
        return DenseIndex(dense.OnServer(self.server, build, writing))

    def keep_only(self, build: str) -> None:
        """Deletes the other collections of this index."""
        for other in self.all():
            if other != build:
                dense.delete_collection(self.server, other)
