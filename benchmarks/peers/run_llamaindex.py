"""LlamaIndex: QueryFusionRetriever over Chroma and BM25Retriever, reciprocal_rerank, no generated
queries, as its guide shows."""

from typing import Any

import child
import chromadb
import Stemmer
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import TextNode
from llama_index.retrievers.bm25 import BM25Retriever
from llama_index.vector_stores.chroma import ChromaVectorStore
from pydantic import PrivateAttr


class MiniLMEmbedding(BaseEmbedding):
    """The job's embedder as LlamaIndex wants it."""

    _embedder: child.Embedder = PrivateAttr()

    def __init__(self, embedder: child.Embedder, **given: Any) -> None:
        super().__init__(model_name=embedder.name, **given)
        self._embedder = embedder

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._embedder.embed([text])[0].tolist()

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._embedder.embed(texts).tolist()

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._embedder.embed([query])[0].tolist()

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


def build(job: child.Job) -> child.Search:
    """Both retrievers over the same nodes, one a document."""
    nodes = [TextNode(id_=d.id, text=d.content) for d in job.documents]
    collection = chromadb.PersistentClient("chroma").get_or_create_collection("documents")
    index = VectorStoreIndex(
        nodes,
        storage_context=StorageContext.from_defaults(
            vector_store=ChromaVectorStore(chroma_collection=collection)
        ),
        embed_model=MiniLMEmbedding(job.embedder, embed_batch_size=1_000),
    )
    words = BM25Retriever.from_defaults(
        nodes=nodes,
        similarity_top_k=job.candidates,
        stemmer=Stemmer.Stemmer("english"),
        language="english",
    )
    fusion = QueryFusionRetriever(
        [index.as_retriever(similarity_top_k=job.candidates), words],
        llm=MockLLM(),
        similarity_top_k=job.k,
        num_queries=1,
        mode="reciprocal_rerank",
        use_async=False,
    )
    return lambda question: [found.node.node_id for found in fusion.retrieve(question)]


if __name__ == "__main__":
    child.run(
        build,
        "QueryFusionRetriever, reciprocal_rerank, of Chroma and BM25Retriever (English stemmer)",
        "llama-index-core",
        "llama-index-retrievers-bm25",
        "bm25s",
        "chromadb",
    )
