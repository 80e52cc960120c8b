"""What every test shares: an environment of its own, a small embedder, and the demo index."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from chroma_server import ChromaServer

from qa.engine import Engine
from qa.models import Vectors
from qa.settings import Settings

REPOSITORY = Path(__file__).parent.parent
CORPUS = REPOSITORY / "corpus"

MakeEngine = Callable[..., Engine]


class HashingEmbedder:
    """Each word adds one to a coordinate that its hash chooses, so texts that share words are
    near. `embedded` keeps every text it was asked for."""

    def __init__(self, name: str = "hashing", dimensions: int = 64) -> None:
        self.name = name
        self.dimensions = dimensions
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()) or [""]:
                digest = hashlib.sha256(word.encode("utf-8", "replace")).digest()
                vectors[row, int.from_bytes(digest[:4], "big") % self.dimensions] += 1
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the key, the service or the index of whoever runs it."""
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "QA_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of an index of corpus/, embedded with the real MiniLM. Do not write to it."""
    home = tmp_path_factory.mktemp("demo") / ".qa"
    with Engine.open(settings=Settings(home=home, api_key="", base_url="")) as engine:
        assert not engine.index(CORPUS).failed
    return home


@pytest.fixture
def embedder() -> HashingEmbedder:
    return HashingEmbedder()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """An empty folder for documents, beside the home folder."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    """A Chroma server for all tests: each home has collections of its own. Do not stop it."""
    with ChromaServer(tmp_path_factory.mktemp("chroma")) as server:
        yield server


@pytest.fixture
def chroma_url(request: pytest.FixtureRequest) -> str:
    """Where Chroma keeps the vectors: empty for the home folder, unless the test is `in_both`."""
    if getattr(request, "param", "folder") == "folder":
        return ""
    return str(request.getfixturevalue("chroma_server").url)


in_both = pytest.mark.parametrize("chroma_url", ["folder", "server"], indirect=True)
"""Runs a test with the vectors in a folder and on a server."""


@pytest.fixture
def make_engine(tmp_path: Path, embedder: HashingEmbedder, chroma_url: str) -> Iterator[MakeEngine]:
    """Opens engines on one home folder, with the small embedder, that search in Chroma also where
    a collection is small, and closes them at the end."""
    opened: list[Engine] = []

    def make(embedder: HashingEmbedder = embedder, **settings: object) -> Engine:
        here = {"home": tmp_path / ".qa", "chroma_url": chroma_url, "exact_passages": 0}
        values = here | settings
        opened.append(Engine.open(settings=Settings.load(**values), embedder=embedder))
        return opened[-1]

    yield make
    for engine in opened:
        engine.close()
