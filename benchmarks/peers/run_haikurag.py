"""haiku.rag: hybrid search of LanceDB, vectors and full text joined by reciprocal rank fusion, as
its client does by default. Documents arrive as chunks made beforehand (`import_documents`), one
each, so that no converter is needed; the embedder is put in the place of the configured one."""

import asyncio

import child
from docling_core.types.doc import DocItemLabel, DoclingDocument
from haiku.rag.client import HaikuRAG
from haiku.rag.client.documents import DocumentImport
from haiku.rag.config.models import AppConfig, EmbeddingModelConfig, EmbeddingsConfig
from haiku.rag.embeddings import EmbedderWrapper
from haiku.rag.store.models.chunk import Chunk

_BATCH = 500


class MiniLMEmbedder(EmbedderWrapper):
    """The job's embedder as haiku.rag wants it."""

    def __init__(self, embedder: child.Embedder) -> None:
        super().__init__(None, 384)
        self._own = embedder

    async def _embed_query(self, text: str) -> list[float]:
        return self._own.embed([text])[0].tolist()

    async def _embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._own.embed(texts).tolist()


async def _filled(job: child.Job) -> HaikuRAG:
    model = EmbeddingModelConfig(
        provider="openai", name=job.embedder.name, vector_dim=384, api_key="none"
    )
    config = AppConfig(embeddings=EmbeddingsConfig(model=model))
    client = HaikuRAG("haiku.lancedb", config=config, create=True, skip_validation=True)
    await client.__aenter__()
    own = MiniLMEmbedder(job.embedder)
    client.store.embedder = client.chunk_repository.embedder = own
    for first in range(0, len(job.documents), _BATCH):
        await client.import_documents([_import(d) for d in job.documents[first : first + _BATCH]])
    return client


def _import(document: child.Document) -> DocumentImport:
    converted = DoclingDocument(name=document.id)
    converted.add_text(DocItemLabel.TEXT, document.content)
    return DocumentImport(
        docling_document=converted,
        chunks=[Chunk(content=document.content)],
        uri=document.id,
        title=document.title or document.id,
    )


def build(job: child.Job) -> child.Search:
    """One client on a loop of its own."""
    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(_filled(job))

    def search(question: str) -> list[str]:
        found = loop.run_until_complete(client.search(question, limit=job.candidates))
        return [str(result.document_uri) for result in found]

    return search


if __name__ == "__main__":
    child.run(build, "HaikuRAG.search, hybrid with RRF", "haiku.rag-slim", "lancedb")
