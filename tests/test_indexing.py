import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import CORPUS, REPOSITORY, HashingEmbedder, MakeEngine, in_both

from qa import indexing, stores
from qa.catalog import Catalog
from qa.dense import DenseIndex, Server
from qa.engine import Engine
from qa.errors import BusyError, InputError, ModelError, StoreError
from qa.indexing import LEXICAL_STORE, dense_store
from qa.lexical import LexicalIndex
from qa.models import Vectors
from qa.settings import Settings
from qa.types import Progress


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def texts(engine: Engine) -> list[str]:
    return sorted(document.text for document in engine.documents())


def catalog_of(engine: Engine) -> Catalog:
    return Catalog(engine.settings.home / "catalog.sqlite3")


def server_of(engine: Engine) -> Server | None:
    """The Chroma server that the engine's settings name."""
    return Server(engine.settings.chroma_url) if engine.settings.chroma_url else None


def folder_of(engine: Engine, store: str) -> Path:
    """Where a derived index lies."""
    catalog = catalog_of(engine)
    state = catalog.store(store)
    catalog.close()
    assert state
    return engine.settings.home / state.folder


def check_whole(engine: Engine) -> None:
    """All three stores hold the same passages, the derived ones are marked clean, and they are the
    only builds there are."""
    catalog, home, server = catalog_of(engine), engine.settings.home, server_of(engine)
    wanted = set(catalog.passage_ids())
    dense = stores.dense_builds(catalog, home, engine.embedder.name, server)
    for builds in (dense, stores.lexical_builds(home)):
        state = catalog.store(builds.name)
        assert state
        assert (state.dirty, state.generation) == (False, catalog.generation())
        index = builds.open(state.folder)
        assert index.ids() == wanted
        index.close()
        if isinstance(builds, stores.Collections):
            assert builds.all() == [state.folder]
    assert not catalog.without_vector(engine.embedder.name)
    catalog.close()
    if server:
        server.close()


def first(engine: Engine, query: str) -> str:
    return engine.search(query, 1)[0].passage.text


# --- what an update does -------------------------------------------------------------------------


@in_both
def test_an_unchanged_folder_is_not_embedded_again(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder
) -> None:
    write(corpus, "a.txt", "One caravan.")
    write(corpus, "sub/b.txt", "Another caravan.")
    engine = make_engine()
    assert (r := engine.index(corpus)).added == 2
    assert (r.documents, r.passages) == (2, 2)
    generation, embedder.embedded = catalog_of(engine).generation(), []
    again = engine.index(corpus)
    assert (again.added, again.updated, again.removed, again.unchanged) == (0, 0, 0, 2)
    assert embedder.embedded == []
    assert catalog_of(engine).generation() == generation
    check_whole(engine)


@in_both
def test_only_the_passages_that_changed_are_embedded(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder
) -> None:
    paragraphs = [f"Paragraph {n} tells of a caravan. " + "It is long. " * 30 for n in range(6)]
    write(corpus, "a.txt", "Title\n\n" + "\n\n".join(paragraphs))
    write(corpus, "b.txt", "Nothing changes here.")
    engine = make_engine()
    passages = engine.index(corpus).passages
    embedder.embedded = []
    paragraphs[-1] = paragraphs[-1].replace("tells of", "speaks of")
    write(corpus, "a.txt", "Title\n\n" + "\n\n".join(paragraphs))
    report = engine.index(corpus)
    assert (report.added, report.updated, report.unchanged) == (0, 1, 1)
    assert passages > 5
    assert ["speaks of" in text for text in embedder.embedded] == [True]
    assert "speaks of" in first(engine, "speaks of")
    check_whole(engine)


def test_a_file_that_moved_is_not_embedded_again(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder
) -> None:
    old = write(corpus, "old.txt", "A caravan that moves.")
    engine = make_engine()
    engine.index(corpus)
    embedder.embedded = []
    (corpus / "sub").mkdir()
    old.rename(corpus / "sub" / "new.md")
    assert engine.index(corpus).documents == 1
    assert embedder.embedded == []
    assert [d.source for d in engine.documents()] == ["corpus/sub/new.md"]
    check_whole(engine)


def test_one_document_in_two_files_is_stored_once_until_both_go(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder
) -> None:
    paths = [write(corpus, f"{name}.txt", "The same words.") for name in "ab"]
    engine = make_engine()
    assert engine.index(corpus).documents == 1
    assert len(embedder.embedded) == 1
    (document,) = engine.documents()
    assert document.source == "corpus/a.txt"
    assert document.sources == ("corpus/a.txt", "corpus/b.txt")
    assert engine.document(document.id) == document
    paths[0].unlink()
    assert engine.index(corpus).documents == 1
    assert engine.documents()[0].sources == ("corpus/b.txt",)
    paths[1].unlink()
    assert engine.index(corpus).documents == 0
    check_whole(engine)


@in_both
def test_a_file_that_was_removed_is_found_no_more(corpus: Path, make_engine: MakeEngine) -> None:
    gone = write(corpus, "gone.txt", "Unicorns were seen.")
    write(corpus, "stays.txt", "Horses were seen.")
    engine = make_engine()
    engine.index(corpus)
    assert first(engine, "unicorns") == "Unicorns were seen."
    gone.unlink()
    assert engine.index(corpus).removed == 1
    assert [hit.passage.text for hit in engine.search("unicorns")] == ["Horses were seen."]
    check_whole(engine)


def test_documents_whose_files_are_gone_are_kept_when_asked(
    corpus: Path, make_engine: MakeEngine
) -> None:
    gone = write(corpus, "gone.txt", "Unicorns were seen.")
    write(corpus, "changes.txt", "Horses were seen.")
    engine = make_engine()
    engine.index(corpus)
    gone.unlink()
    write(corpus, "changes.txt", "Zebras were seen.")
    report = engine.index(corpus, keep_missing=True)
    assert (report.removed, report.updated, report.documents) == (0, 1, 2)
    assert first(engine, "unicorns") == "Unicorns were seen."
    check_whole(engine)
    assert engine.index(corpus).removed == 1
    assert texts(engine) == ["Zebras were seen."]


def test_texts_that_change_places_are_neither_lost_nor_embedded_again(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder
) -> None:
    numbers = range(300)  # more than are committed at once
    for number in numbers:
        write(corpus, f"{number:03}.txt", f"Caravan number{number}.")
    engine = make_engine()
    engine.index(corpus)
    embedder.embedded = []
    for number in numbers:
        write(corpus, f"{number:03}.txt", f"Caravan number{numbers[-1] - number}.")
    write(corpus, "new.txt", "A new text.")
    engine.index(corpus)
    assert texts(engine) == sorted([*(f"Caravan number{n}." for n in numbers), "A new text."])
    assert len(embedder.embedded) == 1
    check_whole(engine)


def test_only_the_folders_that_were_named_lose_files(corpus: Path, make_engine: MakeEngine) -> None:
    for name in ("one/a.txt", "one-more/b.txt"):
        write(corpus, name, f"Text of {name}.")
    engine = make_engine()
    engine.index(corpus)
    shutil.rmtree(corpus / "one-more")
    assert engine.index(corpus / "one").removed == 0
    assert engine.index(corpus / "one" / "a.txt").removed == 0
    assert engine.index(corpus).removed == 1


def test_a_folder_under_another_name_is_the_same_folder(
    corpus: Path, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(corpus, "a.txt", "Text.")
    link = corpus.parent / "link"
    link.symlink_to(corpus)
    engine = make_engine()
    monkeypatch.chdir(corpus.parent)
    engine.index("corpus")
    for path in (corpus / ".." / "corpus", link, Path("./corpus")):
        report = engine.index(path)
        assert (report.added, report.unchanged) == (0, 1)
    assert engine.documents()[0].source == "corpus/a.txt"
    file.unlink()
    assert engine.index(link).documents == 0


def test_a_file_that_can_no_longer_be_read_keeps_what_was_indexed_of_it(
    corpus: Path, make_engine: MakeEngine
) -> None:
    path = write(corpus, "a.txt", "What it said before.")
    engine = make_engine()
    engine.index(corpus)
    path.write_bytes(b"\0\1\2")
    for _ in range(2):
        report = engine.index(corpus)
        assert [failure.source for failure in report.failed] == ["corpus/a.txt"]
        assert first(engine, "said before") == "What it said before."
    write(corpus, "a.txt", "What it says now.")
    assert engine.index(corpus).updated == 1
    assert texts(engine) == ["What it says now."]


def test_failures_in_records_are_listed_each_time(corpus: Path, make_engine: MakeEngine) -> None:
    write(corpus, "a.jsonl", '{"text": "Good."}\n{"text": broken}\n')
    engine = make_engine()
    for _ in range(2):
        report = engine.index(corpus)
        assert [failure.source for failure in report.failed] == ["corpus/a.jsonl:2"]
        assert texts(engine) == ["Good."]
    check_whole(engine)


def test_names_that_are_no_text_and_strange_names_are_indexed(
    corpus: Path, make_engine: MakeEngine
) -> None:
    for number, name in enumerate([b"\xff\xfe.txt", b"new\nline.txt", "😀.txt".encode()]):
        Path(os.fsdecode(os.fsencode(corpus) + b"/" + name)).write_text(f"Text {number}.")
    engine = make_engine()
    assert engine.index(corpus).added == 3
    again = engine.index(corpus)
    assert (again.unchanged, again.removed, again.failed) == (3, 0, ())
    for document in engine.documents():
        assert document.source.encode()  # it can be printed


def test_a_link_out_of_the_folder_is_listed_unless_its_file_is_given(
    corpus: Path, make_engine: MakeEngine, tmp_path: Path
) -> None:
    secret = write(tmp_path, "outside/secret.txt", "What nobody gave.")
    (corpus / "link.txt").symlink_to(secret)
    write(corpus, "a.txt", "Text.")
    engine = make_engine()
    for _ in range(2):
        (failure,) = engine.index(corpus).failed
        assert failure.source == "corpus/link.txt"
        assert "outside the folder: index that file" in failure.error
        assert texts(engine) == ["Text."]
    for given in (secret, corpus / "link.txt"):
        assert engine.index(corpus, given).failed == ()
        assert texts(engine) == ["Text.", "What nobody gave."]


def test_files_read_in_processes_keep_their_order_and_their_hash(
    corpus: Path, make_engine: MakeEngine
) -> None:
    for number in range(12):
        said = "Some words. " * (1 if number % 2 else 8_000)
        write(corpus, f"{number:02}.txt", f"Number {number}. {said}")
    engine = make_engine(passage_tokens=230)
    seen: list[str] = []
    assert engine.index(corpus, progress=lambda step: seen.append(step.name)).added == 12
    assert list(dict.fromkeys(seen)) == [*(f"corpus/{n:02}.txt" for n in range(12)), ""]
    assert engine.index(corpus).unchanged == 12


def test_a_folder_that_cannot_be_listed_keeps_what_was_indexed_of_it(
    corpus: Path, make_engine: MakeEngine
) -> None:
    write(corpus, "closed/a.txt", "Behind a door.")
    write(corpus, "b.txt", "In the open.")
    engine = make_engine()
    engine.index(corpus)
    (corpus / "closed").chmod(0)
    if os.access(corpus / "closed", os.R_OK):
        pytest.skip("this user can list every folder")
    report = engine.index(corpus)
    (corpus / "closed").chmod(0o755)
    assert [failure.source for failure in report.failed] == ["corpus/closed"]
    assert report.documents == 2


def test_the_home_folder_is_no_part_of_the_corpus(tmp_path: Path, make_engine: MakeEngine) -> None:
    write(tmp_path, "a.txt", "Text.")
    engine = make_engine()
    for _ in range(2):
        report = engine.index(tmp_path)
        assert (report.documents, report.failed) == (1, ())


@pytest.mark.parametrize("where", ["corpus/index", "corpus"])
def test_an_index_among_the_documents_is_not_indexed(
    tmp_path: Path, corpus: Path, embedder: HashingEmbedder, where: str
) -> None:
    for name in ("a.txt", "index/b.txt", "dense-fog/c.txt", "lexical-0.txt"):
        write(corpus, name, f"Text of {name}.")
    settings = Settings(home=tmp_path / where)
    with Engine.open(settings=settings, embedder=embedder) as engine:
        for _ in range(2):
            report = engine.index(corpus)
            assert (report.documents, report.failed) == (4, ())
            check_whole(engine)


def test_every_way_to_name_a_file_or_folder_is_the_same_file(
    corpus: Path, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.txt", "sub/B.TXT"):
        write(corpus, name, f"Text of {name}.")
    monkeypatch.setenv("HOME", str(corpus))
    monkeypatch.chdir(corpus.parent)
    engine = make_engine()
    assert engine.index("corpus/a.txt").added == 1
    assert engine.index("corpus").added == 1
    ways: list[list[str | Path]] = [
        ["corpus", str(corpus)],
        ["corpus/", "corpus//./sub/.."],
        ["corpus", "corpus/sub", "corpus/a.txt", "corpus/a.txt"],
        ["~"],
        [Path("~")],
        ["~/a.txt", "~/sub/"],
    ]
    for paths in ways:
        report = engine.index(*paths)
        assert (report.unchanged, report.documents, report.failed) == (2, 2, ()), paths
    assert sorted(s for d in engine.documents() for s in d.sources) == [
        "corpus/a.txt",
        "corpus/sub/B.TXT",
    ]


def test_no_path_and_an_empty_one_are_errors(make_engine: MakeEngine) -> None:
    for paths in ((), ("",)):  # "" as a path is the current folder
        with pytest.raises(InputError, match="no path given"):
            make_engine().index(*paths)


def test_a_home_below_the_users_folder_is_made_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedder: HashingEmbedder
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings.load(home="~/index").home == tmp_path / "index"
    with Engine.open("~/index", embedder=embedder) as engine:
        assert engine.settings.home == tmp_path / "index"


def test_a_path_that_was_indexed_and_is_gone_loses_nothing(
    corpus: Path, make_engine: MakeEngine
) -> None:
    write(corpus, "sub/a.txt", "Text.")
    engine = make_engine()
    engine.index(corpus)
    shutil.rmtree(corpus / "sub")
    for gone in (corpus / "sub", corpus / "sub" / "a.txt"):
        with pytest.raises(InputError, match=r"is gone, .* the folder above it"):
            engine.index(gone)
    assert texts(engine) == ["Text."]
    assert engine.index(corpus).removed == 1


def test_a_path_that_does_not_exist_changes_nothing(corpus: Path, make_engine: MakeEngine) -> None:
    write(corpus, "a.txt", "Text.")
    engine = make_engine()
    engine.index(corpus)
    with pytest.raises(InputError, match="does not exist"):
        engine.index(corpus, corpus / "nowhere")
    assert texts(engine) == ["Text."]


def test_another_passage_size_splits_every_document_again(
    corpus: Path, make_engine: MakeEngine
) -> None:
    write(corpus, "a.txt", "A sentence about a caravan. " * 60)
    few = make_engine(passage_tokens=200).index(corpus)
    engine = make_engine(passage_tokens=40)
    many = engine.index(corpus)
    assert (many.updated, many.documents) == (1, 1)
    assert many.passages > few.passages
    check_whole(engine)


def test_progress_counts_files_and_names_them(corpus: Path, make_engine: MakeEngine) -> None:
    for name in "ab":
        write(corpus, f"{name}.txt", f"Text {name}.")
    seen = list[Progress]()
    report = make_engine().index(corpus, progress=seen.append)
    assert [(now.done, now.total, now.name) for now in seen] == [
        (0, 2, "corpus/a.txt"),
        (1, 2, "corpus/b.txt"),
        (1, 2, "corpus/b.txt"),  # both are embedded
        (2, 2, ""),
    ]
    assert [now.passages for now in seen] == [0, 0, report.passages, report.passages]
    assert 0 < seen[0].seconds < seen[-1].seconds < report.seconds


def test_progress_counts_the_passages_of_one_large_file_as_they_are_embedded(
    corpus: Path, make_engine: MakeEngine
) -> None:
    write(corpus, "a.jsonl", "\n".join(f'{{"text": "Caravan number{n}."}}' for n in range(600)))
    seen = list[Progress]()
    make_engine().index(corpus, progress=seen.append)
    assert [now.passages for now in seen] == [0, 256, 512, 600, 600]


def test_progress_knows_its_rate_and_the_time_left() -> None:
    now = Progress(done=25, total=100, passages=50, seconds=5.0)
    assert (now.rate, now.left) == (10.0, 15.0)
    assert (Progress(0, 100).rate, Progress(0, 100).left) == (0.0, None)


def test_the_demo_index_holds_the_corpus(demo_home: Path) -> None:
    with Engine.open(demo_home) as engine:
        assert engine.counts()[0] >= 14
        hit = engine.search("How many people are in the Lopez Obrador caravan?", 1)[0]
        assert (
            hit.passage.text
            == engine.document(hit.passage.document_id).text[hit.passage.start : hit.passage.end]
        )
        check_whole(engine)


# --- embedders -----------------------------------------------------------------------------------


@in_both
def test_another_embedder_gets_an_index_of_its_own(corpus: Path, make_engine: MakeEngine) -> None:
    write(corpus, "a.txt", "A caravan.")
    first_engine = make_engine()
    first_engine.index(corpus)
    other = HashingEmbedder("some/where:else", dimensions=16)
    engine = make_engine(other)
    with pytest.raises(StoreError, match="qa index"):
        engine.search("caravan")
    assert engine.index(corpus).unchanged == 1
    assert len(other.embedded) == 2  # the question, then the passage
    for each in (engine, first_engine):
        assert first(each, "caravan") == "A caravan."
        check_whole(each)
    folders = [path for path in engine.settings.home.iterdir() if path.is_dir()]
    assert len(folders) == (1 if engine.settings.chroma_url else 3)
    assert all(path.parent == engine.settings.home for path in folders)


@in_both
def test_an_embedder_that_fails_is_reported_and_what_was_done_is_kept(
    corpus: Path, make_engine: MakeEngine
) -> None:
    class Failing(HashingEmbedder):
        def embed(self, texts: object) -> Vectors:
            raise ModelError("no network")

    write(corpus, "a.txt", "A caravan.")
    engine = make_engine()
    engine.index(corpus)
    write(corpus, "b.txt", "A new text.")
    with pytest.raises(ModelError, match="no network"):
        make_engine(Failing("hashing")).index(corpus)
    with pytest.raises(ModelError, match="no network"):
        make_engine(Failing("other")).index(corpus)
    assert texts(engine) == ["A caravan."]
    assert engine.index(corpus).added == 1
    check_whole(engine)


# --- derived indexes -----------------------------------------------------------------------------

Damage = Callable[[Engine, str], None]


def mark_dirty(engine: Engine, store: str) -> None:
    catalog = catalog_of(engine)
    state = catalog.store(store)
    assert state
    catalog.mark(store, replace(state, dirty=True))
    catalog.close()


def delete(engine: Engine, store: str) -> None:
    shutil.rmtree(folder_of(engine, store))


def corrupt(engine: Engine, store: str) -> None:
    for path in folder_of(engine, store).rglob("*"):
        if path.is_file():
            path.write_bytes(b"garbage" * 10)


def corrupt_and_mark(engine: Engine, store: str) -> None:
    corrupt(engine, store)
    mark_dirty(engine, store)


@pytest.mark.parametrize("damage", [mark_dirty, delete, corrupt, corrupt_and_mark])
@pytest.mark.parametrize("by", ["searching", "indexing", "indexing a change"])
def test_damaged_indexes_are_rebuilt_from_the_catalog_without_embedding(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder, damage: Damage, by: str
) -> None:
    for number in range(5):
        write(corpus, f"{number}.txt", f"Caravan number{number} is on its way.")
    engine = make_engine()
    engine.index(corpus)
    engine.close()
    for store in (dense_store(embedder), LEXICAL_STORE):
        damage(engine, store)
    engine, embedder.embedded = make_engine(), []
    if by == "indexing a change":
        write(corpus, "5.txt", "Caravan number5 is on its way.")
    if by != "searching":
        engine.index(corpus)
        assert len(embedder.embedded) == (1 if by == "indexing a change" else 0)
    for number in range(5):
        hit = engine.search(f"number{number}", 1)[0]
        assert hit.passage.text == f"Caravan number{number} is on its way."
        assert hit.dense is not None
        assert hit.lexical is not None
    check_whole(engine)
    folders = [path for path in engine.settings.home.iterdir() if path.is_dir()]
    assert len(folders) == 2, "what was rebuilt left nothing behind"


# --- more than one writer, and writers that die --------------------------------------------------


def test_a_second_writer_is_told_to_wait(corpus: Path, make_engine: MakeEngine) -> None:
    write(corpus, "a.txt", "Text.")
    engine = make_engine()
    engine.index(corpus)
    with indexing.writing(engine.settings.home):
        with pytest.raises(BusyError, match="wait until it is done"):
            engine.index(corpus)
        with pytest.raises(BusyError):
            engine.remove(engine.documents()[0].id)
        assert first(engine, "text") == "Text."
    assert engine.index(corpus).unchanged == 1


@in_both
def test_a_document_that_is_removed_is_found_no_more(corpus: Path, make_engine: MakeEngine) -> None:
    for name in "ab":
        write(corpus, f"{name}.txt", f"Text {name}.")
    engine = make_engine()
    engine.index(corpus)
    (document,) = (d for d in engine.documents() if d.text == "Text a.")
    engine.remove(document.id)
    assert [hit.passage.text for hit in engine.search("text a")] == ["Text b."]
    check_whole(engine)
    with pytest.raises(InputError):
        engine.remove(document.id)


REWRITES_FOR_EVER = """
import sys, itertools
from pathlib import Path
from conftest import HashingEmbedder
from qa.engine import Engine
from qa.settings import Settings
corpus, home, seed = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
with Engine.open(settings=Settings(home=home), embedder=HashingEmbedder()) as engine:
    engine.index(corpus)
    print("ready", flush=True)
    for round in itertools.count():
        for n in range(round % 3, 40, 3):
            (corpus / f"{n}.txt").write_text(f"Text{n} of round{seed}x{round}. " * 40)
        (corpus / f"{round % 7}.txt").unlink(missing_ok=True)
        engine.index(corpus)
"""


def test_an_index_survives_writers_that_are_killed_at_any_moment(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder
) -> None:
    moments = random.Random()
    for seed in range(4):
        engine = make_engine()
        arguments = [str(corpus), str(engine.settings.home), str(seed)]
        with subprocess.Popen(
            [sys.executable, "-c", REWRITES_FOR_EVER, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{Path(__file__).parent}"},
        ) as writer:
            assert writer.stdout
            assert writer.stdout.readline() == "ready\n"
            time.sleep(moments.uniform(0, 1.5))
            writer.kill()
        present = {path.read_text() for path in corpus.iterdir() if path.stat().st_size}
        for path in corpus.iterdir():
            if not path.stat().st_size:
                path.unlink()  # killed between opening and writing it: no text, a listed failure
        if engine.counts()[0]:
            assert engine.search("round", 5), "a reader finds something right after the kill"
        engine.index(corpus)
        assert {document.text for document in engine.documents()} == present
        for text in present:
            assert text.startswith(first(engine, text[: text.index(".")]).split(".")[0])
        check_whole(engine)
        engine.close()
    embedder.embedded = []
    assert make_engine().index(corpus).updated == 0
    assert embedder.embedded == []


def test_a_run_that_embeds_nothing_follows_a_run_that_was_killed_after_embedding(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder
) -> None:
    class Killed(BaseException):
        pass

    def stop(now: Progress) -> None:
        if now.done == now.total:
            raise Killed

    for number in range(3):
        write(corpus, f"{number}.txt", f"Caravan number{number}.")
    engine = make_engine()
    with pytest.raises(Killed):
        engine.index(corpus, progress=stop)
    assert first(engine, "number1") == "Caravan number1."
    embedder.embedded = []
    assert engine.index(corpus).unchanged == 3
    assert embedder.embedded == []


KILLS_ITSELF = """
import os, signal, sys
from qa import dense, indexing, lexical
from qa.catalog import Catalog
from conftest import HashingEmbedder
from qa.engine import Engine
from qa.settings import Settings

def dies(owner, name):
    function = getattr(owner, name)
    def then(*args):
        function(*args)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(owner, name, then)

stage = sys.argv[3]
dies(*{
    "Chroma was changed": (dense.DenseIndex, "add"),
    "tantivy was changed": (lexical.LexicalIndex, "add"),
    "a copy was marked": (Catalog, "mark"),
}[stage])
with Engine.open(settings=Settings(home=sys.argv[1]), embedder=HashingEmbedder()) as engine:
    engine.index(sys.argv[2])
"""


@pytest.mark.parametrize(
    "stage",
    ["Chroma was changed", "tantivy was changed", "a copy was marked"],
)
def test_a_writer_that_is_killed_leaves_the_indexes_that_are_in_use_whole(
    corpus: Path, make_engine: MakeEngine, embedder: HashingEmbedder, stage: str
) -> None:
    for number in range(5):
        write(corpus, f"{number}.txt", f"Caravan number{number} is on its way.")
    engine = make_engine()
    engine.index(corpus)
    (corpus / "0.txt").unlink()
    write(corpus, "5.txt", "Caravan number5 is on its way.")
    killed = subprocess.run(
        [sys.executable, "-c", KILLS_ITSELF, str(engine.settings.home), str(corpus), stage],
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{Path(__file__).parent}"},
    )
    assert killed.returncode == -signal.SIGKILL
    catalog = catalog_of(engine)
    for store, kind in ((dense_store(embedder), DenseIndex), (LEXICAL_STORE, LexicalIndex)):
        state = catalog.store(store)
        assert state
        assert not state.dirty
        index = kind(engine.settings.home / state.folder)
        assert len(index.ids()) == 5
        index.close()
    catalog.close()
    assert first(engine, "number2") == "Caravan number2 is on its way."
    embedder.embedded = []
    engine.index(corpus)
    assert embedder.embedded == []
    assert texts(engine) == [f"Caravan number{n} is on its way." for n in range(1, 6)]
    assert first(engine, "number5") == "Caravan number5 is on its way."
    check_whole(engine)
    assert len([path for path in engine.settings.home.iterdir() if path.is_dir()]) == 2


def test_vectors_that_a_killed_run_committed_are_used_whatever_is_indexed_first(
    corpus: Path,
    make_engine: MakeEngine,
    embedder: HashingEmbedder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for number in range(3):
        write(corpus, f"z{number}.txt", f"Caravan number{number}.")
    engine = make_engine()
    with monkeypatch.context() as patch:
        patch.setattr(Catalog, "put_document", killed)
        with pytest.raises(KeyboardInterrupt):
            engine.index(corpus)
    assert engine.counts() == (0, 0)
    embedder.embedded = []
    for number in range(300):
        write(corpus, f"a{number}.txt", f"Another text, number {number}.")
    engine.index(corpus)
    assert len(embedder.embedded) == 300
    check_whole(engine)


def test_the_corpus_is_indexed_by_the_real_model_only_once(tmp_path: Path) -> None:
    home = tmp_path / ".qa"
    article = CORPUS / "migrant-caravan-2023-12-25.txt"
    with Engine.open(home) as engine:
        assert engine.index(article).added == 1
        hit = engine.search("Who heads the Mexican government?", 1)[0]
        assert "date 2023-12-25" not in hit.passage.text
        assert engine.index(article).unchanged == 1


def test_an_engine_tells_the_passages_and_the_files_of_each_document(
    make_engine: MakeEngine, corpus: Path
) -> None:
    (corpus / "a.txt").write_text("Rain\n\nIt rains in the north. " + "It rains. " * 200, "utf-8")
    (corpus / "b.txt").write_text((corpus / "a.txt").read_text("utf-8"), "utf-8")
    engine = make_engine()
    engine.index(corpus)
    (document,) = engine.documents()
    passages = engine.passages(document.id)
    assert len(passages) == engine.passage_counts()[document.id] == engine.counts()[1] > 1
    assert all(document.text[p.start : p.end] == p.text for p in passages)
    assert [p.start for p in passages] == sorted(p.start for p in passages)
    assert engine.files() == {str(corpus / f"{name}.txt"): (document.id,) for name in "ab"}
    with pytest.raises(InputError, match="no document"):
        engine.passages("unknown")
