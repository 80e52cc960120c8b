"""A model whose reply can be ended by another thread."""

from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Event, Thread

from qa.errors import ModelError
from qa.models import ChatModel, Reply

_LOOK = 0.1  # seconds between two looks at the event while a model is silent


class Stoppable:
    """Writes what `model` writes, until `stop` is set. A silent model is not waited for then: its
    reply is read in a thread of its own, which closes it as soon as it can."""

    def __init__(self, model: ChatModel, stop: Event) -> None:
        self._model = model
        self._stop = stop

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    def reply(self, system: str, user: str) -> Reply:
        """The model's reply. What was written before the stop is kept, and the stop is among its
        faults; raises ModelError when there was nothing yet."""
        inner = self._model.reply(system, user)
        faults = inner.faults
        return Reply(self._until(inner, faults), inner.usage, inner.model, faults, inner.notes)

    def _until(self, inner: Reply, faults: list[str]) -> Iterator[str]:
        arrived: SimpleQueue[str | BaseException | None] = SimpleQueue()
        left = Event()

        def read() -> None:
            try:
                for piece in inner:
                    arrived.put(piece)
                    if left.is_set() or self._stop.is_set():
                        break
                arrived.put(None)
            except BaseException as error:  # for whoever waits in the other thread
                arrived.put(error)
            finally:
                if close := getattr(inner.pieces, "close", None):
                    close()

        wrote = False
        try:
            if not self._stop.is_set():
                Thread(target=read, daemon=True).start()
            while not self._stop.is_set():
                try:
                    piece = arrived.get(timeout=_LOOK)
                except Empty:
                    continue
                if piece is None:
                    return
                if isinstance(piece, BaseException):
                    raise piece
                wrote = wrote or not piece.isspace()
                yield piece
            if not wrote:
                raise ModelError("it was stopped before anything was written: ask again")
            faults.append("it was stopped")
        finally:
            left.set()
