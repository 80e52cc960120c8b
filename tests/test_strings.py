"""The texts of the page: all of them in qa/web/strings.py, and none there that nobody reads."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from qa.web import strings
from qa.web.strings import say

ROOT = Path(__file__).parent.parent
WEB = ROOT / "qa/web"
VIEWS = [ROOT / "app.py", *sorted(p for p in WEB.glob("*.py") if p.name != "strings.py")]
SCRIPTS = sorted((WEB / "assets").glob("*.js"))
PROSE = re.compile(r"[A-Za-z]{2}[,.:;]? [A-Za-z]|^[A-Z][a-z]")  # two words, or a capital first
WORD = re.compile("[A-Za-z]{2}")
# Where even one small word is a text: what Streamlit and the components are given to show.
SHOWN = {"label", "help", "placeholder", "alt", "title", "detail", "error", "text"}
NOT_SHOWN = {"form", "html", "get_option", "component", "setdefault", "pop"}  # keys, names
# What looks like a text and is read by no person: it goes to a model, a database, a browser.
NO_TEXTS = re.compile(
    r"This tests a connection\. Reply with one word\.|Reply with: ready|qa index corpus"
    r"|What is reported about |\s*(CREATE|SELECT|INSERT|UPDATE|DELETE) .*"
    r"|<div .*|const strings = |Escape|noopener noreferrer"
    r"|ArrowVegaLiteChart|DataFrame|FileUploader|Selectbox|TextInput|TextArea|Checkbox|NumberInput"
    r"|Radio|Slider",
    re.DOTALL,
)


def own_texts(source: str) -> list[str]:
    """The literals of a module that a person would read; docstrings and annotations are none."""
    tree = ast.parse(source)
    apart = {
        id(part) for one in ast.walk(tree) for skip in _skipped(one) for part in ast.walk(skip)
    }
    shown = {id(part) for one in ast.walk(tree) for arg in _shown(one) for part in ast.walk(arg)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart
        if (WORD if id(node) in shown else PROSE).search(node.value)
        if not NO_TEXTS.fullmatch(node.value)
    ]


def _skipped(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.FunctionDef) and node.returns:
        yield node.returns
    if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
        yield node.annotation
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".get"):
        yield from node.args
    if isinstance(node, ast.Subscript):
        yield node.slice


def _shown(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call):
        *owner, name = ast.unparse(node.func).split(".")
        if owner[:1] == ["st"] and name not in NOT_SHOWN:
            yield from node.args[:1]
        yield from (one.value for one in node.keywords if one.arg in SHOWN)
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in SHOWN:
                yield value


def own_texts_of_a_script(source: str) -> list[str]:
    """Its literals that a person would read, without comments and names of classes."""
    code = re.sub(r"^\s*//.*$|(class|style): (\"[^\"]*\"|`[^`]*`)", "", source, flags=re.M)
    found = [a or b for a, b in re.findall(r'"([^"\n]*)"|`([^`]*)`', code)]
    plain = [re.sub(r"\$\{[^}]*\}", "", text) for text in found]
    return [text for text in plain if PROSE.search(text) and not NO_TEXTS.fullmatch(text)]


@pytest.mark.parametrize("view", VIEWS, ids=lambda path: path.name)
def test_a_view_has_no_text_of_its_own(view: Path) -> None:
    assert own_texts(view.read_text("utf-8")) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_has_no_text_of_its_own(script: Path) -> None:
    assert own_texts_of_a_script(script.read_text("utf-8")) == []


def test_every_text_is_read_somewhere() -> None:
    code = "".join(path.read_text("utf-8") for path in [*VIEWS, *SCRIPTS])
    used = set(re.findall(r"\bstrings\.([A-Z]\w+)", code))
    assert used == {name for name in vars(strings) if name.isupper() and name[0] != "_"}


def test_a_text_of_its_own_is_found_wherever_it_hides() -> None:
    module = """
def view(n):
    "Draws it."
    st.button("go")
    st.text(f"{n} found")
    row = {"label": "ready"}
    known = "two words" if n else "add-files"
    components.show("Here")
"""
    assert sorted(own_texts(module)) == [" found", "Here", "go", "ready", "two words"]
    script = """
// A comment of words.
el("p", { class: "quiet note" }, `Page ${n}`, "all of it", "click")
"""
    assert own_texts_of_a_script(script) == ["Page ", "all of it"]


def test_numbers_nouns_and_dates_are_filled_in() -> None:
    assert say("{n:passage was|passages were} read", n=1) == "1 passage was read"
    assert say("{n:passage was|passages were} read", n=2500) == "2,500 passages were read"
    assert say(strings.DAY, date=date(2023, 12, 5)) == "5 December 2023"
    assert say("{n}: {title}", n=1234, title="{n:a|b}") == "1,234: {n:a|b}"
