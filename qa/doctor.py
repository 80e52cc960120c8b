"""What is installed, configured and indexed, what is wrong with it, and the next step.

Nothing is created and nothing is embedded; a model service or a Chroma server that has a URL is
asked.
"""

import os
import platform
import re
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

from qa import __version__
from qa.dense import Server
from qa.errors import DamagedError, InputError, QAError, StoreError, UnreachableError
from qa.settings import Settings

if TYPE_CHECKING:
    from qa.catalog import Catalog
    from qa.dense import DenseIndex
    from qa.lexical import LexicalIndex
    from qa.models import Embedder
    from qa.stores import Builds

PACKAGES = ("chromadb", "tantivy", "onnxruntime", "streamlit", "openai", "tiktoken")
TIMEOUT = 3.0  # seconds for each try to reach the model service; there are three

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IndexState:
    """What the home folder holds; `dense` and `lexical` say whether those indexes are current."""

    documents: int
    passages: int
    generation: int
    dense: str
    dense_rows: int | None  # vectors that Chroma holds, where it can be asked
    lexical: str


@dataclass(frozen=True, slots=True)
class Checkup:
    """What `qa doctor` found. `index` is None where there is none or it cannot be read, and a
    package that is not installed has no version."""

    model: str
    embedder: str
    chroma: str
    home: str
    index: IndexState | None
    versions: dict[str, str | None]
    problems: tuple[str, ...]
    next: str
    repaired: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values for `json.dumps`."""
        return asdict(self)

    def __str__(self) -> str:
        rows = {"model": self.model, "embedder": self.embedder}
        rows |= {"chroma": self.chroma, "home": self.home}
        if self.index:
            rows |= {name: f"{value}" for name, value in asdict(self.index).items()}
            held = "unknown" if self.index.dense_rows is None else str(self.index.dense_rows)
            rows["dense_rows"] = f"{held} of {self.index.passages}"
        else:
            rows["index"] = "none"
        rows |= {name: found or "not installed" for name, found in self.versions.items()}
        lines = [f"{name:<12} {value}" for name, value in rows.items()]
        lines += ["", *(f"repaired: {what}" for what in self.repaired)]
        lines += [*(f"problem: {problem}" for problem in self.problems), f"next: {self.next}"]
        return "\n".join(lines)


def repair(settings: Settings) -> Checkup:
    """Mends the index and looks at everything again; what is left to do is among the problems.

    Raises InputError where there is no index, BusyError when another process writes, and StoreError
    when the index is of a newer version.
    """
    from qa import repair
    from qa.indexing import Splitter
    from qa.models.minilm import MiniLM

    if not (settings.home / repair.CATALOG).exists():
        raise InputError(f"there is no index in {settings.home}: run `qa index FOLDER` first")
    splitter = Splitter(settings.passage_tokens, MiniLM().count)
    server = Server(settings.chroma_url, TIMEOUT) if settings.chroma_url else None
    try:
        said = repair.repair(settings.home, _embedder(settings), splitter, server)
    finally:
        if server:
            server.close()
    found = examine(settings)
    problems = (*said.left, *found.problems)
    return replace(
        found, repaired=tuple(said.done), problems=problems, next=_next(found.index, problems)
    )


def examine(settings: Settings) -> Checkup:
    """Looks at everything; what is wrong is listed, not raised."""
    problems = _variables(settings)

    def tried(look: Callable[[Settings], T]) -> T | None:
        try:
            return look(settings)
        except QAError as error:
            problems.append(str(error))
            return None

    model = tried(_model) or f"{settings.model or 'unknown'}, cannot be used now"
    chosen = tried(_embedder)
    embedder = chosen.name if chosen else f"{settings.embedder}, cannot be used"
    server = Server(settings.chroma_url, TIMEOUT) if settings.chroma_url else None
    chroma = tried(lambda _: _chroma(server)) or f"{settings.chroma_url}, cannot be used now"
    tried(_writable)
    index = tried(lambda settings: _index(settings, embedder, server, problems))
    if server:
        server.close()
    versions = {"python": platform.python_version(), "qa": __version__, **_versions()}
    missing = [name for name, found in versions.items() if found is None]
    if missing:
        problems.append(f"{', '.join(missing)} not installed: run `make setup`")
    home = str(settings.home.absolute())
    step = _next(index, problems)
    return Checkup(model, embedder, chroma, home, index, versions, tuple(problems), step)


def _variables(settings: Settings) -> list[str]:
    """Variables that look like settings and have no effect."""
    known = sorted(f"QA_{name.upper()}" for name in Settings.model_fields)
    found = list[str]()
    for variable in sorted(os.environ):
        if variable.upper().startswith("QA_") and variable.upper() not in known:
            meant = get_close_matches(variable.upper(), known, 1)
            hint = f"did you mean {meant[0]}?" if meant else f"use {', '.join(known)}"
            found.append(f"{variable} is not a setting and has no effect: {hint}")
    if settings.model and not settings.generates:
        found.append("QA_MODEL has no effect: set OPENAI_API_KEY or OPENAI_BASE_URL as well")
    if settings.judge and not settings.generates:
        found.append("QA_JUDGE has no effect without a model, which would be the judge")
    return found


def _model(settings: Settings) -> str:
    if not settings.generates:
        return "none: answers are quotes (a model needs OPENAI_API_KEY, OPENAI_BASE_URL or QA_GGUF)"
    if settings.gguf:
        from qa.models.gguf import GGUF

        name, size = GGUF.configured(settings).name, settings.gguf.stat().st_size / 1e9
        return f"{name}, {size:.2g} GB, run in this process by xllamacpp {version('xllamacpp')}"
    from qa.models.openai_compatible import OpenAICompatible

    # Without a name the service is asked for its models; OpenAI itself is not asked.
    asked = settings.model_copy(update={"model": "", "timeout": min(settings.timeout, TIMEOUT)})
    offered = OpenAICompatible.configured(asked).name
    where = re.sub(r"//[^/@]*@", "//", settings.base_url) or "OpenAI"
    return f"{settings.model or offered} at {where}"


def _embedder(settings: Settings) -> "Embedder":
    from qa.models.minilm import MiniLM

    if settings.embedder == "minilm":
        return MiniLM()
    service, _, model = settings.embedder.partition(":")
    if service != "openai" or not model:
        raise InputError(
            f"QA_EMBEDDER={settings.embedder!r} is not known: use minilm, or openai:MODEL"
        )
    from qa.models.openai_compatible import OpenAIEmbedder

    return OpenAIEmbedder.configured(settings, model)


def _chroma(server: Server | None) -> str:
    """Where vectors are kept."""
    if server is None:
        return "in the home folder"
    return f"{server.url}, which answers as version {server.version()}"


def _writable(settings: Settings) -> None:
    folder = settings.home.absolute()
    while not folder.exists():
        folder = folder.parent
    try:
        with TemporaryDirectory(prefix=".qa-", dir=folder):
            pass
    except OSError as error:
        raise StoreError(
            f"{settings.home} cannot be written ({error.strerror}): give another folder with "
            "--home or QA_HOME"
        ) from None


def _index(
    settings: Settings, embedder: str, server: Server | None, problems: list[str]
) -> IndexState | None:
    from qa import repair, stores
    from qa.catalog import Catalog

    path = settings.home / repair.CATALOG
    if not path.exists():
        return None
    with closing(Catalog(path)) as catalog:
        if faults := catalog.faults():
            raise DamagedError(f"{path} is damaged ({faults[0]}): run `qa doctor --repair`")
        found = repair.inspect(catalog).named() + repair.unlike(
            catalog, settings.home, embedder, server
        )
        problems += [f"{what}: run `qa doctor --repair`" for what in found]
        documents, passages = catalog.counts()
        if missing := catalog.without_vector(embedder):
            problems.append(
                f"{len(missing)} passages have no vector of {embedder}: run `qa index` on their "
                "folders again, or go back to the embedder that they were indexed with"
            )
        builds = stores.dense_builds(catalog, settings.home, embedder, server)
        dense, rows = _store(catalog, builds), None
        if dense == "current":
            dense, rows = _held(catalog, builds, passages)
        lexical = _store(catalog, stores.lexical_builds(settings.home))
        return IndexState(documents, passages, catalog.generation(), dense, rows, lexical)


def _held(
    catalog: "Catalog", builds: "Builds[DenseIndex]", passages: int
) -> tuple[str, int | None]:
    """State of an index of vectors that should be current, and how many it holds."""
    state = catalog.store(builds.name)
    assert state
    try:
        with closing(builds.open(state.folder)) as index:
            rows = index.count()
    except UnreachableError:
        return "unknown: its server does not answer, and searches use the catalog", None
    except StoreError:
        return "lost or damaged", None
    if rows != passages:
        return "not what it should hold", rows
    return "current", rows


def _store(catalog: "Catalog", builds: "Builds[DenseIndex] | Builds[LexicalIndex]") -> str:
    state = catalog.store(builds.name)
    if state is None:
        return "not built: the next search builds it"
    if state.dirty or builds.missing(state.folder):
        return "being written, or cut off: the next search builds it again"
    if state.generation != catalog.generation():
        return "behind: the next search brings it up to date"
    return "current"


def _versions() -> dict[str, str | None]:
    found = dict[str, str | None]()
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _next(index: IndexState | None, problems: Sequence[str]) -> str:
    if problems:
        return "solve the problem above" if len(problems) == 1 else "solve the problems above"
    if index is None or not index.documents:
        return "index a folder with `qa index FOLDER`"
    return "ask with `qa ask QUESTION`, or open the page with `qa chat`"
