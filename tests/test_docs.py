"""What the README and the package promise is there."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

import qa
from qa.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_every_public_name_exists_and_is_documented() -> None:
    for name in qa.__all__:
        assert getattr(qa, name, None) is not None, name
    documented = [getattr(qa, name) for name in qa.__all__ if name != "__version__"]
    assert all(thing.__doc__ for thing in documented)


def test_every_module_says_what_it_is_for() -> None:
    for path in (ROOT / "qa").rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        assert importlib.import_module(name).__doc__, name


def test_every_setting_is_in_the_table_of_the_readme() -> None:
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"QA_{name.upper()}"
        assert f"| `{variable}` |" in README


def test_every_command_is_in_the_readme() -> None:
    from qa.cli import app

    for name in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        assert f"qa {name}" in README


def test_every_metric_and_every_field_of_a_case_is_documented() -> None:
    from qa.evaluation import Case
    from qa.evaluation.scores import METRICS

    text = (ROOT / "docs" / "evaluation.md").read_text("utf-8")
    for metric in METRICS:
        assert f"| `{metric.name}` | {metric.formula} | {metric.source} |" in text
    for name in Case.__dataclass_fields__:
        assert f"| `{name}` |" in text


def test_every_module_is_in_the_tree_of_the_readme() -> None:
    for path in (ROOT / "qa").glob("*.py"):
        assert path.name in README, path.name


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder that holds what the snippets name, so that they leave nothing in the repository."""
    (tmp_path / "corpus").symlink_to(ROOT / "corpus")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    return tmp_path


def test_the_python_snippet_of_the_readme_runs(copy: Path) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", snippet], cwd=copy, capture_output=True, text=True, check=True
    )
    assert "sanctions on Cuba and Venezuela" in done.stdout
    assert "True The documents do not say." in done.stdout


def test_the_shell_snippet_of_the_readme_runs(copy: Path) -> None:
    (snippet,) = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euc", snippet],
        cwd=copy,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path},
    )
    assert "sanctions on Cuba and Venezuela" in done.stdout
    assert "answer_inclusion" in done.stdout
