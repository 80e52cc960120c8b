"""LangChain: EnsembleRetriever over BM25Retriever and Chroma, half and half, as its guide shows."""

import re
import sys

import child
from langchain_chroma import Chroma
from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.retrievers import BM25Retriever
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

_BATCH = 5_000  # Chroma takes no more at once
LOWERED = "lowered" in sys.argv[3:]


class MiniLMEmbeddings(Embeddings):
    """The job's embedder as LangChain wants it."""

    def __init__(self, embedder: child.Embedder) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text."""
        return self._embedder.embed(texts).tolist()

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self._embedder.embed([text])[0].tolist()


def build(job: child.Job) -> child.Search:
    """Both retrievers over the same documents, joined by reciprocal rank fusion."""
    documents = [Document(d.content, id=d.id, metadata={"key": d.id}) for d in job.documents]
    store = Chroma("documents", MiniLMEmbeddings(job.embedder), persist_directory="chroma")
    for first in range(0, len(documents), _BATCH):
        store.add_documents(documents[first : first + _BATCH])
    words = (
        BM25Retriever.from_documents(documents, preprocess_func=lowered)
        if LOWERED
        else BM25Retriever.from_documents(documents)
    )
    words.k = job.candidates
    near = store.as_retriever(search_kwargs={"k": job.candidates})
    ensemble = EnsembleRetriever(retrievers=[words, near], weights=[0.5, 0.5])
    return lambda question: [d.metadata["key"] for d in ensemble.invoke(question)]


def lowered(text: str) -> list[str]:
    """Words without case and punctuation."""
    return re.findall(r"\w+", text.lower())


if __name__ == "__main__":
    words = "words lowercased, no punctuation" if LOWERED else "words split at spaces, the default"
    child.run(
        build,
        f"EnsembleRetriever .5/.5 of BM25Retriever ({words}) and Chroma",
        "langchain",
        "langchain-chroma",
        "rank-bm25",
        "chromadb",
    )
