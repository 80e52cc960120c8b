"""A second opinion on the order of passages, by a language model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Protocol

from qa import prompts
from qa.models import ChatModel
from qa.models.stopping import Stoppable
from qa.types import Evidence, Hit

_NO_ORDER = "The reranking model gave no order; the passages are ranked without it."


@dataclass(frozen=True, slots=True)
class Reranked:
    """Hits in their new order, whose it is, what that cost in tokens, and what a reader should know
    of it."""

    hits: list[Hit]
    model: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Reranker(Protocol):
    """Puts hits in another order."""

    def rerank(self, question: str, hits: Sequence[Hit]) -> Reranked:
        """The same hits, best first. Raises ModelError when it cannot be asked."""
        ...


class ListwiseReranker:
    """Asks a chat model once for the order of all passages (Sun et al. 2023, RankGPT)."""

    def __init__(self, model: ChatModel) -> None:
        self.model = model

    def until(self, stop: Event) -> "ListwiseReranker":
        """The same reranker, whose model is not waited for once `stop` is set."""
        return ListwiseReranker(Stoppable(self.model, stop))

    def rerank(self, question: str, hits: Sequence[Hit]) -> Reranked:
        """The hits as the model puts them, scored by their place from 1 down; those that it leaves
        out follow as they were, and without any number in its reply all stay as they are.

        Raises ModelError when the service gives no reply.
        """
        if len(hits) < 2:
            return Reranked(list(hits))
        system, user = prompts.load("rerank")
        passages = prompts.fenced([Evidence(n, hit) for n, hit in enumerate(hits, start=1)])
        reply = self.model.reply(
            system.substitute(),
            user.substitute(passages=passages, question=question, count=len(hits)),
        )
        named = [int(number) - 1 for number in re.findall(r"\d{1,4}", "".join(reply))]
        order = [n for n in dict.fromkeys(named) if 0 <= n < len(hits)]
        if not order:
            return Reranked(list(hits), self.model.name, reply.usage, (_NO_ORDER,))
        order += [n for n in range(len(hits)) if n not in order]
        placed = [replace(hits[n], score=1 - at / len(hits)) for at, n in enumerate(order)]
        return Reranked(placed, self.model.name, reply.usage)
