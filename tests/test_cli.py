"""The `qa` command: as a process of its own where that matters, else through typer's runner."""

import json
import os
import pty
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from openai_server import OpenAIServer, says
from typer.testing import CliRunner, Result

from qa.cli import app
from qa.terminal import _pace
from qa.types import Progress

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "corpus"
ARTICLE = CORPUS / "migrant-caravan-2023-12-25.txt"
COMMANDS = ("index", "ask", "search", "documents", "eval", "chat", "doctor")
DEMO = "what did López Obrador ask for in return?"
SANCTIONS = "easing or removal of sanctions on Cuba and Venezuela."
NOBODY = "http://127.0.0.1:9/v1"  # nothing listens there


def clean(**variables: str) -> dict[str, str]:
    """The environment without anybody's settings, and with these."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("QA_", "OPENAI_"))}
    return kept | {"PYTHONPATH": str(ROOT)} | variables


def qa(
    *words: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs the command as a process of its own."""
    command = [sys.executable, "-m", "qa.cli", *map(str, words)]
    return subprocess.run(
        command, cwd=cwd, env=env or clean(), capture_output=True, text=True, timeout=60
    )


def said(result: "Result | subprocess.CompletedProcess[str]") -> str:
    """The one line of an error; fails when there is a traceback or another line."""
    lines = result.stderr.strip().split("\n")
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("QA_", "OPENAI_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with the demo corpus, indexed by the command itself."""
    folder = tmp_path_factory.mktemp("demo") / "home"
    result = qa("index", CORPUS, "--home", folder)
    assert result.returncode == 0, result.stderr
    assert result.stderr == "", "a bar was drawn where there is no terminal"
    assert " added, 0 updated, 0 removed, 0 unchanged; the index holds " in result.stdout
    return folder


def run(*words: str | Path) -> Result:
    """Runs the command in this process; an unforeseen exception fails the test."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


# --- ask ------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", [DEMO, "what did Lopez Obrador ask for in return?"])
def test_the_demo_question_is_answered_from_the_article_with_and_without_the_accent(
    home: Path, question: str
) -> None:
    result = qa("ask", question, "--home", home, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    answer = json.loads(result.stdout)
    assert not answer["abstained"]
    assert SANCTIONS in answer["answer"]
    text = ARTICLE.read_text("utf-8")
    for statement in answer["statements"]:
        assert statement["verdict"] == "supported"
        for citation in statement["citations"]:
            assert citation["source"].endswith("corpus/" + ARTICLE.name)
            assert text[citation["start"] : citation["end"]] == citation["quote"]
            assert citation["quote"] == statement["text"]


def test_an_answer_is_printed_with_markers_and_sources_and_without_colour_codes(home: Path) -> None:
    result = qa("ask", DEMO, "--home", home, env=clean(FORCE_COLOR="1", COLUMNS="20"))
    answer, _, sources = result.stdout.partition("\n\n")
    assert f"{SANCTIONS} [1]" in answer
    assert sources.startswith("[1] ")
    assert ARTICLE.name in sources
    assert "\x1b" not in result.stdout


def test_what_the_documents_do_not_say_is_refused_with_the_nearest_passages(home: Path) -> None:
    question = "How many tanks did Guatemala send to Tapachula?"
    result = run("ask", question, "--home", home)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("The documents do not say.")
    assert "Nearest passages:\n  - Tapachula" in result.stdout
    answer = json.loads(run("ask", question, "--home", home, "--json").stdout)
    assert answer["abstained"]
    assert answer["statements"] == []
    assert len(answer["evidence"]) >= 3


def test_a_kept_answer_is_verified_and_what_changed_makes_it_fail(tmp_path: Path) -> None:
    folder, home, file = tmp_path / "notes", tmp_path / "home", tmp_path / "answer.md"
    folder.mkdir()
    (folder / "a.txt").write_text("The harbour of Portmill reopened on 1 March 2024.", "utf-8")
    run("index", folder, "--home", home)
    asked = ("ask", "When did the harbour of Portmill reopen?", "--home", home, "--save", file)
    assert run(*asked).exit_code == 0
    assert "is there already" in said(run(*asked))
    assert "## Quotes" in file.read_text("utf-8")
    result = run("verify", file, "--home", home)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "1 of 1 quotes stand")
    (folder / "a.txt").write_text("The harbour of Portmill reopened on 2 March 2024.", "utf-8")
    run("index", folder, "--home", home)
    result = run("verify", file, "--home", home, "--json")
    assert result.exit_code == 1
    (quote,) = json.loads(result.stdout)["quotes"]
    assert "was changed; this is not in it any more" in quote["changes"][0]


def test_a_terminal_shows_checked_sentences_of_the_model_and_then_the_sources(home: Path) -> None:
    reply = "He asked for the easing of sanctions on Cuba and Venezuela. He wanted 900 tanks."
    with OpenAIServer() as server:
        server.replies += [
            says(*reply.split(" ")[:1], *(f" {w}" for w in reply.split(" ")[1:]))
        ] * 2
        env = clean(OPENAI_BASE_URL=server.url, OPENAI_API_KEY="k")
        command = ["ask", DEMO, "--model", "small", "--home", str(home)]
        piped = qa(*command, env=env)
        shown = on_a_terminal(command, env)
    assert piped.returncode == 0, piped.stderr
    assert "Cuba and Venezuela. [1]" in piped.stdout
    assert "900 tanks." in piped.stdout
    assert "(unsupported)" in piped.stdout or "(partial)" in piped.stdout
    assert shown == piped.stdout
    assert server.requests[0]["model"] == "small"


def on_a_terminal(words: list[str], env: Mapping[str, str]) -> str:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "qa.cli", *words], cwd=ROOT, env=env, stdout=theirs
    ) as process:
        os.close(theirs)
        output = drain(ours)
    assert process.returncode == 0
    return output


def drain(terminal: int) -> str:
    """All that is written to a terminal until its other end is closed."""
    output = bytearray()
    try:
        while piece := os.read(terminal, 4096):
            output += piece
    except OSError:  # how Linux says that the other end was closed
        pass
    os.close(terminal)
    return output.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("question", "reason"),
    [("", "question is empty"), ("  \n", "question is empty"), ("a b" * 33_334, "100,002")],
)
def test_an_unusable_question_is_an_error_in_one_line(
    home: Path, question: str, reason: str
) -> None:
    result = run("ask", question, "--home", home)
    assert result.exit_code == 1
    assert reason in said(result)


def test_a_query_of_bytes_that_are_not_text_is_still_searched(home: Path) -> None:
    result = qa("search", "caravan \udcff", "--home", home)  # as Python reads the byte ff
    assert (result.returncode, result.stderr) == (0, "")


def test_asking_without_an_index_says_what_to_run_and_leaves_no_folder(tmp_path: Path) -> None:
    cases = str(ROOT / "tests/fixtures/questions.jsonl")
    for words in (["ask", "who?"], ["search", "who"], ["documents"], ["eval", cases]):
        result = run(*words, "--home", tmp_path / "none")
        assert result.exit_code == 1
        assert "run `qa index" in said(result)
    assert list(tmp_path.iterdir()) == []


def test_with_json_an_error_is_an_object_on_stdout_too(tmp_path: Path) -> None:
    result = run("ask", "who?", "--home", tmp_path / "none", "--json")
    assert result.exit_code == 1
    assert f"error: {json.loads(result.stdout)['error']}" == said(result)


def test_a_model_without_a_service_is_an_error(home: Path) -> None:
    assert "OPENAI_BASE_URL" in said(run("ask", "who?", "--model", "big", "--home", home))


def test_a_model_service_that_does_not_answer_is_an_error_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", NOBODY)
    result = run("ask", DEMO, "--home", home)
    assert result.exit_code == 1
    assert NOBODY in said(result)


# --- search ---------------------------------------------------------------------------------


def test_search_prints_hits_in_the_shape_of_an_answers_evidence(home: Path) -> None:
    hits = json.loads(
        run("search", "sanctions on Cuba", "-k", "3", "--home", home, "--json").stdout
    )
    assert [hit["number"] for hit in hits] == [1, 2, 3]
    assert hits[0].keys() == {
        "number", "document", "title", "published", "source", "start", "end", "text", "score",
    }  # fmt: skip
    assert hits == sorted(hits, key=lambda hit: -hit["score"])
    answer = json.loads(run("ask", DEMO, "--home", home, "--json").stdout)
    assert answer["evidence"][0].keys() == hits[0].keys()


def test_search_explains_the_parts_of_a_score(home: Path) -> None:
    words = ("search", "sanctions on Cuba", "--explain", "--home", home)
    assert "by meaning (cosine): 0." in run(*words).stdout
    assert {"dense", "lexical"} <= json.loads(run(*words, "--json").stdout)[0].keys()


# --- index ----------------------------------------------------------------------------------


def test_indexing_follows_new_changed_unchanged_and_deleted_files(tmp_path: Path) -> None:
    folder, home = tmp_path / "notes", tmp_path / "home"
    folder.mkdir()
    (folder / "a.txt").write_text("Ann keeps bees.")
    (folder / "b.txt").write_text("Bob keeps goats.")
    steps = [index_json(folder, home), index_json(folder, home)]
    (folder / "a.txt").write_text("Ann keeps wasps.")
    steps.append(index_json(folder, home))
    (folder / "b.txt").unlink()
    steps.append(index_json(folder, home))
    names = ("added", "updated", "removed", "unchanged", "documents")
    assert [tuple(step[name] for name in names) for step in steps] == [
        (2, 0, 0, 0, 2),
        (0, 0, 0, 2, 2),
        (0, 1, 0, 1, 2),
        (0, 0, 1, 1, 1),
    ]
    assert steps[0].keys() == {*names, "failed", "passages", "seconds"}
    assert "wasps" in run("ask", "what does Ann keep?", "--home", home).stdout


def test_documents_whose_files_are_gone_are_kept_when_asked(tmp_path: Path) -> None:
    folder, home = tmp_path / "notes", tmp_path / "home"
    folder.mkdir()
    for name in ("Ann", "Bob"):
        (folder / f"{name}.txt").write_text(f"{name} keeps bees.")
    index_json(folder, home)
    (folder / "Ann.txt").unlink()
    kept = index_json(folder, home, "--keep-missing")
    assert (kept["removed"], kept["documents"]) == (0, 2)
    assert index_json(folder, home)["removed"] == 1


def index_json(folder: Path, home: Path, *options: str) -> dict[str, Any]:
    result = run("index", folder, "--home", home, "--json", *options)
    assert result.exit_code == 0
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def test_documents_are_listed_with_the_origin_of_their_date_and_every_source(
    tmp_path: Path,
) -> None:
    folder, home = tmp_path / "notes", tmp_path / "home"
    folder.mkdir()
    for name in ("2023-12-25-bees.txt", "2023-12-25-again.txt", "b.txt"):
        (folder / name).write_text("Bob keeps goats." if name == "b.txt" else "Ann keeps bees.")
    run("index", folder, "--home", home)
    assert run("documents", "--home", home).stdout == (
        "2023-12-25 (file name)  Ann keeps bees.\n"
        "    notes/2023-12-25-again.txt\n    notes/2023-12-25-bees.txt\n"
        "no date  Bob keeps goats.\n    notes/b.txt\n"
    )
    bees, goats = json.loads(run("documents", "--home", home, "--json").stdout)
    assert bees.keys() == {"document", "title", "published", "published_from", "sources"}
    assert (bees["published"], bees["published_from"]) == ("2023-12-25", "file name")
    assert bees["sources"] == ["notes/2023-12-25-again.txt", "notes/2023-12-25-bees.txt"]
    assert (goats["published"], goats["published_from"]) == (None, None)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of good and bad files."""
    folder = tmp_path_factory.mktemp("mixed") / "mixed"
    folder.mkdir()
    (folder / "we[bold]ird [1].txt").write_text(
        "The [red]box[/red] of Zoë holds nine apples [/oops].\x1b[31m"
    )
    (folder / "records.jsonl").write_text(
        '{"text": "Pears are green."}\n{"text": \n{"text": "Plums are blue."}\n'
    )
    (folder / "bytes.txt").write_bytes(b"\x00\x01\x02\xff")
    (folder / "notes.xyz").write_text("What suffix is this?")
    return folder


def test_what_cannot_be_read_is_listed_and_the_rest_is_kept(mixed: Path, tmp_path: Path) -> None:
    report = index_json(mixed, tmp_path / "home")
    assert report["documents"] == 3
    reasons = {Path(f["source"]).name: f["error"] for f in report["failed"]}
    assert "not text" in reasons["bytes.txt"]
    assert "unknown suffix '.xyz'" in reasons["notes.xyz"]
    assert "line 2" in reasons["records.jsonl:2"]

    result = run("index", mixed, "--home", tmp_path / "home", "--quiet")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("3 could not be indexed:\n")
    assert "line 2: broken JSON" in result.stderr
    assert run("index", mixed, "--home", tmp_path / "home", "--strict").exit_code == 1


def test_markup_in_documents_and_names_is_printed_literally(mixed: Path, tmp_path: Path) -> None:
    run("index", mixed, "--home", tmp_path / "home")
    for words in (["ask", "what does the box of Zoë hold?"], ["search", "box of Zoë"]):
        result = run(*words, "--home", tmp_path / "home")
        assert "The [red]box[/red] of Zoë holds nine apples [/oops]." in result.stdout
        assert "we[bold]ird [1].txt" in result.stdout
        assert "\x1b" not in result.stdout


def test_json_for_an_output_that_cannot_hold_an_accent_is_ascii(home: Path) -> None:
    env = clean(PYTHONIOENCODING="ascii")
    result = qa("search", "López", "-k", "1", "--home", home, "--json", env=env)
    assert result.stdout.isascii()
    assert "López" in json.loads(result.stdout)[0]["text"]


def test_a_missing_folder_and_an_empty_one_say_what_to_do(tmp_path: Path) -> None:
    home, empty = tmp_path / "home", tmp_path / "empty"
    empty.mkdir()
    missing = run("index", tmp_path / "missing", "--home", home)
    assert missing.exit_code == 1
    assert "does not exist" in said(missing)
    nothing = run("index", empty, "--home", home)
    assert nothing.exit_code == 1
    assert "add .txt, .md, .jsonl" in said(nothing)


def test_a_file_without_permission_is_listed(tmp_path: Path) -> None:
    file = tmp_path / "secret.txt"
    file.write_text("Nobody may read this.")
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("this user may read every file")
    result = run("index", tmp_path, "--home", tmp_path / ".home")
    assert result.exit_code == 0
    assert "secret.txt: Permission denied" in result.stderr


@pytest.mark.parametrize("where", ["file/home", "/proc/qa-home"])
def test_a_home_that_cannot_be_written_is_an_error_in_one_line(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    result = run("index", CORPUS, "--home", tmp_path / where)
    assert result.exit_code == 1
    assert "--home" in said(result)
    report = run("doctor", "--home", tmp_path / where)
    assert report.exit_code == 1
    assert "problem: " in report.stdout


def test_ctrl_c_ends_with_130_and_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    command = [sys.executable, "-m", "qa.cli", "index", str(CORPUS), "--wait", "50"]
    with (
        FileLock(tmp_path / "home" / "write.lock"),
        subprocess.Popen(
            [*command, "--home", str(tmp_path / "home")],
            cwd=ROOT, env=clean(), stderr=subprocess.PIPE, text=True,
        ) as process,
    ):  # fmt: skip
        until = time.monotonic() + 30
        while not (tmp_path / "home" / "catalog.sqlite3").exists() and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.startswith("stopped")
    assert "; run the same command again to go on" in errors
    assert errors.count("\n") == 1


def test_ctrl_c_stops_between_two_documents_and_the_next_run_goes_on(tmp_path: Path) -> None:
    folder, home = tmp_path / "notes", tmp_path / "home"
    folder.mkdir()
    for n in range(400):
        (folder / f"{n}.txt").write_text(f"Ann has {n} bees.")

    def stored() -> int:
        """The documents in the catalog, as another process sees them."""
        with suppress(sqlite3.Error), closing(sqlite3.connect(home / "catalog.sqlite3")) as catalog:
            count: int = catalog.execute("SELECT count(*) FROM documents").fetchone()[0]
            return count
        return 0

    command = [sys.executable, "-m", "qa.cli", "index", str(folder), "--home", str(home)]
    with subprocess.Popen(
        command, cwd=ROOT, env=clean(), stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 60
        while not stored() and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    done = stored()
    assert process.returncode == 130
    assert 0 < done < 400
    first, last = errors.splitlines()
    assert first == "stopping after this document; Ctrl-C again stops at once"
    at, of, held = map(int, re.findall(r"\d+", last))
    assert (of, held) == (400, done)
    assert done < at <= 400
    assert last.endswith("run the same command again to go on from there")
    assert run("doctor", "--home", home).exit_code == 0
    report = index_json(folder, home)
    assert (report["added"], report["unchanged"]) == (400 - done, done)


def test_a_terminal_shows_files_rate_and_time_left(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Ann keeps bees.")
    words = ["index", str(tmp_path), "--home", str(tmp_path / ".home")]
    env = clean(TERM="xterm", COLUMNS="120")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "qa.cli", *words], cwd=ROOT, env=env, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = drain(ours)
    assert process.returncode == 0
    assert "1/1" in shown
    assert "passages/s" in shown


def test_the_time_left_is_shown_in_minutes_and_seconds() -> None:
    assert _pace(Progress(10, 100, "a.txt", 270, 10.0)) == "27 passages/s, 1:30 left"
    assert _pace(Progress(0, 100)) == ""


def test_a_home_that_another_process_writes_is_an_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with FileLock(tmp_path / "home" / "write.lock"):
        result = qa("index", CORPUS, "--home", tmp_path / "home")
    assert result.returncode == 1
    assert "another process is writing" in said(result)


# --- eval, chat, doctor ---------------------------------------------------------------------


def test_eval_measures_the_first_cases(home: Path) -> None:
    cases = ROOT / "tests/fixtures/questions.jsonl"
    report = json.loads(run("eval", cases, "--limit", "2", "--home", home, "--json").stdout)
    assert report["cases"] == 2
    assert "answer_inclusion" in report["metrics"]
    text = run("eval", cases, "--limit", "1", "--home", home).stdout
    assert text.startswith("1 cases, model: none (quotes)")


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return path


OFF_TOPIC = '{"id": "off", "question": "What is the capital of Australia?", "answerable": false}'
START = '{"id": "start", "question": "Where did the caravan start?", "answers": ["Tapachula"]}'


def test_a_broken_case_is_named_by_its_line_and_the_others_are_asked(
    home: Path, tmp_path: Path
) -> None:
    astray = '{"question": "Who?", "gold": [{"document": "title-42.md", "quote": "zebra"}]}'
    cases = written(tmp_path, OFF_TOPIC, '{"question"', astray)
    result = run("eval", cases, "--home", home)
    assert result.exit_code == 1
    broken, misplaced = result.stderr.strip().split("\n")
    assert ", line 2, line: broken JSON" in broken
    assert ", line 3, gold[0].quote: is not in title-42.md" in misplaced
    assert result.stdout.startswith("1 cases, model: none (quotes)")
    assert run("cases", "check", cases, "--home", home).exit_code == 1
    alone = written(tmp_path, '{"question"')
    assert "holds no usable case" in run("eval", alone, "--home", home).stderr


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"answer": "6,000"}, "answer: unknown field 'answer': did you mean 'answers'?"),
        (
            {"gold": [{"document": "title-42.md", "quote": "The zebra left."}]},
            "gold[0].quote: is not in title-42.md (at all): copy it from the document",
        ),
        ({}, 'must_include: a case without an answer: add "must_include", "answers" or "gold"'),
        (
            {"gold": [{"document": "zebra.pdf", "quote": "It left."}]},
            "gold[0].document: 'zebra.pdf' is not in the index: index it with `qa index`",
        ),
        (
            {"id": "off", "answers": ["6,000"]},
            "id: 'off' is used in line 1: give each case its own",
        ),
    ],
    ids=["unknown field", "quotation", "no answer", "document", "same id"],
)
def test_a_case_that_cannot_be_used_is_named_with_the_next_step_and_the_others_are_asked(
    home: Path, tmp_path: Path, fields: dict[str, Any], named: str
) -> None:
    bad = json.dumps({"question": "How many?"} | fields)
    result = run("eval", written(tmp_path, OFF_TOPIC, bad, START), "--home", home)
    assert result.exit_code == 1
    assert f"cases.jsonl, line 2, {named}" in result.stderr
    assert result.stdout.startswith("2 cases, model: none (quotes)")


def test_an_empty_file_of_cases_says_what_to_write(home: Path, tmp_path: Path) -> None:
    assert "holds no cases: write {" in said(run("eval", written(tmp_path, ""), "--home", home))


def test_a_run_is_saved_scored_compared_and_gated(home: Path, tmp_path: Path) -> None:
    cases, folder = written(tmp_path, OFF_TOPIC, START), tmp_path / "run"
    saved = run("eval", cases, "--home", home, "--save", folder, "--gate", "right>=1")
    assert (saved.exit_code, saved.stderr) == (0, "")
    gated = run("eval", "score", folder, "--gate", "retrieval_mrr@10>=0.5,refusal_recall>=0.5")
    assert gated.exit_code == 1
    assert "failed: retrieval_mrr@10>=0.5: no case measures it" in gated.stderr
    wanted = written(tmp_path, OFF_TOPIC, START.replace("Tapachula", "Oaxaca"))
    rescored = json.loads(run("eval", "score", folder, "--cases", wanted, "--json").stdout)
    assert rescored["metrics"]["right"] == 0.5
    new = '{"id": "new", "question": "Who leads it?", "answers": ["nobody"]}'
    cases = written(tmp_path, OFF_TOPIC, START, new)
    compared = run("eval", cases, "--home", home, "--baseline", folder)
    assert "line 3: 'new' is not in the baseline" in compared.stderr
    assert compared.exit_code == 0
    assert "2 cases in both runs" in compared.stdout
    assert run("eval", "diff", folder, folder).exit_code == 0
    again = run("eval", cases, "--home", home, "--save", folder, "--resume")
    assert "was begun with other cases: save to a new folder" in said(again)
    strangers = written(tmp_path, new)
    other = run("eval", strangers, "--home", home, "--baseline", folder)
    assert "was made from other cases" in said(other)


def test_the_schema_of_a_case_is_printed_without_an_index() -> None:
    published = json.loads(run("eval", "--schema").stdout)
    assert published["required"] == ["question"]


def test_a_file_called_like_a_command_is_evaluated_by_its_path(home: Path, tmp_path: Path) -> None:
    (tmp_path / "diff").write_text(OFF_TOPIC)
    assert run("eval", tmp_path / "diff", "--home", home).exit_code == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--resume"], "--resume needs the run to go on with"),
        (["--gate", "right"], "is not a gate"),
        (["--baseline", "nowhere"], "nowhere holds no run"),
        (["--format", "trec"], "no format 'trec': choose from squad"),
        (["--format", "squad"], "is not in the format squad"),
    ],
)
def test_an_unusable_option_of_eval_is_an_error(
    home: Path, tmp_path: Path, words: list[str], reason: str
) -> None:
    cases = written(tmp_path, OFF_TOPIC)
    options = words if "--format" in words else [*words, "--home", str(home)]
    assert reason in said(run("eval", cases, *options))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_an_error_that_offers_another(home: Path, taken: int) -> None:
    result = run("chat", "--port", str(taken), "--home", home)
    assert result.exit_code == 1
    assert said(result).startswith(f"error: port {taken} is in use: choose another with --port ")


def test_chat_serves_the_page_from_any_folder(home: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "qa.cli", "chat", "--port", str(port), "--home", str(home)]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=clean(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        assert f"http://127.0.0.1:{port} " in process.stdout.readline()
        try:
            assert answers(port), "the page did not come up"
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)


def answers(port: int) -> bool:
    """Whether somebody listens on the port within 20 seconds."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
        except OSError:
            time.sleep(0.1)
    return False


def test_doctor_describes_a_working_home(home: Path) -> None:
    result = run("doctor", "--home", home, "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 0, report["problems"]
    assert report["problems"] == []
    assert report["model"].startswith("none: answers are quotes")
    assert report["home"] == str(home)
    assert report["index"]["documents"] > 10
    assert report["index"]["dense"] == report["index"]["lexical"] == "current"
    assert all(report["versions"].values())
    assert {"python", "qa", "chromadb", "tantivy"} <= report["versions"].keys()
    text = run("doctor", "--home", home).stdout
    assert "qa ask QUESTION" in text


def test_doctor_on_an_empty_home_gives_the_next_step_and_makes_no_folder(tmp_path: Path) -> None:
    result = run("doctor", "--home", tmp_path / "none")
    assert result.exit_code == 0
    assert result.stdout.endswith("next: index a folder with `qa index FOLDER`\n")
    assert list(tmp_path.iterdir()) == []


def test_doctor_and_ask_on_a_broken_home_say_so(tmp_path: Path) -> None:
    (tmp_path / "catalog.sqlite3").write_bytes(b"this is not a database" * 500)
    report = run("doctor", "--home", tmp_path)
    assert report.exit_code == 1
    assert "file is not a database" in report.stdout
    assert "file is not a database" in said(run("ask", "who?", "--home", tmp_path))


def test_doctor_tries_the_model_service(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", NOBODY)
    report = json.loads(run("doctor", "--home", home, "--json").stdout)
    assert any(problem.startswith(f"no connection to {NOBODY}") for problem in report["problems"])
    assert report["index"]["documents"] > 10


def test_doctor_names_variables_that_have_no_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_PASAGES", "3")
    monkeypatch.setenv("QA_MODEL", "big")
    text = run("doctor").stdout
    assert "QA_PASAGES is not a setting and has no effect: did you mean QA_PASSAGES?" in text
    assert "QA_MODEL has no effect: set OPENAI_API_KEY" in text


# --- the command itself ---------------------------------------------------------------------


def test_an_unusable_setting_is_an_error_that_names_the_variable(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_PASSAGES", "zero")
    for command in (["ask", "who?"], ["search", "who"], ["doctor"], ["index", "corpus"]):
        result = run(*command, "--home", home)
        assert result.exit_code == 1
        assert said(result).startswith("error: QA_PASSAGES='zero' cannot be used")


def test_an_unknown_option_is_a_usage_error() -> None:
    result = qa("ask", "who?", "--loud")
    assert result.returncode == 2
    assert "No such option: --loud" in result.stderr
    assert "Traceback" not in result.stderr


def test_help_lists_every_command_and_version_prints_one() -> None:
    text = run("--help").stdout
    assert all(f"\n  {command} " in text for command in COMMANDS)
    assert run("--version").stdout.startswith("qa 0.")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_home_and_json(command: str) -> None:
    text = run(command, "--help").stdout
    assert "--home" in text
    assert "--json" in text


def test_importing_the_package_or_the_command_loads_nothing_heavy() -> None:
    heavy = {"chromadb", "streamlit", "openai", "numpy", "tantivy", "onnxruntime", "pydantic"}
    assert heavy.isdisjoint(loaded("import qa, qa.cli"))


def test_a_quoting_answer_loads_no_page_no_model_and_no_evaluation(home: Path) -> None:
    asking = f"""
import sys
from qa.cli import main
sys.argv = ["qa", "ask", {DEMO!r}, "--home", {str(home)!r}, "--json"]
try:
    main()
except SystemExit as end:
    assert not end.code
"""
    names = loaded(asking)
    assert "tantivy" in names
    assert {"chromadb", "streamlit", "openai", "qa.evaluation", "qa.web"}.isdisjoint(names)


def loaded(code: str) -> set[str]:
    """The modules that a process has loaded after running the code."""
    code += "\nimport sys; print('\\n' + ' '.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=clean(), capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.rstrip().split("\n")[-1].split())
