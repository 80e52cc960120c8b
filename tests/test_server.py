"""Vectors on a Chroma server: what a folder cannot do, and what can go wrong."""

import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from chroma_server import ChromaServer
from conftest import HashingEmbedder, MakeEngine
from typer.testing import CliRunner

from qa import stores
from qa.catalog import Catalog
from qa.cli import app
from qa.dense import Server, delete_collection
from qa.doctor import examine
from qa.engine import Engine
from qa.errors import InputError, UnreachableError
from qa.models import Vectors
from qa.settings import Settings

TEXTS = ("The harbour was dredged.", "A caravan crossed the river.", "Sanctions were eased.")


def write(corpus: Path, *texts: str) -> None:
    for text in texts:
        (corpus / f"{text.split()[1]}.txt").write_text(text)


class Kept:
    """The collections of an engine's home, looked at from outside."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.catalog = Catalog(engine.settings.home / "catalog.sqlite3")
        self.server = Server(engine.settings.chroma_url)
        self.builds = stores.Collections(self.catalog, self.server, engine.embedder.name)

    def close(self) -> None:
        self.server.close()
        self.catalog.close()

    @property
    def state(self) -> tuple[str, bool]:
        """The build in use, and whether it is current."""
        state = self.catalog.store(self.builds.name)
        assert state
        return state.folder, not state.dirty and state.generation == self.catalog.generation()

    def rows(self) -> set[str]:
        """What the build in use holds; there is no other build."""
        name, current = self.state
        assert current
        assert self.builds.all() == [name]
        return self.builds.open(name).ids()

    def whole(self) -> bool:
        return self.rows() == set(self.catalog.passage_ids())

    def turn(self) -> None:
        """Gives each row another's vector, so that the server's answers can be told apart."""
        ids = self.catalog.passage_ids()
        found = self.catalog.passages(ids)
        vectors = self.catalog.vectors(self.engine.embedder.name, [found[i].sha for i in ids])
        self.builds.open(self.state[0], writing=True).add([*ids[1:], ids[0]], vectors)

    def answers(self) -> bool:
        """Whether a search is answered by the server, after `turn`."""
        hits = self.engine.search(TEXTS[0])
        nearest = max(hits, key=lambda hit: hit.dense or 0)
        assert nearest.dense == pytest.approx(1, abs=1e-3)
        return nearest.passage.text != TEXTS[0]


@pytest.fixture
def chroma_url(chroma_server: ChromaServer) -> str:
    return chroma_server.url


@pytest.fixture
def kept() -> Iterator[Callable[[Engine], Kept]]:
    made: list[Kept] = []

    def make(engine: Engine) -> Kept:
        made.append(Kept(engine))
        return made[-1]

    yield make
    for each in made:
        each.close()


Look = Callable[[Engine], Kept]


# --- builds --------------------------------------------------------------------------------------


def test_vectors_are_kept_on_the_server_and_nothing_of_them_in_the_home(
    corpus: Path, make_engine: MakeEngine, kept: Look
) -> None:
    write(corpus, *TEXTS)
    engine = make_engine()
    engine.index(corpus)
    look = kept(engine)
    assert look.whole()
    look.turn()
    assert look.answers()
    assert not list(engine.settings.home.glob("dense*"))


def test_a_reader_gets_from_a_replaced_collection_to_the_new_one(
    corpus: Path, make_engine: MakeEngine, kept: Look
) -> None:
    write(corpus, *TEXTS[:2])
    reader, writer = make_engine(), make_engine()
    writer.index(corpus)
    look = kept(reader)
    look.turn()
    assert look.answers()
    before, _ = look.state
    state = look.catalog.store(look.builds.name)
    assert state
    look.catalog.mark(look.builds.name, replace(state, dirty=True))
    write(corpus, TEXTS[2])
    writer.index(corpus)
    after, _ = look.state
    assert after != before
    assert look.builds.all() == [after]
    assert not look.answers(), "the new build has the right vectors"
    look.turn()
    assert look.answers()
    assert look.state == (after, True), "the reader built nothing"


def lose_the_collection(look: Kept) -> None:
    delete_collection(look.server, look.state[0])


def lose_a_row(look: Kept) -> None:
    """As after going back to an earlier copy of the server's disk."""
    look.builds.open(look.state[0], writing=True).remove(look.catalog.passage_ids()[:1])


@pytest.mark.parametrize(
    ("lose", "reader"),
    [(lose_the_collection, "new"), (lose_the_collection, "open"), (lose_a_row, "new")],
)
def test_what_the_server_lost_is_rebuilt_by_the_next_search_without_embedding(
    corpus: Path,
    make_engine: MakeEngine,
    kept: Look,
    embedder: HashingEmbedder,
    lose: Callable[[Kept], None],
    reader: str,
) -> None:
    write(corpus, *TEXTS)
    engine = make_engine()
    engine.index(corpus)
    engine.search("harbour")
    look = kept(engine)
    before, embedder.embedded = look.state, []
    lose(look)
    if reader == "new":
        engine.close()
        engine = make_engine()
    assert engine.search(TEXTS[1], 1)[0].passage.text == TEXTS[1]
    assert look.whole()
    assert look.state != before
    assert embedder.embedded == [TEXTS[1]]


def test_a_deleted_collection_is_rebuilt_by_indexing_what_has_not_changed(
    corpus: Path, make_engine: MakeEngine, kept: Look, embedder: HashingEmbedder
) -> None:
    write(corpus, *TEXTS)
    engine = make_engine()
    engine.index(corpus)
    look, embedder.embedded = kept(engine), []
    lose_the_collection(look)
    assert engine.index(corpus).unchanged == 3
    assert look.whole()
    assert embedder.embedded == []


def test_one_home_goes_from_the_folder_to_the_server_and_back_without_embedding(
    corpus: Path, make_engine: MakeEngine, kept: Look, embedder: HashingEmbedder
) -> None:
    write(corpus, TEXTS[0])
    make_engine(chroma_url="").index(corpus)
    engine = make_engine()
    assert engine.search(TEXTS[0], 1)[0].dense == pytest.approx(1, abs=1e-3)
    assert kept(engine).whole()
    write(corpus, TEXTS[1])
    engine.index(corpus)
    assert kept(engine).whole()
    local = make_engine(chroma_url="")
    assert local.search(TEXTS[1], 1)[0].passage.text == TEXTS[1]
    checkup = examine(local.settings.model_copy(update={"embedder": "minilm"}))
    assert checkup.chroma == "in the home folder"
    (corpus / "harbour.txt").unlink()
    local.index(corpus)
    assert [hit.passage.text for hit in engine.search(TEXTS[0])] == [TEXTS[1]]
    assert kept(engine).whole()
    questions = [text for text in embedder.embedded if "\n" not in text]
    assert len(embedder.embedded) - len(questions) == 2, "each passage once"


def test_homes_share_a_server_and_a_copied_home_leaves_the_first_alone(
    tmp_path: Path, corpus: Path, make_engine: MakeEngine, kept: Look
) -> None:
    write(corpus, TEXTS[0])
    first = make_engine()
    first.index(corpus)
    first.close()
    shutil.copytree(tmp_path / ".qa", tmp_path / "copy")
    write(corpus, TEXTS[1])
    copy = make_engine(home=tmp_path / "copy")
    copy.index(corpus)
    other = make_engine(home=tmp_path / "other")
    other.index(corpus)
    looks = [kept(engine) for engine in (first, copy, other)]
    assert [len(look.rows()) for look in looks] == [1, 2, 2]
    assert all(look.whole() for look in looks)
    again = make_engine(home=tmp_path / "copy")
    assert again.search(TEXTS[1], 1)[0].passage.text == TEXTS[1]
    assert len({look.state[0] for look in looks}) == 3


# --- a server that goes away ---------------------------------------------------------------------


def until(condition: Callable[[], bool]) -> bool:
    last = time.monotonic() + 30
    while time.monotonic() < last:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_readers_do_without_a_server_that_is_away_and_return_to_it(
    tmp_path: Path, corpus: Path, make_engine: MakeEngine, kept: Look
) -> None:
    class Fatal(HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> Vectors:
            if any(text.endswith(f"\n{TEXTS[2]}") for text in texts):  # the passage, titled
                server.kill()
            return super().embed(texts)

    write(corpus, *TEXTS[:2])
    with ChromaServer(tmp_path / "chroma") as server:
        embedder = Fatal()
        engine = make_engine(embedder, chroma_url=server.url)
        engine.index(corpus)
        look = kept(engine)
        look.turn()
        assert look.answers()

        server.kill()
        for _ in range(3):
            assert not look.answers(), "the catalog answers"
        embedder.embedded = []
        (document,) = (d for d in engine.documents() if d.text == TEXTS[0])
        with pytest.raises(UnreachableError, match=rf"{server.url} does not answer.*`chroma run`"):
            engine.remove(document.id)
        (corpus / "more.txt").write_text("More was said.")
        with pytest.raises(UnreachableError):
            engine.index(corpus)
        assert (len(engine.documents()), embedder.embedded) == (2, [])
        assert not look.answers()

        server.start()
        assert until(look.answers), "a server that is back is used again"

        write(corpus, TEXTS[2])  # the server dies while this is embedded
        with pytest.raises(UnreachableError):
            engine.index(corpus)
        assert len(engine.documents()) == 4
        assert engine.search(TEXTS[2].upper(), 1)[0].passage.text == TEXTS[2]
        assert not look.state[1]

        server.start()
        embedder.embedded = []
        assert until(lambda: bool(engine.search("sanctions")) and look.state[1])
        assert look.whole()
        assert set(embedder.embedded) == {"sanctions"}


@pytest.fixture
def nobody() -> str:
    """A URL where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_doctor_says_which_chroma_and_what_it_holds(
    corpus: Path, make_engine: MakeEngine, kept: Look, nobody: str, tmp_path: Path
) -> None:
    write(corpus, *TEXTS)
    settings = make_engine().settings
    with Engine.open(settings=settings) as engine:
        engine.index(corpus)
        look = kept(engine)
    good = examine(settings)
    assert good.problems == ()
    assert good.chroma.startswith(f"{settings.chroma_url}, which answers as version 1.")
    assert good.index
    assert (good.index.dense, good.index.dense_rows, good.index.passages) == ("current", 3, 3)
    assert "dense_rows   3 of 3\n" in str(good)
    lose_a_row(look)
    assert (lost := examine(settings).index)
    assert (lost.dense, lost.dense_rows) == (
        "not what it should hold",
        2,
    )
    lose_the_collection(look)
    assert (gone := examine(settings).index)
    assert gone.dense == "lost or damaged"

    state = look.catalog.store(look.builds.name)
    assert state
    look.catalog.mark(f"dense-{engine.embedder.name}@{nobody}", state)
    away = examine(settings.model_copy(update={"chroma_url": nobody}))
    assert away.chroma == f"{nobody}, cannot be used now"
    assert any(nobody in p and "`chroma run`" in p for p in away.problems)
    assert away.index
    assert away.index.dense.startswith("unknown: its server does not answer")
    assert "dense_rows   unknown of 3\n" in str(away)
    result = CliRunner().invoke(app, ["doctor", "--home", str(settings.home), "--json"])
    assert json.loads(result.stdout)["chroma"] == "in the home folder"


# --- what is no Chroma ---------------------------------------------------------------------------


class Impostor(BaseHTTPRequestHandler):
    """Answers every request with `status` and `body`, after `seconds`."""

    status, body, seconds = 200, b"", 0.0

    def do_GET(self) -> None:
        time.sleep(self.seconds)
        if self.path.endswith("/version") or self.status != 502:
            self.send_response(200 if self.status == 502 else self.status)
        else:
            self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def impostor() -> Iterator[Callable[..., str]]:
    """Starts a server that is no Chroma, and returns its URL."""
    running: list[HTTPServer] = []

    def start(status: int = 200, body: bytes = b"", seconds: float = 0) -> str:
        values = {"status": status, "body": body, "seconds": seconds}
        server = HTTPServer(("127.0.0.1", 0), type("Scripted", (Impostor,), values))
        Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ({"status": 404, "body": b"<html>"}, "is no Chroma server, or one older.*status 404"),
        ({"body": b"<html>Router login</html>"}, "is no Chroma server.*check QA_CHROMA_URL"),
        ({"body": b'{"version": 3}'}, "is no Chroma server"),
        ({"body": b'"0.6.3"'}, "speaks version 0.6.3, and this program version 1"),
        ({"body": b'"2.1.0"'}, "speaks version 2.1.0"),
        ({"body": b'"1.0.0"', "status": 502}, "does not answer"),
        ({"body": b'"1.0.0"', "seconds": 0.6}, "does not answer .*timed out"),
    ],
)
def test_what_is_no_chroma_that_can_be_used_is_one_clear_error(
    impostor: Callable[..., str], reply: dict[str, object], message: str
) -> None:
    server = Server(impostor(**reply), answer=0.3)
    for _ in range(2):
        with pytest.raises(UnreachableError, match=message), server.asked(writing=True):
            server.client()
    assert server.resting
    with pytest.raises(UnreachableError, match="a moment ago"), server.asked():
        raise AssertionError("a reader does not ask again at once")


def test_indexing_into_what_is_no_chroma_embeds_nothing_and_searching_still_answers(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder, impostor: Callable[..., str]
) -> None:
    write(corpus, *TEXTS)
    make_engine(chroma_url="").index(corpus)
    embedder.embedded = []
    (corpus / "new.txt").write_text("This is new.")
    engine = make_engine(chroma_url=impostor(404))
    with pytest.raises(UnreachableError, match="QA_CHROMA_URL"):
        engine.index(corpus)
    assert embedder.embedded == []
    hit = engine.search(TEXTS[1], 1)[0]
    assert hit.passage.text == TEXTS[1]
    assert hit.dense == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:8000", "not the URL of a server"),
        ("ftp://localhost:8000", "not the URL of a server"),
        ("chroma.sqlite3", "not the URL of a server"),
        ("http://", "not the URL of a server"),
        ("http://a b:8000", "not the URL of a server"),
        ("http://localhost:80000", "Port out of range"),
        ("http://localhost:eight", "eight"),
        ("http://[::1:8000", "Invalid IPv6"),
        ("http://localhost:8000/api/v2", "nothing may follow the port"),
        ("http://localhost:8000?tenant=a", "nothing may follow the port"),
        ("http://me:secret@localhost:8000", "names and passwords are not sent"),
    ],
)
def test_a_url_that_names_no_server_is_an_error_that_shows_a_right_one(
    url: str, message: str
) -> None:
    shown = rf"QA_CHROMA_URL=.*{message}.*http://127.0.0.1:8000"
    with pytest.raises(InputError, match=shown) as error:
        Settings.load(chroma_url=url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("", ""),
        ("http://localhost:8000/", "http://localhost:8000"),
        (" HTTP://LocalHost:8000 ", "http://localhost:8000"),
        ("https://chroma.example", "https://chroma.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_equal_urls_are_written_in_one_way(url: str, meant: str) -> None:
    assert Settings.load(chroma_url=url).chroma_url == meant
