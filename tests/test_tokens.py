import os
import subprocess
import sys
from pathlib import Path

import pytest

from qa import tokens


def test_tokens_are_counted_with_the_o200k_vocabulary() -> None:
    assert tokens.count("") == 0
    assert tokens.count("hello world") == 2
    assert tokens.count("antidisestablishmentarianism") == 6


def test_text_that_looks_like_a_control_token_is_counted_as_text() -> None:
    assert tokens.count("<|endoftext|>") > 1


@pytest.mark.parametrize("text", [" " * 1_000_000, "\n" * 200_000, "a" * 200_000, "a \ud83d b"])
def test_extreme_text_is_counted(text: str) -> None:
    assert tokens.count(text) > 0


def test_the_environment_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens._encoding.cache_clear()
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "/somewhere")
    assert tokens.count("word") == 1
    assert os.environ["TIKTOKEN_CACHE_DIR"] == "/somewhere"


def test_a_home_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    code = "from qa import tokens; print(tokens.count('hello world'))"
    env = os.environ | {"XDG_CACHE_HOME": str(blocked), "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout == "2\n", done.stderr


def test_a_damaged_vocabulary_is_unpacked_again(tmp_path: Path) -> None:
    folder = tmp_path / "qa" / "tiktoken"
    folder.mkdir(parents=True)
    (folder / tokens._CACHED_AS["o200k_base"]).write_bytes(b"damaged")
    code = "from qa import tokens; print(tokens.count('hello world'))"
    env = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.stdout == "2\n", done.stderr
