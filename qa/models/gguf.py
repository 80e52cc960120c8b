"""A language model in a GGUF file, with no server to start: llama.cpp serves it on 127.0.0.1 inside
this process and ends with it, and it is asked like any service. The only xllamacpp import."""

import os
import secrets
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Self

from pydantic import SecretStr

from qa.errors import InputError, ModelError
from qa.models import Reply
from qa.models.openai_compatible import OpenAICompatible
from qa.settings import Settings

CONTEXT = 4096  # tokens read and written, where QA_CONTEXT_TOKENS does not say
_MAGIC = b"GGUF"

# One server a file and context, for as long as the process: engines come and go, and loading the
# weights again takes seconds and their size in memory.
_SERVED = dict[tuple[str, int], tuple[object, str, str]]()
_LOCK = Lock()


class GGUF:
    """A chat model from a file. Safe to share between threads; the file is loaded when the model
    is asked for the first time."""

    def __init__(self, settings: Settings) -> None:
        assert settings.gguf
        self.name = settings.gguf.stem
        context = settings.context_tokens or CONTEXT
        self._path, self._settings = settings.gguf, settings
        self._context = context

    @classmethod
    def configured(cls, settings: Settings) -> Self:
        """The model of the settings; nothing is loaded yet. Raises InputError without the extra,
        for a file that is not there or no GGUF, or beside another service."""
        path = settings.gguf
        assert path
        if settings.base_url:
            raise InputError("QA_GGUF and OPENAI_BASE_URL are both set: unset one of them")
        try:
            with path.open("rb") as file:
                magic = file.read(len(_MAGIC))
        except OSError as error:
            raise InputError(
                f"QA_GGUF={path} cannot be read ({error.strerror}): give the file of a model, or "
                "unset it to quote the documents without one"
            ) from None
        if magic != _MAGIC:
            raise InputError(f"QA_GGUF={path} is no GGUF file: give the file of a model")
        if find_spec("xllamacpp") is None:
            raise InputError(
                "QA_GGUF needs the extra `local`: python -m pip install -c constraints.txt "
                "-e '.[local]'"
            )
        return cls(settings)

    def reply(self, system: str, user: str) -> Reply:
        """The reply to one message, as a stream. Raises ModelError, also for a file that cannot be
        loaded."""
        return self._client.reply(system, user)

    @cached_property
    def _client(self) -> OpenAICompatible:
        url, key = _served(self._path, self._context)
        return OpenAICompatible.configured(
            self._settings.model_copy(
                update={"base_url": url, "api_key": SecretStr(key), "model": self.name}
            )
        )


def fitted(settings: Settings) -> Settings:
    """The settings with the context that the server is given, so that evidence is cut to fit."""
    if settings.context_tokens:
        return settings
    return settings.model_copy(update={"context_tokens": CONTEXT})


def _served(path: Path, context: int) -> tuple[str, str]:
    """URL and key of the server for a file, started when there is none yet."""
    place = str(path.resolve()), context
    with _LOCK:
        if place not in _SERVED:
            _SERVED[place] = _start(place[0], context)
        return _SERVED[place][1:]


def _start(path: str, context: int) -> tuple[object, str, str]:
    # Threads that spin at every barrier cost five times the time on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    import xllamacpp

    key = secrets.token_urlsafe()  # or any program, and any page in a browser, could ask it
    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = path, {Path(path).stem}
    params.hostnames, params.port, params.api_keys = ["127.0.0.1"], 0, [key]
    params.n_ctx, params.n_parallel = context, 1
    params.cache_ram_mib = 0  # the default keeps 8 GiB of prompts
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = os.cpu_count() or 1
    params.use_jinja, params.verbosity = True, -1
    try:
        server = xllamacpp.Server(params)
    except RuntimeError:
        raise ModelError(
            f"{path} cannot be loaded: it is damaged, of a kind that llama.cpp does not know, or "
            "too large for the memory; set QA_GGUF to another file"
        ) from None
    return server, f"{server.listening_address}/v1", key
