"""A run as a folder: what was asked of what, under which conditions, and every answer.

    run.json        conditions: settings, model, versions, hashes of the prompts and of the index
    cases.jsonl     the cases as they were asked
    passages.jsonl  every passage that was found, once
    results.jsonl   one line for each answer, on the disk before the next one is begun
    judgements.jsonl  what a model said of the answers, when one was asked to

So a run can be read, scored anew and compared without asking again, and one that was killed goes on
where it was.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from filelock import FileLock, Timeout

import qa
from qa import prompts
from qa.engine import QUOTING, Engine
from qa.errors import BusyError, InputError
from qa.evaluation.cases import Case, read_cases
from qa.evaluation.judging import PROMPTS, judge
from qa.evaluation.results import Judgement, Result, read_result, scored_by
from qa.evaluation.runner import Report, Run, evaluate
from qa.models import ChatModel
from qa.types import Progress

FORMAT = 1
_PACKAGES = ("chromadb", "nupunkt", "numpy", "onnxruntime", "openai", "tantivy", "tiktoken")
_PROMPTS = ("answer", "condense", "judge", "rerank")
_PLACE = {
    "home",
    "api_key",
    "timeout",
    "prices",
    "gguf",
}  # of a place, as URLs are, not of the answers
_JUDGED = "judgements.jsonl"
_PASSAGE = ("document", "title", "published", "source", "start", "end", "text")
_BEGUN = {".lock", "cases.jsonl", "cases.new", "home", "run.new"}  # what a kill may leave
_SAME = ("settings", "model", "prompts", "index", "qa")


def conditions(engine: Engine) -> dict[str, Any]:
    """What the answers depend on, as plain values; without the key and the URL."""
    digest = sha256()
    documents = engine.documents()
    for identity in sorted(document.id for document in documents):
        digest.update(f"{identity}\n".encode())
    passages = engine.counts()[1]
    settings = engine.settings.model_dump(mode="json")
    return {
        "qa": qa.__version__,
        "model": engine.model.name if engine.model else QUOTING,
        "settings": {name: value for name, value in settings.items() if not _of_a_place(name)},
        "index": {
            "documents": len(documents),
            "passages": passages,
            "sha256": digest.hexdigest()[:16],
        },
        "prompts": {name: _prompt_hash(name) for name in _PROMPTS},
        "versions": {name: version(name) for name in _PACKAGES},
    }


def run_cases(
    engine: Engine,
    cases: Sequence[Case],
    folder: Path | None = None,
    *,
    resume: bool = False,
    workers: int = 1,
    progress: Report | None = None,
    name: str = "",
) -> Run:
    """Asks the cases and keeps the run in `folder`; with `resume` only those it has no answer to.

    Raises InputError when the folder holds another run, or one of other cases or conditions,
    BusyError while another process writes to it, ModelError when the model keeps failing; what was
    answered until then is kept.
    """
    about = conditions(engine) | {"file": name, "workers": workers}
    about["begun"] = datetime.now(UTC).isoformat(timespec="seconds")
    if folder is None:
        run = evaluate(engine, cases, progress, workers=workers)
        return Run(run.results, about, run.failed)
    with _written(folder):
        if (folder / "run.json").exists():
            about = _same(folder, cases, about, resume)
        else:
            _begin(folder, cases, about)
        known = {r.case.id: r for r in _results(folder, {case.id: case for case in cases})}
        left = [case for case in cases if case.id not in known]
        kept, root = set(_passages(folder)), _root(engine)
        with (
            _appending(folder / "passages.jsonl") as passages,
            _appending(folder / "results.jsonl") as results,
        ):

            def keep(result: Result) -> None:
                record = result.to_json()
                _add(passages, _taken_out(record, kept, root))
                _add(results, [record])

            run = evaluate(engine, left, progress, workers=workers, keep=keep)
    new = {result.case.id: result for result in run.results}
    every = known | new
    return Run(tuple(every[c.id] for c in cases if c.id in every), about, run.failed)


def read_run(folder: Path, cases: Sequence[Case] | None = None) -> Run:
    """The run that a folder holds, under the expectations of other `cases` when they are given:
    those that ask the same. Raises InputError for a folder that holds none."""
    about = _about(folder)
    asked = {case.id: case for case in read_cases(folder / "cases.jsonl").cases}
    judged = {record["id"]: _judgement(record) for record in _records(folder / _JUDGED)}
    results = {
        result.case.id: replace(result, judgement=judged.get(result.case.id))
        for result in _results(folder, asked)
    }
    chosen = asked if cases is None else {c.id: c for c in cases if same(c, asked.get(c.id))}
    if cases and not chosen:
        raise InputError(
            f"{folder} was made from other cases: none of them has the id and the question of one "
            "here; choose another run, or make one with `qa eval CASES --save RUN`"
        )
    return Run(
        tuple(scored_by(results[name], case) for name, case in chosen.items() if name in results),
        about,
    )


def judge_run(
    folder: Path, model: ChatModel, *, workers: int = 1, progress: Report | None = None
) -> Run:
    """Has a model grade the answers of a run that it has not graded yet, and keeps what it says in
    the run. Raises ModelError; what was graded until then is kept."""
    stamp = {"judge": model.name} | {name: _prompt_hash(name) for name in PROMPTS}
    with _written(folder):
        run = read_run(folder)
        last = {record["id"]: record for record in _records(folder / _JUDGED)}
        known = {name for name, said in last.items() if stamp.items() <= said.items()}
        left = [result for result in run.results if result.case.id not in known]
        began = time.perf_counter()
        with ThreadPoolExecutor(workers) as pool, _appending(folder / _JUDGED) as lines:
            graded = pool.map(lambda result: judge(result, model), left)
            for n, (result, said) in enumerate(zip(left, graded, strict=True), start=1):
                _add(lines, [{"id": result.case.id} | stamp | asdict(said)])
                if progress:
                    progress(Progress(n, len(left), seconds=time.perf_counter() - began))
    return read_run(folder)


def saved_runs(folder: Path) -> dict[Path, dict[str, Any]]:
    """The runs in the folders of a folder, newest first, each with what it was asked of and under
    which conditions; those of another version, and what is no run, are left out."""
    found = dict[Path, dict[str, Any]]()
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(InputError):
            found[path] = _about(path)
    # The page names its runs by their time in microseconds.
    return dict(sorted(found.items(), key=lambda r: (str(r[1].get("begun")), r[0]), reverse=True))


def same(case: Case, other: Case | None) -> bool:
    """Whether two cases ask the same, whatever they expect."""
    return other is not None and all(
        getattr(case, name) == getattr(other, name) for name in ("question", "history", "filters")
    )


def _begin(folder: Path, cases: Sequence[Case], about: dict[str, Any]) -> None:
    """The last file written is run.json: where it is, the others are whole."""
    strangers = {path.name for path in folder.iterdir()} - _BEGUN
    if strangers:
        raise InputError(f"{folder} is not empty and holds no run: choose a new folder")
    lines = (json.dumps(case.to_json(), ensure_ascii=False) for case in cases)
    _write(folder / "cases.jsonl", "".join(f"{line}\n" for line in lines))
    _write(folder / "run.json", json.dumps({"format": FORMAT} | about, indent=2) + "\n")


def _same(
    folder: Path, cases: Sequence[Case], about: dict[str, Any], resume: bool
) -> dict[str, Any]:
    if not resume:
        raise InputError(f"{folder} holds a run: add --resume to go on with it, or name another")
    before = _about(folder)
    if list(read_cases(folder / "cases.jsonl").cases) != list(cases):
        raise InputError(f"{folder} was begun with other cases: save to a new folder")
    for name in _SAME:
        if before.get(name) != about[name]:
            raise InputError(
                f"{folder} was begun with another {name} ({_shown(before.get(name))}, now "
                f"{_shown(about[name])}): save to a new folder"
            )
    return before


def _about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / "run.json").read_text("utf-8"))
    except (OSError, ValueError):
        about = None
    if not isinstance(about, dict):
        raise InputError(f"{folder} holds no run: make one with `qa eval CASES --save {folder}`")
    if about.get("format") != FORMAT:
        raise InputError(f"{folder} is a run of another version of qa: ask its cases again")
    return about


def _results(folder: Path, cases: dict[str, Case]) -> list[Result]:
    """Every whole line; the last may be torn by a kill, and its case is asked again."""
    path, results, passages = folder / "results.jsonl", list[Result](), _passages(folder)
    for number, line in enumerate(_lines(path), start=1):
        try:
            record = json.loads(line)
            if record["id"] in cases:
                for entry in _found(record):
                    entry |= passages[entry["passage"]]
                results.append(read_result(record, cases[record["id"]]))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                f"{path}, line {number} is not a result ({error}): delete the line and --resume"
            ) from None
    return results


def _passages(folder: Path) -> dict[str, dict[str, Any]]:
    """The fields of each passage by its id."""
    path = folder / "passages.jsonl"
    try:
        records = [json.loads(line) for line in _lines(path)]
        return {record.pop("passage"): record for record in records}
    except (ValueError, AttributeError, KeyError):
        raise InputError(f"{path} is damaged: ask the cases again, into a new folder") from None


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        records: list[dict[str, Any]] = [json.loads(line) for line in _lines(path)]
        return [record for record in records if isinstance(record["id"], str)]
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{path} is damaged: delete it, and have a model judge again") from None


def _judgement(record: dict[str, Any]) -> Judgement:
    reasons = tuple(record.get("reasons", ()))
    return Judgement(record["judge"], record.get("correct"), record.get("faithful"), reasons)


def _lines(path: Path) -> list[bytes]:
    """The whole lines of a file."""
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def _found(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Every mention of a passage in a result."""
    return [*record["answer"]["evidence"], *record["hits"]]


def _taken_out(record: dict[str, Any], kept: set[str], root: str) -> list[dict[str, Any]]:
    """Puts an id in the place of each passage of a result, and returns the passages whose id is
    not `kept` yet. Sources lose the folder that all documents share, and settings what they say of
    a place."""
    new = list[dict[str, Any]]()
    for entry in _found(record):
        passage = {name: entry.pop(name) for name in _PASSAGE}
        entry["passage"] = f"{passage['document']}:{passage['start']}-{passage['end']}"
        if entry["passage"] not in kept:
            kept.add(entry["passage"])
            passage["source"] = passage["source"].removeprefix(root)
            new.append({"passage": entry["passage"]} | passage)
    answer = record["answer"]
    cited = [c for statement in answer["statements"] for c in statement["citations"]]
    for citation in [*cited, *(side for c in answer["conflicts"] for side in c["sides"])]:
        citation["source"] = citation["source"].removeprefix(root)
    if made := answer["provenance"]:
        made["settings"] = {n: v for n, v in made["settings"].items() if not _of_a_place(n)}
    return new


def _of_a_place(setting: str) -> bool:
    return setting in _PLACE or setting.endswith("_url")


def _root(engine: Engine) -> str:
    """What the sources of all documents begin with, up to the folders that tell them apart: of
    /home/ann/corpus/a.txt it is /home/ann/, so that a run says nothing of whose disk it was."""
    files = {document.source.partition("#")[0] for document in engine.documents()}
    folders = {os.path.dirname(file) for file in files if os.path.isabs(file)}
    if not folders:
        return ""
    common = os.path.commonpath(folders) if len(folders) > 1 else os.path.dirname(folders.pop())
    return common.rstrip("/") + "/" if common else ""


def _add(file: TextIO, records: Sequence[dict[str, Any]]) -> None:
    """Appends lines and waits until they are on the disk."""
    if records:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _appending(path: Path) -> Iterator[TextIO]:
    """The file at the end of its last whole line."""
    with path.open("a+b") as file:
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
    with path.open("a", encoding="utf-8") as lines:
        yield lines


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError(f"another process is writing to {folder}: wait for it") from None
    try:
        yield
    finally:
        lock.release()


def _write(path: Path, text: str) -> None:
    """The whole text or the file that was there before."""
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _prompt_hash(name: str) -> str:
    parts = (part.template for part in prompts.load(name))
    return sha256("\n---\n".join(parts).encode()).hexdigest()[:16]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
