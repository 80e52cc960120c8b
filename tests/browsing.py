"""A page on a server of its own, and a browser that looks at it."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

playwright = pytest.importorskip(
    "playwright.sync_api", reason="browser tests need playwright: pip install playwright"
)
CHROMIUM = Path("/usr/bin/chromium")
if not CHROMIUM.exists():
    pytest.skip(f"browser tests need {CHROMIUM}", allow_module_level=True)

from playwright.sync_api import Browser, Locator, Page, expect  # noqa: E402

expect.set_options(timeout=20_000)  # a busy machine is slow, not broken

ROOT = Path(__file__).parent.parent
APP = ROOT / "app.py"
WIDE, NARROW = (1440, 900), (360, 740)


class Served(NamedTuple):
    """A page that is served."""

    url: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def served(
    home: Path, app: Path = APP, secrets: Path | None = None, **variables: str
) -> Iterator[Served]:
    """A page on this home, which quotes unless variables of its environment say otherwise. In the
    file of `secrets`, PORT stands for its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    keys = {"OPENAI_API_KEY", "OPENAI_BASE_URL", "QA_MODEL"}
    environment = {k: v for k, v in os.environ.items() if k not in keys}
    environment |= {"QA_HOME": str(home), "PYTHONPATH": str(ROOT), **variables}
    options = ["--server.port", str(port)]
    if secrets:
        secrets.write_text(secrets.read_text("utf-8").replace("PORT", str(port)), "utf-8")
        options += ["--secrets.files", str(secrets)]
    with subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(app), *options],
        cwd=ROOT,  # where .streamlit/config.toml is
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/_stcore/health")
            yield Served(url, process)
        finally:
            process.terminate()


def _wait_for(url: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that asks nobody for anything by itself."""
    quiet = ("background-networking", "component-update", "sync")
    options = ["--no-sandbox", "--disable-gpu", *(f"--disable-{name}" for name in quiet)]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


def question_field(page: Page) -> Locator:
    return page.get_by_test_id("stChatInputTextArea")


def ask(page: Page, question: str) -> None:
    """Asks a question. The field sends nothing while the page is drawn or a file is on its way, so
    this tries again until it is empty."""
    field = question_field(page)
    for _ in range(5):
        settle(page)
        field.fill(question)
        field.press("Enter")
        with suppress(AssertionError):
            expect(field).to_have_value("", timeout=2_000)
            return
    raise AssertionError(f"{question} cannot be asked")


def settle(page: Page) -> None:
    """Waits until the page's script has run to its end: a rerun closes a list that is open, and a
    click that comes with it can be lost. One that has just ended may have called for another."""
    app = page.get_by_test_id("stApp")
    for pause in (200, 0):
        expect(app).to_have_attribute("data-test-script-state", "notRunning")
        page.wait_for_timeout(pause)


def press(page: Page, button: str, shown: str) -> None:
    """Presses a button until a text is there. On a busy machine a click can be lost that comes in
    the moment in which the page draws what came of the one before."""
    for _ in range(3):
        settle(page)
        page.get_by_role("button", name=button).click()
        with suppress(AssertionError):
            expect(page.get_by_text(shown)).to_be_visible(timeout=10_000)
            return
    raise AssertionError(f"{shown} is not shown after {button}")


def choose(page: Page, label: str, option: str) -> None:
    """Chooses in a list. Scrolling closes a list that is open, and to click is to scroll, so this
    tries again until the field says what was chosen."""
    field, wanted = page.get_by_label(label), page.get_by_role("option", name=option).first
    for _ in range(5):
        settle(page)
        field.scroll_into_view_if_needed()
        field.click()
        with suppress(AssertionError):
            expect(wanted).to_be_visible(timeout=2_000)
            wanted.click()
            expect(field).to_have_value(re.compile(re.escape(option)), timeout=2_000)
            return
    raise AssertionError(f"{option} cannot be chosen in {label}")


def go(page: Page, view: str) -> None:
    """Opens a view by its link in the sidebar."""
    page.get_by_role("link", name=view, exact=True).click()
    expect(page.get_by_role("heading", name=view, exact=True)).to_be_visible()
    settle(page)
