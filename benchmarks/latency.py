"""What is added to a language model's own time, with a server on localhost that answers at once.

usage: python benchmarks/latency.py [--questions N]

Questions of the fixture set are asked of corpus/ with a model that writes five sentences, each from
one sentence of the evidence and no quotation of it. Measured are the time from the server's first
piece of text to the first that `Engine.stream` yields, and the times of its stages; one question
is asked before, so that models are loaded. Writes docs/benchmarks.md.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence

import tables

import qa
from qa.evaluation import load_cases
from qa.sentences import is_heading, sentences

sys.path.append(str(tables.ROOT / "tests"))

from openai_server import Handler, OpenAIServer, Scripted

SENTENCES = 5
STAGES = {
    "condense": "condensing the question",
    "retrieve": "retrieving",
    "read": "reading the passages word by word",
    "attribute": f"attribution and verdicts of {SENTENCES} sentences",
    "compare": "looking for disagreements",
}


class Timed:
    """A reply in one piece for each sentence, and when its parts were asked for and sent."""

    def __init__(self, written: Sequence[str]) -> None:
        self._written = written
        self.asked = self.sent = 0.0

    def __call__(self, handler: Handler) -> None:
        """Sends the reply."""
        self.asked = time.perf_counter()
        handler.begin("text/event-stream")
        self.sent = time.perf_counter()
        for piece in self._written:
            handler.piece(f"{piece} ")
        handler.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        handler.wfile.write(b"data: [DONE]\n\n")


def main() -> None:
    """Measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--questions", type=int, default=40)
    args = parser.parse_args()
    cases = load_cases(tables.ROOT / "tests/fixtures/questions.jsonl")
    questions = [c.question for c in cases if c.answerable and not c.history]
    first, begun, stages = list[float](), list[float](), list[dict[str, float]]()
    with OpenAIServer() as server, tempfile.TemporaryDirectory() as home:
        settings = qa.Settings.load(home=home, base_url=server.url, model="test")
        with qa.Engine.open(settings=settings) as engine:
            engine.index(tables.ROOT / "corpus")
            _ask(engine, server, questions[0])
            for question in questions[: args.questions]:
                asked, timed, arrived, answer = _ask(engine, server, question)
                if arrived and len(answer.statements) == SENTENCES:
                    begun.append(timed.asked - asked)
                    first.append(arrived - timed.sent)
                    stages.append(answer.timings)
    rows = [
        ("**from the server's first piece to the reader's**", *_ms(first)),
        ("from the question to the request", *_ms(begun)),
    ]
    rows += [
        (f"**{name}**" if stage == "attribute" else name, *_ms([s[stage] for s in stages]))
        for stage, name in STAGES.items()
    ]
    head = [f"{len(first)} questions", "p50, ms", "p95, ms", "most, ms"]
    text = f"{tables.table(head, rows)}\n\n{tables.machine('onnxruntime', 'openai')}"
    tables.write("latency", text, "docs/benchmarks.md")


def _ask(
    engine: qa.Engine, server: OpenAIServer, question: str
) -> tuple[float, Timed, float, qa.Answer]:
    """When it was asked, the reply, when its first text came, and the answer."""
    timed = Timed(_sentences(engine, question))
    reply: Scripted = timed
    server.replies.append(reply)
    began, arrived = time.perf_counter(), 0.0
    for event in engine.stream(question):
        if isinstance(event, str) and event.strip() and not arrived:
            arrived = time.perf_counter()
    server.replies.clear()  # a refusal asks no one
    assert isinstance(event, qa.Answer)
    return began, timed, arrived, event


def _sentences(engine: qa.Engine, question: str) -> list[str]:
    """Five sentences that say what the evidence says, and quote none of it."""
    texts = [hit.passage.text for hit in engine.search(question, 6)]
    said = [text[a:b] for text in texts for a, b in sentences(text) if not is_heading(text[a:b])]
    usable = [" ".join(s.split()) for s in said if len(s.split()) > 7 and s[0].isupper()]
    return [f"As reported then, {sentence}" for sentence in usable[:SENTENCES]]


def _ms(seconds: Sequence[float]) -> tuple[str, str, str]:
    """Median, 95th percentile and maximum in milliseconds."""
    p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return _one(statistics.median(seconds)), _one(p95), _one(max(seconds))


def _one(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


if __name__ == "__main__":
    main()
