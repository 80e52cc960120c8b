"""qa itself: Engine.index and Engine.search with the default settings."""

import json
from pathlib import Path

import child

import qa


def build(job: child.Job) -> child.Search:
    """A JSONL file of the documents, indexed; a document ranks where its best passage does."""
    engine = qa.Engine.open(job.index or "home")
    if not job.index:
        corpus = Path("corpus.jsonl")
        rows = [{"id": d.id, "title": d.title, "text": d.text} for d in job.documents]
        corpus.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
        engine.index(corpus)

    # Passages, so that `k` documents are among them; in an index of passages each is a document.
    wanted = job.k if job.index else 30

    def search(question: str) -> list[str]:
        return [h.passage.source.rpartition("#")[2] for h in engine.search(question, wanted)]

    return search


if __name__ == "__main__":
    child.run(build, "Engine.search", "chromadb", "tantivy")
