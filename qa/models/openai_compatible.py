"""Language models and embeddings of OpenAI, or of any server that speaks its protocol: Ollama,
vLLM, llama.cpp. Chat Completions, because every one of them has it. The only openai import."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from qa.errors import InputError, ModelError, TooLongError
from qa.models import Reply, Vectors
from qa.settings import Settings

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletionChunk

OPENAI = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-4.1-mini"
RETRIES = 2  # after no connection, 408, 409, 429 and 5xx; a silent server is not asked again
INPUTS, INPUT_BYTES = 2048, 300_000  # a request; the limit is in tokens, and none is under a byte

_TOO_LONG = re.compile(
    r"context.{0,40}(?:length|size|window)|exceed_context|prompt is too long", re.IGNORECASE
)


class OpenAICompatible:
    """A chat model behind Chat Completions. Safe to share between threads."""

    def __init__(self, service: "_Service", settings: Settings) -> None:
        self._service = service
        self._model = settings.model
        self._settings = settings

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        """The model of the settings; nothing is sent yet. Raises InputError for an unusable URL
        or key."""
        # With a key alone the documents would go to OpenAI, so both are named where both are set.
        set_ = {"OPENAI_BASE_URL": settings.base_url, "OPENAI_API_KEY": settings.api_key}
        unset = " and ".join(name for name, value in set_.items() if value)
        otherwise = f"unset {unset} to quote the documents without a model"
        service = _Service(settings, "QA_MODEL", otherwise)
        return cls(service, settings)

    @cached_property
    def name(self) -> str:
        """The configured model, or the first one that the server lists. Raises ModelError when it
        has to be asked for and the server does not tell."""
        if self._model or self._service.is_openai:
            return self._model or DEFAULT_MODEL
        if listed := self._service.models():
            return listed[0]
        raise ModelError(f"{self._service.url} lists no model: load one there, or set QA_MODEL")

    def reply(self, system: str, user: str) -> Reply:
        """The reply to one message, asked for when the first piece is. Raises ModelError; once
        there is text, what goes wrong is among the reply's faults instead."""
        usage, faults = dict[str, int](), list[str]()
        return Reply(_kept(self._pieces(system, user, usage), faults), usage, faults=faults)

    def _pieces(self, system: str, user: str, usage: dict[str, int]) -> Iterator[str]:
        service, finish, wrote = self._service, "", False
        shorter = f"lower QA_EVIDENCE_TOKENS (now {self._settings.evidence_tokens})"
        with (
            service.explained(self.name, shorter),
            self._stream(system, user) as stream,
            service.unbroken(),
            service.understood(),
        ):
            began = "event-stream" in stream.response.headers.get("content-type", "")
            for chunk in stream:
                began = True
                if chunk.usage:
                    usage["prompt_tokens"] = chunk.usage.prompt_tokens or 0
                    usage["completion_tokens"] = chunk.usage.completion_tokens or 0
                for choice in chunk.choices or ():
                    finish = choice.finish_reason or finish
                    if text := choice.delta.content if choice.delta else None:
                        wrote = wrote or not text.isspace()
                        yield text
        if not began:
            raise service.stranger()
        if not finish:  # openai ends a stream that was cut without any exception
            raise service.cut()
        if finish == "length":
            most = f"QA_ANSWER_TOKENS (now {self._settings.answer_tokens})"
            raise ModelError(f"{self.name} came to the length that it may have: raise {most}")
        if finish == "content_filter":
            raise ModelError(f"the filter of {service.url} ended the reply: ask in other words")
        if not wrote:
            raise ModelError(
                f"{self.name} gave an empty reply (finish reason: {finish}): ask again, or set "
                "QA_MODEL to another model"
            )

    def _stream(self, system: str, user: str) -> "openai.Stream[ChatCompletionChunk]":
        from openai import omit

        # Other servers know the older name only; new models of OpenAI refuse it.
        is_openai, most = self._service.is_openai, self._settings.answer_tokens
        return self._service.client.chat.completions.create(
            model=self.name,
            messages=[{"role": "system", "content": system}, {"role": "user", "content": user}],
            temperature=self._settings.temperature,
            max_completion_tokens=most if is_openai else omit,
            max_tokens=omit if is_openai else most,
            stream=True,
            stream_options={"include_usage": True},
        )


class OpenAIEmbedder:
    """An embedding model behind the same service."""

    def __init__(self, service: "_Service", model: str) -> None:
        self.name = f"openai-{model}"
        self._service = service
        self._model = model

    @classmethod
    def configured(cls, settings: Settings, model: str) -> Self:
        """The embedder of that model; nothing is sent yet. Raises InputError for an unusable URL
        or key."""
        otherwise = "unset QA_EMBEDDER to embed on this machine"
        return cls(_Service(settings, "QA_EMBEDDER", otherwise), model)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, shape (len(texts), dimensions), in the order of the texts; (0, 0)
        for none. Raises ModelError."""
        vectors = [vector for batch in _batches(texts) for vector in self._embed(batch)]
        if not vectors:
            return np.zeros((0, 0), np.float32)
        if len({vector.shape for vector in vectors}) > 1:
            raise self._unusable("vectors of different lengths")
        stacked = np.stack(vectors)
        lengths = np.linalg.norm(stacked, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise self._unusable("a vector without a direction")
        unit: Vectors = (stacked / lengths).astype(np.float32)
        return unit

    def _embed(self, batch: list[str]) -> list[Vectors]:
        service = self._service
        with service.explained(self._model, "lower QA_PASSAGE_TOKENS"), service.understood():
            found = service.client.embeddings.create(model=self._model, input=batch).data
            vectors = {item.index: np.asarray(item.embedding, np.float32) for item in found}
        if sorted(vectors) != list(range(len(batch))):
            raise self._unusable(f"{len(vectors)} vectors for {len(batch)} texts")
        return [vectors[n] for n in range(len(batch))]

    def _unusable(self, what: str) -> ModelError:
        return ModelError(
            f"{self._service.url} gave {what}: set QA_EMBEDDER to another model, or to minilm"
        )


def _kept(pieces: Iterator[str], faults: list[str]) -> Iterator[str]:
    """The pieces; an error after the first words becomes a fault, so that those are not lost."""
    wrote = False
    try:
        for piece in pieces:
            wrote = wrote or not piece.isspace()
            yield piece
    except ModelError as error:
        if not wrote:
            raise
        faults.append(str(error))


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch, size = list[str](), 0
    for text in texts:
        length = len(text.encode())
        if batch and (len(batch) == INPUTS or size + length > INPUT_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += length
    if batch:
        yield batch


class _Service:
    """Where requests go, and what its errors mean to a person. No message holds the key."""

    def __init__(self, settings: Settings, setting: str, otherwise: str) -> None:
        """`setting` names the model and `otherwise` is what can be done without the service.
        Raises InputError for an unusable URL or key."""
        self._url = settings.base_url.strip() or OPENAI
        self._key = settings.api_key.get_secret_value().strip()
        self._timeout, self._setting, self._otherwise = settings.timeout, setting, otherwise
        self.is_openai = self._url.startswith(OPENAI)
        self.url = re.sub(r"//[^/@]*@", "//", self._url)  # to be shown: without a password
        if not re.match(r"https?://[^/]", self._url):
            raise InputError(f"OPENAI_BASE_URL={self.url!r}: begin it with http:// or https://")
        if self.is_openai and not self._key:
            raise InputError(
                "OPENAI_API_KEY is not set: set it, or name another service in OPENAI_BASE_URL"
            )
        if not self._key.isascii():
            raise InputError("OPENAI_API_KEY holds no usable key: copy it again")

    @cached_property
    def client(self) -> "openai.OpenAI":
        """The connection, made when it is first used."""
        import httpx2  # what openai speaks HTTP with
        import openai

        class Impatient(openai.DefaultHttpxClient):
            """Makes a silent server an error that openai does not try again after, which would
            make a person wait for three times the limit."""

            def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
                try:
                    return super().send(request, **options)
                except httpx2.TimeoutException as error:
                    raise openai.APITimeoutError(request=request) from error

        return openai.OpenAI(
            api_key=self._key or "none",  # local servers take any but an empty one
            base_url=self._url,
            timeout=self._timeout,
            max_retries=RETRIES,
            http_client=Impatient(),
        )

    def models(self) -> list[str]:
        """The names of the models that the server lists, in its order. Raises ModelError."""
        with self.explained(), self.understood():
            return [model.id for model in self.client.models.list().data]

    @contextmanager
    def explained(self, model: str = "", shorter: str = "") -> Iterator[None]:
        """Turns what openai raises into a ModelError that says what to do; `shorter` is what helps
        when the text is too long for the model."""
        import openai

        # Causes are left out: the service's own words may repeat the key.
        try:
            yield
        except openai.APITimeoutError:
            raise ModelError(
                f"{self.url} was silent for {self._timeout:g} seconds: raise QA_TIMEOUT, or use a "
                "smaller model"
            ) from None
        except openai.APIConnectionError:
            raise ModelError(
                f"no connection to {self.url}: check that the "
                f"{'network works' if self.is_openai else 'server is running'}, or "
                f"{self._otherwise}"
            ) from None
        except openai.APIError as error:
            too_long = _TOO_LONG.search(str(error))
            kind = TooLongError if too_long else ModelError
            raise kind(self._meaning(error, model, shorter)) from None

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Turns what openai trips over in a reply that is not JSON, an HTML page mostly, into a
        ModelError."""
        try:
            yield
        except (ValueError, AttributeError, TypeError):
            raise self.stranger() from None

    @contextmanager
    def unbroken(self) -> Iterator[None]:
        """While a reply is read, a lost connection means that it was cut."""
        import openai

        try:
            yield
        except openai.APITimeoutError:
            raise
        except openai.APIConnectionError:
            raise self.cut() from None

    def cut(self) -> ModelError:
        """For a reply that has no end."""
        return ModelError(f"{self.url} broke off in the middle of its reply: ask again")

    def stranger(self) -> ModelError:
        """For a server that does not speak the protocol."""
        return ModelError(
            f"{self.url} does not answer like an OpenAI-compatible service: check "
            "OPENAI_BASE_URL, which mostly ends in /v1"
        )

    def _meaning(self, error: "openai.APIError", model: str, shorter: str) -> str:
        status = getattr(error, "status_code", None)  # None inside a stream
        body = error.body if isinstance(error.body, dict) else {}
        words = str(body.get("message") or error.message)
        if self._key:
            words = words.replace(self._key, "[key]")
        said = f"({' '.join(words.split())[:200]})"
        if _TOO_LONG.search(str(error)):
            return f"the text is too long for {model} {said}: {shorter}, or use another model"
        if status is None:
            return f"{self.url} stopped with an error in mid-reply {said}: ask again"
        if status == 401:
            return f"{self.url} did not accept the key: check OPENAI_API_KEY"
        if status == 404:
            return f"{self.url} does not know {model or 'its models'}: {self._choices(model)}"
        if status == 429:
            return f"{self.url} takes no more requests {said}: wait, or check the account's limits"
        if status >= 500:
            return f"{self.url} failed with {status} {said}: ask again, or look into its log"
        setting = "QA_TEMPERATURE" if "temperature" in words else self._setting
        return f"{self.url} refused the request with {status} {said}: check {setting}"

    def _choices(self, model: str) -> str:
        try:
            listed = ", ".join(self.models()) if model else ""
        except ModelError:
            listed = ""
        if listed:
            return f"set {self._setting} to one of {listed}"
        return (
            f"set {self._setting}, and check that OPENAI_BASE_URL is right: it mostly ends in /v1"
        )
