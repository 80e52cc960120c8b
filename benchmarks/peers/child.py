"""What each system's script shares: the job, MiniLM with the vectors made beforehand, the clock.

A script defines `build(job)`, which indexes `job.documents` and returns a function from a question
to the ids of the documents found, best first, and ends with `child.run(build, ...)`. It is started
by run.py as `script.py JOB RESULT`, in a virtual environment and a folder of its own. Of qa only
the MiniLM adapter is imported, which needs numpy, onnxruntime and tokenizers.
"""

import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from qa.models.minilm import MiniLM

Search = Callable[[str], list[str]]


@dataclass(frozen=True)
class Document:
    """A document; `content` is its title and text, which every system gets and embeds."""

    id: str
    title: str
    text: str

    @property
    def content(self) -> str:
        """Title, line break, text."""
        return f"{self.title}\n{self.text}"


class Embedder:
    """MiniLM's vectors: of documents from the job's file, of questions made when asked."""

    name = MiniLM.name

    def __init__(self, contents: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
        self._rows = {content: row for row, content in enumerate(contents)}
        self._vectors = vectors
        self._reader = MiniLM()

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors, shape (len(texts), 384)."""
        new = [text for text in texts if text not in self._rows]
        read = iter(self._reader.embed(new) if new else ())
        rows = [self._vectors[self._rows[t]] if t in self._rows else next(read) for t in texts]
        return np.stack(rows) if rows else np.zeros((0, 384), np.float32)


@dataclass(frozen=True)
class Job:
    """What to index and to ask; `k` documents are wanted of each question, and each of a system's
    two indexes proposes `candidates`. `index` is the home folder of qa's own index of the synthetic
    passages, made by benchmarks/speed.py, as reading each word of them would take an hour."""

    documents: list[Document]
    questions: list[str]
    embedder: Embedder
    k: int
    candidates: int
    index: str | None


def run(build: Callable[[Job], Search], configuration: str, *packages: str) -> None:
    """Indexes, asks each question once, and writes rankings, seconds and memory as JSON."""
    job_path, result = Path(sys.argv[1]), Path(sys.argv[2])
    plain = json.loads(job_path.read_text("utf-8"))
    documents = [Document(**d) for d in plain["documents"]]
    vectors = np.load(job_path.with_name(plain["vectors"]))
    embedder = Embedder([d.content for d in documents], vectors)
    job = Job(
        documents, plain["questions"], embedder, plain["k"], plain["candidates"], plain["index"]
    )
    began = time.perf_counter()
    search = build(job)
    indexed = time.perf_counter() - began
    for question in job.questions[:10]:  # the first ones load what is loaded late
        search(question)
    rankings, seconds, worked = [], [], time.process_time()
    for question in job.questions:
        began = time.perf_counter()
        found = search(question)
        seconds.append(time.perf_counter() - began)
        rankings.append(list(dict.fromkeys(found))[: job.k])
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    answer = {
        "configuration": f"{configuration} ({versions})" if versions else configuration,
        "indexed": indexed,
        "seconds": seconds,
        "worked": (time.process_time() - worked) / len(seconds),
        "rankings": rankings,
        "resident": _resident(),
    }
    result.write_text(json.dumps(answer), "utf-8")


def _resident() -> int:
    kilobytes = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text("ascii"))
    return int(kilobytes[1]) * 1024 if kilobytes else 0
