"""Public sets as a collection and cases, so that anyone can repeat a measurement on their copy.

squad   SQuAD 1.1 or 2.0 JSON: a document each paragraph; gold is the sentence of the answer
clapnq  ClapNQ JSONL: a document each passage; gold are the selected sentences, and the passage of
        a row that selects none; the answers are long references
beir    a BEIR folder (corpus.jsonl, queries.jsonl, qrels/): gold are graded documents
mtrag   MTRAG generation tasks, JSONL: the contexts are the collection, earlier turns the
        history, and the contexts that a person found relevant are gold
jsonl   one {"question", "text", "answers"?, "answerable"?, "title"?, "date"?, "id"?} a line
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from qa.errors import InputError
from qa.evaluation.cases import Case, Gold
from qa.sentences import sentences

DOCUMENTS, CASES = "documents.jsonl", "cases.jsonl"


@dataclass(slots=True)
class Converted:
    """A collection, as records that `qa index` reads, and the cases on it."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    _known: dict[tuple[str, str], str] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)

    def document(self, name: str, text: str, **rest: Any) -> str:
        """Adds a document, unless one with this title and text is there, and returns the name by
        which gold refers to it: `name`, with a number where another text has that name."""
        key = (str(rest.get("title", "")), text)
        if key not in self._known:
            several = chain([name], (f"{name}-{n}" for n in count(2)))
            self._known[key] = next(one for one in several if one not in self._names)
            self._names.add(self._known[key])
            self.documents.append({"id": self._known[key], "text": text} | rest)
        return f"{DOCUMENTS}#{self._known[key]}"

    def write(self, folder: Path) -> None:
        """Writes `documents.jsonl` and `cases.jsonl`."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, records in (
            (DOCUMENTS, self.documents),
            (CASES, [case.to_json() for case in self.cases]),
        ):
            lines = (json.dumps(record, ensure_ascii=False) for record in records)
            (folder / name).write_text("".join(f"{line}\n" for line in lines), "utf-8")


def convert(path: Path, form: str) -> Converted:
    """A public set's file, or BEIR's folder, as a collection and cases. Raises InputError for an
    unknown format and for what is not in it."""
    if form not in FORMATS:
        raise InputError(f"no format {form!r}: choose from {', '.join(FORMATS)}")
    try:
        converted = FORMATS[form](path)
    except OSError as error:
        reason = f"{error.filename or path}: {error.strerror or error}"
        raise InputError(f"{reason}: give the file of the set, or for beir its folder") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{path} is not in the format {form}: {reason}") from None
    if not converted.cases:
        raise InputError(f"{path} holds no question in the format {form}: choose another --format")
    return converted


def _squad(path: Path) -> Converted:
    found, seen = Converted(), set[str]()
    for article in json.loads(path.read_text("utf-8"))["data"]:
        title = article.get("title", "").replace("_", " ")
        for number, paragraph in enumerate(article["paragraphs"]):
            text = paragraph["context"]
            name = found.document(f"{title or 'article'}-{number}", text, title=title)
            spans = sentences(text)
            for entry in paragraph["qas"]:
                question, identity = " ".join(entry["question"].split()), str(entry["id"])
                if not question or identity in seen:
                    continue
                seen.add(identity)
                starts = [answer["answer_start"] for answer in entry["answers"]]
                golds = [text[a:b] for a, b in spans if any(a <= start < b for start in starts)]
                answers = tuple(dict.fromkeys(a["text"] for a in entry["answers"] if a["text"]))
                gold = tuple(Gold(name, quote) for quote in golds or [""])
                found.cases.append(_case(question, identity, answers, gold))
    return found


def _clapnq(path: Path) -> Converted:
    found = Converted()
    for record in _records(path):
        names = [
            (found.document(f"{record['id']}-{n}", p["text"], title=p.get("title", "")), p["text"])
            for n, p in enumerate(record["passages"])
            if p["text"].strip()
        ]
        outputs = [output for output in record["output"] if output.get("answer", "").strip()]
        quotes = dict.fromkeys(q for output in outputs for q in output["selected_sentences"])
        gold = tuple(
            Gold(name, quote) for quote in quotes for name, text in names if quote and quote in text
        )
        gold = gold or tuple(Gold(name) for name, _ in names)
        answers = tuple(output["answer"].strip() for output in outputs)
        case = _case(record["input"], str(record["id"]), answers, gold)
        found.cases.append(replace(case, answers=(), references=answers))
    return found


def _beir(path: Path) -> Converted:
    found = Converted()
    names = {
        str(record["_id"]): found.document(
            str(record["_id"]), record["text"], title=record.get("title", "")
        )
        for record in _records(path / "corpus.jsonl")
        if record["text"].strip()
    }
    grades = dict[str, dict[str, int]]()
    for query, document, grade in _judgements(path / "qrels"):
        if grade > 0 and document in names:
            grades.setdefault(query, {})[names[document]] = min(grade, 10)
    for record in _records(path / "queries.jsonl"):
        if wanted := grades.get(str(record["_id"])):
            gold = tuple(Gold(name, "", grade) for name, grade in wanted.items())
            found.cases.append(Case(id=str(record["_id"]), question=record["text"], gold=gold))
    return found


def _judgements(folder: Path) -> Iterator[tuple[str, str, int]]:
    files = [folder / f"{name}.tsv" for name in ("test", "dev", "train")]
    chosen = next((file for file in files if file.exists()), files[0])
    for line in chosen.read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        yield query, document, int(float(grade))


def _mtrag(path: Path) -> Converted:
    found = Converted()
    for record in _records(path):
        golds = list[Gold]()
        for context in record.get("contexts", []):
            title = context.get("title") or ""
            name = found.document(str(context["document_id"]), context["text"], title=title)
            votes = (context.get("feedback") or {}).get("relevant") or {}
            if not votes or any(vote.get("value") == "yes" for vote in votes.values()):
                golds.append(Gold(name))
        turns = [(turn["speaker"], turn["text"]) for turn in record["input"]]
        asked = [text for speaker, text in turns if speaker == "user"]
        replies = [text for speaker, text in turns if speaker == "agent"]
        known = [str(a).upper() for a in record.get("answerability") or []]
        kinds = record.get("Question Type")  # NaN where there is none
        if "CONVERSATIONAL" in known or not asked[-1].strip():
            continue  # thanks and greetings ask nothing
        answerable = bool(golds) and "UNANSWERABLE" not in known
        found.cases.append(
            Case(
                question=" ".join(asked[-1].split()),
                id=str(record["task_id"]),
                history=tuple(zip(asked[:-1], replies, strict=False)),
                gold=tuple(golds) if answerable else (),
                answerable=answerable,
                tags=tuple(kind.lower() for kind in kinds) if isinstance(kinds, list) else (),
            )
        )
    return found


def _jsonl(path: Path) -> Converted:
    found = Converted()
    for number, record in enumerate(_records(path), start=1):
        identity = str(record.get("id", f"line-{number}"))
        passages = record.get("passages") or [record]
        names = [
            found.document(
                f"{identity}-{n}",
                passage["text"],
                **{key: passage[key] for key in ("title", "date") if passage.get(key)},
            )
            for n, passage in enumerate(passages)
        ]
        answers = tuple(record.get("answers") or filter(None, [record.get("answer")]))
        chosen = record.get("gold", range(len(passages)) if answers else ())
        gold = [g for n in chosen for g in _quoted(names[n], passages[n]["text"], answers)]
        answerable = record.get("answerable", bool(answers or gold))
        found.cases.append(
            Case(
                question=" ".join(record["question"].split()),
                id=identity,
                answers=answers if answerable else (),
                gold=tuple(gold) if answerable else (),
                answerable=answerable,
            )
        )
    return found


def _quoted(name: str, text: str, answers: tuple[str, ...]) -> list[Gold]:
    """The sentences of a text that hold an answer; without answers the whole of it."""
    quotes = [text[a:b] for a, b in sentences(text)] if answers else []
    held = [Gold(name, quote) for quote in quotes if any(answer in quote for answer in answers)]
    return held if answers else [Gold(name)]


FORMATS: dict[str, Callable[[Path], Converted]] = {
    "squad": _squad,
    "clapnq": _clapnq,
    "jsonl": _jsonl,
    "beir": _beir,
    "mtrag": _mtrag,
}


def _case(question: str, identity: str, answers: tuple[str, ...], gold: tuple[Gold, ...]) -> Case:
    """A case of a set whose questions without an answer are near misses."""
    return Case(
        question=" ".join(question.split()),
        id=identity,
        answers=answers,
        gold=gold if answers else (),
        answerable=bool(answers),
        tags=() if answers else ("near-miss",),
    )


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError(f"line {number} is not an object")
            yield record
