"""Haystack: InMemoryBM25Retriever and InMemoryEmbeddingRetriever joined by DocumentJoiner with
reciprocal rank fusion. Its tutorial ends with a cross-encoder, which needs a downloaded model and
is left out, as no other system has one here."""

import child
from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore


def build(job: child.Job) -> child.Search:
    """One pipeline over one store in memory."""
    vectors = job.embedder.embed([d.content for d in job.documents])
    # Without the vectors in its answers, which it would copy several times over.
    store = InMemoryDocumentStore(embedding_similarity_function="cosine", return_embedding=False)
    store.write_documents(
        [
            Document(id=d.id, content=d.content, embedding=vector.tolist())
            for d, vector in zip(job.documents, vectors, strict=True)
        ]
    )
    pipeline = Pipeline()
    pipeline.add_component("words", InMemoryBM25Retriever(store, top_k=job.candidates))
    pipeline.add_component("near", InMemoryEmbeddingRetriever(store, top_k=job.candidates))
    joiner = DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=job.k)
    pipeline.add_component("joiner", joiner)
    pipeline.connect("words", "joiner")
    pipeline.connect("near", "joiner")

    def search(question: str) -> list[str]:
        vector = job.embedder.embed([question])[0].tolist()
        asked = {"words": {"query": question}, "near": {"query_embedding": vector}}
        return [document.id for document in pipeline.run(asked)["joiner"]["documents"]]

    return search


if __name__ == "__main__":
    child.run(
        build,
        "InMemoryBM25Retriever and InMemoryEmbeddingRetriever, DocumentJoiner with RRF",
        "haystack-ai",
    )
