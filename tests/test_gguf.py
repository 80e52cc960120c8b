"""A model in a file: what is refused at once, and, where xllamacpp is installed and TEST_GGUF names
a file, a real one that ends with its process."""

import os
import re
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import qa
from qa import doctor

INSTALLED = find_spec("xllamacpp") is not None
FILE = os.environ.get("TEST_GGUF", "")
REAL = pytest.mark.skipif(
    not (INSTALLED and FILE), reason="needs the extra `local`, and a model's file in TEST_GGUF"
)
ASKING = """
import sys, qa
from qa.models import gguf
settings = qa.Settings.load(home=sys.argv[1], gguf=sys.argv[2], answer_tokens=40)
for _ in range(2):  # a second engine finds the same server
    with qa.Engine.open(settings=settings) as engine:
        answer = engine.ask("what did López Obrador ask for in return?")
(served,) = gguf._SERVED.values()
print("MODEL", answer.model, "STATEMENTS", len(answer.statements), "URL", served[1])
print("USAGE", answer.usage)
"""


def test_a_file_that_is_not_there_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    settings = qa.Settings.load(home=tmp_path / ".qa", gguf=tmp_path / "no.gguf")
    with pytest.raises(qa.InputError, match=r"no\.gguf cannot be read .*give the file of a model"):
        qa.Engine.open(settings=settings)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"PK\x03\x04 a zip file")
    settings = qa.Settings.load(home=tmp_path / ".qa", gguf=tmp_path / "m.gguf")
    with pytest.raises(qa.InputError, match="is no GGUF file"):
        qa.Engine.open(settings=settings)


def test_a_file_and_a_service_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    given = {"gguf": tmp_path / "m.gguf", "base_url": "http://127.0.0.1:9/v1"}
    with pytest.raises(qa.InputError, match="both set: unset one"):
        qa.Engine.open(settings=qa.Settings.load(home=tmp_path / ".qa", **given))


@pytest.mark.skipif(INSTALLED, reason="the extra is installed")
def test_without_the_extra_the_command_that_installs_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    settings = qa.Settings.load(home=tmp_path / ".qa", gguf=tmp_path / "m.gguf")
    with pytest.raises(qa.InputError, match=r"pip install .*'\.\[local\]'"):
        qa.Engine.open(settings=settings)
    assert any("'.[local]'" in problem for problem in doctor.examine(settings).problems)


def test_an_empty_file_name_takes_back_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QA_GGUF", "~/m.gguf")
    assert qa.Settings.load().gguf == Path("~/m.gguf").expanduser()
    assert qa.Settings.load(gguf="").gguf is None


@pytest.mark.skipif(not INSTALLED, reason="needs the extra `local`")
def test_a_damaged_file_is_an_error_and_not_a_crash(demo_home: Path, tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + bytes(200))
    settings = qa.Settings.load(home=demo_home, gguf=tmp_path / "m.gguf")
    with (
        qa.Engine.open(settings=settings) as engine,
        pytest.raises(qa.ModelError, match="cannot be loaded"),
    ):
        engine.ask("what did López Obrador ask for in return?")


@REAL
def test_a_real_file_answers_and_its_server_ends_with_the_process(demo_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKING, str(demo_home), FILE],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = re.search(r"MODEL (\S+) STATEMENTS (\d+) URL http://127\.0\.0\.1:(\d+)", done.stdout)
    assert found, done.stdout
    assert found[1] == Path(FILE).stem
    assert re.search(r"'completion_tokens': [1-9]", done.stdout)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(found[3]))) != 0
    assert Path(FILE).stem in str(doctor.examine(qa.Settings.load(home=demo_home, gguf=FILE)))
