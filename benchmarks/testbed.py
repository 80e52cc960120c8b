"""What a small language model answers, cites and makes up, and what of it reaches a reader.

usage: python benchmarks/testbed.py squad2_dev.json --replies FILE [--answerable N]
       [--unanswerable N] [--show]

OPENAI_BASE_URL and QA_MODEL name the model, or QA_GGUF its file. Each question, drawn from a
SQuAD 2.0 file with a fixed seed, is asked of four paragraphs of its article, the one it was written
about among them. The model's replies are kept in FILE, one JSON a line, and none is asked for
twice, so a run that was stopped goes on, and new checks are measured on old replies without the
model. Writes docs/benchmarks.md.
"""

import argparse
import hashlib
import json
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import tables

import qa
from qa import answering
from qa.attribution import MARK
from qa.models import ChatModel, Reply
from qa.settings import Settings

PASSAGES = 4  # paragraphs that a question is asked of
GOLD = "gold.txt"


@dataclass(frozen=True)
class Question:
    """A question, the accepted answers (none when it has none), and paragraphs, its own first."""

    text: str
    golds: tuple[str, ...]
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """What became of a question: the model's own reply and the sources that it was shown as [1],
    [2] and so on; and the answer, also as given under QA_STRICT."""

    question: Question
    reply: str
    shown: tuple[str, ...]
    answer: qa.Answer
    strict: qa.Answer

    @property
    def answered(self) -> bool:
        """Whether the model said something besides that the documents do not say it."""
        said = MARK.sub("", self.reply).strip()
        return bool(said) and not answering.is_refusal(said)

    @property
    def right(self) -> bool:
        """Whether one of the accepted answers is in the reply."""
        return any(gold.casefold() in self.reply.casefold() for gold in self.question.golds)

    @property
    def marked(self) -> list[str]:
        """The sources that the model's own marks name."""
        numbers = [int(n) for mark in re.findall(r"\[[\d,;\s–-]+\]", self.reply) for n in _in(mark)]
        return [self.shown[n - 1] for n in numbers if 0 < n <= len(self.shown)]

    @property
    def cited(self) -> list[str]:
        """The sources of the citations, in the order of the answer."""
        return [Path(c.source).name for s in self.answer.statements for c in s.citations]


class Kept:
    """A model whose replies are kept in a file under the hash of what it was asked."""

    def __init__(self, model: ChatModel, file: Path) -> None:
        self._model, self._file = model, file
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        self._replies: dict[str, str] = {r["asked"]: r["reply"] for r in map(json.loads, lines)}
        self.last = "", ""

    @property
    def name(self) -> str:
        """The model's own."""
        return self._model.name

    def reply(self, system: str, user: str) -> Reply:
        """From the file, or else of the model."""
        return Reply(self._pieces(system, user), model=self.name)

    def _pieces(self, system: str, user: str) -> Iterator[str]:
        key = hashlib.sha256(f"{self.name}\n{system}\n{user}".encode()).hexdigest()
        if key not in self._replies:
            self._replies[key] = "".join(self._model.reply(system, user))
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"asked": key, "reply": self._replies[key]}) + "\n")
        self.last = user, self._replies[key]
        yield self._replies[key]


def main() -> None:
    """Asks, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("squad", type=Path)
    parser.add_argument("--replies", type=Path, required=True)
    parser.add_argument("--answerable", type=int, default=100)
    parser.add_argument("--unanswerable", type=int, default=100)
    parser.add_argument("--show", action="store_true", help="print each reply with its verdicts")
    args = parser.parse_args()
    found = _read(args.squad)
    settings = Settings.load(timeout=600, passages=3 * PASSAGES, evidence_tokens=3000)
    with tempfile.TemporaryDirectory() as home, qa.Engine.open(home, settings=settings) as engine:
        assert engine.model, "set OPENAI_BASE_URL and QA_MODEL, or QA_GGUF"
        model = Kept(engine.model, args.replies)
        with_gold = _ask_all(found[0][: args.answerable], settings, model, args.show)
        without = _ask_all(found[1][: args.unanswerable], settings, model, args.show)
    tables.write("testbed", _table(model.name, with_gold, without), "docs/benchmarks.md")


def _read(path: Path) -> tuple[list[Question], list[Question]]:
    """Answerable and unanswerable questions, each in an order drawn with a fixed seed."""
    answerable, unanswerable = list[Question](), list[Question]()
    for article in json.loads(path.read_text("utf-8"))["data"]:
        texts = [p["context"] for p in article["paragraphs"]]
        for n, paragraph in enumerate(article["paragraphs"]):
            for entry in paragraph["qas"]:
                rng = random.Random(entry["id"])
                others = rng.sample(texts[:n] + texts[n + 1 :], PASSAGES - 1)
                golds = tuple(answer["text"] for answer in entry["answers"])
                text, title = " ".join(entry["question"].split()), article["title"]
                question = Question(text, golds, title.replace("_", " "), (texts[n], *others))
                (answerable if golds else unanswerable).append(question)
    for some in (answerable, unanswerable):
        random.Random(0).shuffle(some)
    return answerable, unanswerable


def _ask_all(
    questions: Sequence[Question], settings: Settings, model: Kept, show: bool
) -> list[Asked]:
    found = list[Asked]()
    for n, question in enumerate(questions, 1):
        found.append(_ask(question, settings, model))
        print(f"{n}/{len(questions)} {question.text}", flush=True)
        if show:
            print(f"    {found[-1].reply.strip()!r}  gold: {question.golds[:1]}")
            for s in found[-1].answer.statements:
                sources = [Path(c.source).name for c in s.citations]
                print(f"    {s.verdict}: {s.text} {sources} {'; '.join(s.reasons)}", flush=True)
    return found


def _ask(question: Question, settings: Settings, model: Kept) -> Asked:
    with tempfile.TemporaryDirectory() as folder:
        corpus, home = Path(folder) / "corpus", Path(folder) / "home"
        corpus.mkdir()
        names = [GOLD, *(f"other-{n}.txt" for n in range(1, PASSAGES))]
        for name, text in zip(names, question.paragraphs, strict=True):
            (corpus / name).write_text(f"{question.title}\n\n{text}\n", "utf-8")
        model.last = "", ""
        given = settings.model_copy(update={"home": home, "strict": False})
        with qa.Engine.open(settings=given, model=model) as engine:
            engine.index(corpus)
            answer = engine.ask(question.text)
            user, reply = model.last
        with qa.Engine.open(
            settings=given.model_copy(update={"strict": True}), model=model
        ) as engine:
            strict = engine.ask(question.text)
    shown = re.findall(r"^\[\d+\] .*\| source: (.*)$", user, re.MULTILINE)
    return Asked(question, reply, tuple(Path(s).name for s in shown), answer, strict)


def _in(mark: str) -> list[str]:
    return re.findall(r"\d+", mark)


def _table(name: str, with_gold: Sequence[Asked], without: Sequence[Asked]) -> str:
    answered = [a for a in with_gold if a.answered]
    right = [a for a in answered if a.right]
    made_up = [a for a in without if a.answered]
    rows = [
        (f"answerable questions answered, of {len(with_gold)}", _share(answered, with_gold)),
        ("of these, the reply holds the answer", _share(right, answered)),
        *_on_gold("answered", answered),
        *_on_gold("answered rightly", right),
        (
            "answered rightly, but a sentence is marked unsupported",
            _share([a for a in right if _has(a.answer, "unsupported")], right),
        ),
        (
            "answered rightly, and every sentence supported",
            _share([a for a in right if _all_supported(a.answer)], right),
        ),
        (f"unanswerable questions answered, of {len(without)}", _share(made_up, without)),
        (
            "**of these, all that is said is marked supported**",
            _share([a for a in made_up if _all_supported(a.answer)], made_up),
        ),
        (
            "some sentence is",
            _share([a for a in made_up if _has(a.answer, "supported")], made_up),
        ),
        ("refused before the reader", _share([a for a in made_up if a.answer.abstained], made_up)),
        (
            "under QA_STRICT: refused, or the sentences unsupported withheld",
            _share([a for a in made_up if a.strict.abstained or a.strict.notes], made_up),
        ),
    ]
    head = [f"{name}, four paragraphs of SQuAD a question", "share"]
    return f"{tables.table(head, rows)}\n\n{tables.machine('onnxruntime')}"


def _on_gold(what: str, some: Sequence[Asked]) -> list[tuple[str, str]]:
    cites = [a for a in some if a.cited]
    marks = [a for a in some if a.marked]
    return [
        (
            f"**{what}: first citation in the paragraph of the question**",
            _share([a for a in cites if a.cited[0] == GOLD], some),
        ),
        (f"{what}: one of the citations is", _share([a for a in cites if GOLD in a.cited], some)),
        (
            f"{what}: the model's own first mark names it",
            _share([a for a in marks if a.marked[0] == GOLD], some),
        ),
        (f"{what}: the model marks nothing", _share([a for a in some if not a.marked], some)),
    ]


def _all_supported(answer: qa.Answer) -> bool:
    return bool(answer.statements) and all(s.verdict == "supported" for s in answer.statements)


def _has(answer: qa.Answer, verdict: str) -> bool:
    return any(s.verdict == verdict for s in answer.statements)


def _share(some: Sequence[Asked], of: Sequence[Asked]) -> str:
    return f"{len(some) / len(of):.1%} ({len(some)} of {len(of)})" if of else "none"


if __name__ == "__main__":
    main()
