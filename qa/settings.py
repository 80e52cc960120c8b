"""One frozen value with every setting; the only reader of the environment."""

import os
import re
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from qa.errors import InputError


class Settings(BaseSettings):
    """Each field is read from the environment as `QA_<FIELD>` unless it names another variable."""

    model_config = SettingsConfigDict(
        env_prefix="QA_", env_ignore_empty=True, frozen=True, populate_by_name=True
    )

    home: Path = Field(Path(".qa"), description="folder of the index")
    chroma_url: str = Field(
        "", description="URL of a Chroma server to keep vectors in, instead of the home folder"
    )
    model: str = Field(
        "",
        description="chat model; default gpt-4.1-mini, or with a base URL the first one it serves",
    )
    api_key: SecretStr = Field(
        SecretStr(""),
        validation_alias="OPENAI_API_KEY",
        description="key of the OpenAI-compatible service",
    )
    base_url: str = Field(
        "",
        validation_alias="OPENAI_BASE_URL",
        description="URL of an OpenAI-compatible service",
    )
    gguf: Path | None = Field(
        None, description="file of a chat model to run in this process; needs the extra `local`"
    )
    embedder: str = Field(
        "minilm", description="minilm, or openai:MODEL for embeddings of the service"
    )
    timeout: float = Field(60.0, gt=0, description="seconds to wait for the service")
    temperature: float = Field(
        0.0, ge=0, le=2, description="how freely the model writes; 0 as much the same as it can"
    )
    answer_tokens: int = Field(600, ge=16, description="most tokens that a model may write")
    context_tokens: int = Field(
        0, ge=0, description="tokens that the model can read and write in all; 0: not known"
    )
    passage_tokens: int = Field(180, ge=32, le=230, description="size of a passage, MiniLM tokens")
    passages: int = Field(6, ge=1, le=50, description="passages that an answer may draw on")
    evidence_tokens: int = Field(
        1500, ge=100, description="budget of a model's evidence, tiktoken tokens"
    )
    # With 10,000 that takes 1.3 ms and Chroma's graph 1.9; with 16,000 as long as the graph.
    exact_passages: int = Field(
        16_000,
        ge=0,
        description="size of a collection up to which each vector is compared; a larger one is "
        "searched in Chroma's graph",
    )
    dense_weight: float = Field(
        0.5, ge=0, le=1, description="share of the dense score in the fused one"
    )
    reranker: str = Field(
        "", description="chat model that puts the passages found in order; none: no second opinion"
    )
    strict: bool = Field(False, description="withhold sentences that the documents do not back")
    judge: bool = Field(False, description="have the model grade its sentences after the checks")
    prices: Path | None = Field(
        None, description="table of prices; default prices.toml in the home folder, if it is there"
    )

    @field_validator("gguf", mode="before")
    @classmethod
    def _unset(cls, path: object) -> object:
        return path or None  # an empty one takes back what the environment says

    @field_validator("home", "gguf")
    @classmethod
    def _expanded(cls, path: Path | None) -> Path | None:
        return path and Path(os.path.expanduser(path))  # else a folder named ~ would be made

    @field_validator("chroma_url")
    @classmethod
    def _plain(cls, url: str) -> str:
        """As http(s)://host[:port], so that equal servers have equal names."""
        if not url:
            return url
        example = "give it as http://HOST:PORT, which is http://127.0.0.1:8000 for `chroma run`"
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise ValueError(f"{error}: {example}") from None
        if parts.scheme not in ("http", "https") or not host or any(c.isspace() for c in host):
            raise ValueError(f"not the URL of a server: {example}")
        if parts.username is not None or parts.password is not None:
            raise ValueError(f"names and passwords are not sent: {example}")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"nothing may follow the port: {example}")
        named = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{named}" + (f":{port}" if port is not None else "")

    @property
    def generates(self) -> bool:
        """Whether a language model is configured; without one, answers quote the documents."""
        return bool(self.gguf or self.base_url or self.api_key.get_secret_value())

    def shown(self) -> dict[str, Any]:
        """Plain values to be kept with an answer: without the key, or what a URL holds of one."""
        plain: dict[str, Any] = self.model_dump(mode="json", exclude={"api_key"})
        return plain | {"base_url": re.sub(r"//[^/@]*@", "//", self.base_url).split("?")[0]}

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Settings from the environment, with `overrides` that are not None on top.

        Raises InputError naming the variable that holds an unusable value.
        """
        given = {name: value for name, value in overrides.items() if value is not None}
        unknown = sorted(given.keys() - cls.model_fields.keys())
        if unknown:
            known = ", ".join(sorted(cls.model_fields))
            raise InputError(f"unknown setting {', '.join(unknown)}: choose from {known}")
        try:
            return cls(**given)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "settings"
            variable = name if name.isupper() else f"QA_{name.upper()}"
            value = re.sub(r"//[^/@]*@", "//…@", f"{first.get('input')!r}")  # shows no password
            raise InputError(f"{variable}={value} cannot be used: {first['msg']}") from None
