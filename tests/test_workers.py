"""Files read in processes that can be killed: what one does to itself, it does to no other."""

import io
import os
import resource
import signal
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import REPOSITORY, MakeEngine

from qa import loading
from qa.loading.workers import Workers

FORMATS = Path(__file__).parent / "fixtures" / "formats"


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PDF of 5,000 pages that all show the same 20,000 lines, which takes many minutes."""
    kids = b" ".join(b"%d 0 R" % n for n in range(5, 5_005))
    shown = zlib.compress(b"BT /F 12 Tf 72 700 Td (The ferry leaves at nine.) Tj ET\n" * 20_000)
    page = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 595 842]"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[" + kids + b"]/Count 5000>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(shown), shown),
        *[page + b"/Resources<</Font<</F 3 0 R>>>>>>"] * 5_000,
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % pair for pair in enumerate(objects, start=1))
    path = tmp_path_factory.mktemp("endless") / "endless.pdf"
    path.write_bytes(b"%PDF-1.7\n" + body + b"trailer\n<</Size 5005/Root 1 0 R>>\n%%EOF\n")
    return path


def swelling(path: Path) -> Path:
    """A Word document of 300 KB whose paragraphs fill 2 GB."""
    main = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    paragraphs = "<w:p><w:r><w:t>ha</w:t></w:r></w:p>" * 2_000_000
    with (
        zipfile.ZipFile(FORMATS / "council.docx") as whole,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as parts,
    ):
        for name in whole.namelist():
            swollen = f'<w:document xmlns:w="{main}"><w:body>{paragraphs}</w:body></w:document>'
            parts.writestr(name, swollen if name == "word/document.xml" else whole.read(name))
    return path


def reason(loaded: loading.Loaded) -> str:
    assert loaded.documents == ()
    (failure,) = loaded.failures
    return failure.error


def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Waits for something to happen."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether the process is there and has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def children(pid: int) -> list[int]:
    """Processes started by one, but for those that this one had before the test began."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return [child for child in found if child not in _BEFORE]


_BEFORE = set[int]()  # a server that the suite's other tests share


@pytest.fixture(autouse=True)
def _count_anew() -> None:
    _BEFORE.clear()
    _BEFORE.update(children(os.getpid()))


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")


@pytest.fixture
def workers() -> Iterator[Workers]:
    with closing(Workers()) as workers:
        yield workers


def test_a_worker_gives_what_the_same_process_would_in_the_order_that_was_asked(
    workers: Workers,
) -> None:
    paths = [*sorted(FORMATS.iterdir()), *loading.discover([REPOSITORY / "corpus"])]
    waiting = [workers.load(path, path.name) for path in paths]
    assert [wait() for wait in waiting] == [loading.load(path, path.name) for path in paths]


def test_strange_names_and_texts_arrive_as_they_are(workers: Workers, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n\xf0\x9f\x98\x80.html"))
    path.write_text("<html><body><p>El señor Peña 😀 dijo: \u2028 nada.</p></body></html>")
    assert workers.load(path, "señor\n😀#1")() == loading.load(path, "señor\n😀#1")


def test_a_file_that_takes_too_long_is_listed_and_the_next_is_read(endless: Path) -> None:
    with closing(Workers(seconds=3)) as workers:
        waiting = [workers.load(path, path.name) for path in (endless, FORMATS / "report.pdf")]
        hung, whole = (wait() for wait in waiting)
    assert "longer than 3 seconds: divide it" in reason(hung)
    assert whole.documents


def test_a_file_that_fills_the_memory_is_listed_and_the_next_is_read(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux holds a process to its memory")
    bomb = swelling(tmp_path / "bomb.docx")
    assert bomb.stat().st_size < 1_000_000
    with closing(Workers(memory=500_000_000)) as workers:
        waiting = [workers.load(path, path.name) for path in (bomb, FORMATS / "council.docx")]
        filled, whole = (wait() for wait in waiting)
    assert "more than 500 MB of memory: divide it" in reason(filled)
    assert whole.documents


@needs_proc
def test_a_worker_that_crashes_costs_the_file_that_it_was_reading(endless: Path) -> None:
    with closing(Workers()) as workers:
        wait = workers.load(endless, endless.name)
        until(lambda: children(os.getpid()))
        for pid in children(os.getpid()):
            os.kill(pid, signal.SIGSEGV)
        assert "crashed (SIGSEGV): open the file in its own program" in reason(wait())
        assert workers.load(FORMATS / "report.pdf", "report.pdf")().documents


@needs_proc
def test_a_file_is_not_blamed_for_a_worker_that_an_earlier_one_broke() -> None:
    with closing(Workers()) as workers:
        assert workers.load(FORMATS / "report.pdf", "report.pdf")().documents
        for pid in children(os.getpid()):
            os.kill(pid, signal.SIGSEGV)
        assert workers.load(FORMATS / "report.pdf", "report.pdf")().documents


@needs_proc
def test_closing_ends_a_worker_in_the_middle_of_a_file(endless: Path) -> None:
    with closing(Workers()) as workers:
        workers.load(endless, endless.name)
        until(lambda: children(os.getpid()))
    assert children(os.getpid()) == []


def test_unchanged_and_small_plain_files_start_no_process(
    corpus: Path, make_engine: MakeEngine
) -> None:
    def spent() -> tuple[float, int]:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime, used.ru_minflt

    engine = make_engine()
    before = spent()
    (corpus / "a.txt").write_text("Some words.")
    (corpus / "b.jsonl").write_text('{"text": "More words."}')
    assert engine.index(corpus).added == 2
    assert spent() == before
    (corpus / "report.txt").write_bytes((FORMATS / "report.pdf").read_bytes())
    assert engine.index(corpus).added == 1
    assert spent() > before
    before = spent()
    assert engine.index(corpus).unchanged == 3
    assert spent() == before


SCRIPT = """
import sys, threading
from pathlib import Path
import qa

print("once")
with qa.Engine.open(Path(sys.argv[1]) / ".qa") as engine:
    thread = threading.Thread(target=lambda: print(engine.index(sys.argv[2]).added))
    thread.start()
    thread.join()
"""


def test_a_script_that_guards_nothing_indexes_from_a_thread(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for shadow in ("csv.py", "html.py", "docx.py"):  # what lies in the working folder is not run
        (folder / shadow).write_text("raise SystemExit(3)")
    (folder / "report.pdf").write_bytes((FORMATS / "report.pdf").read_bytes())
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py", tmp_path, folder / "report.pdf"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("once\n1\n", "")


@needs_proc
def test_ctrl_c_ends_the_workers_without_a_word_of_theirs(endless: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "qa.cli", "index", str(endless), "--home", str(tmp_path / "h")]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until(lambda: children(process.pid))
    started = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.stderr is not None
    assert "Ctrl-C again stops at once" in process.stderr.readline()
    os.killpg(process.pid, signal.SIGINT)
    (said,) = process.communicate(timeout=20)[1].splitlines()
    assert said.startswith("stopped")
    assert process.returncode == 130
    assert not any(map(alive, started))


ORPHANING = """
import sys
from pathlib import Path
from qa.loading.workers import Workers

Workers(seconds=3).load(Path(sys.argv[1]), "endless.pdf")()
"""


@needs_proc
def test_a_worker_does_not_outlive_who_asked_by_more_than_the_time_of_a_file(endless: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ORPHANING, endless],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    until(lambda: children(process.pid))
    (worker,) = children(process.pid)
    process.kill()
    process.wait()
    until(lambda: not alive(worker))


def test_zip_data_that_is_no_docx_is_read_apart(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as parts:
        parts.writestr("a", "b")
    for name, data in (("zip.txt", packed.getvalue()), ("big.txt", b"a " * 50_000), ("a.pdf", b"")):
        (tmp_path / name).write_bytes(data)
        assert loading.load_light(tmp_path / name, name) is None
