"""Questions that are being answered, each in a thread of its own: a click, a reload or a closed
window ends none of them, and several windows may watch one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread

import streamlit as st

import qa
from qa.web import answer, strings
from qa.web.conversations import Exchange


@dataclass(slots=True, eq=False)
class Asking:
    """An exchange whose answer is being made, and the `text` of it so far."""

    exchange: Exchange
    text: str = ""
    unkept: str = ""
    wanted: bool = True
    _stop: Event = field(default_factory=Event)
    _done: Event = field(default_factory=Event)

    def stop(self) -> None:
        """Ends it with what there is."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def done(self, seconds: float = 0) -> bool:
        """Whether the exchange is complete, after waiting for so long at most."""
        return self._done.wait(seconds)


@st.cache_resource(show_spinner=False)
def running() -> dict[str, Asking]:
    """What is being answered on this server, by the id of the exchange."""
    return {}


def start(
    engine: qa.Engine,
    exchange: Exchange,
    history: Sequence[tuple[str, str]],
    filters: qa.Filters,
    keep: Callable[[Exchange], None],
) -> Asking:
    """Has an exchange answered, after what it waits for, and kept when it is complete."""
    asking, every = Asking(exchange), running()

    def work() -> None:
        try:
            if exchange.after:
                exchange.after()
            events = engine.stream(exchange.question, history, filters, asking._stop)
            for text in written(events, exchange):
                asking.text = text
        except qa.QAError as error:
            exchange.error = str(error)
        except Exception:
            # The log gets the traceback; without this the page would ask again at every run.
            exchange.error = strings.UNEXPECTED
            raise
        finally:
            try:
                if asking.wanted:
                    keep(exchange)
            except qa.StoreError as error:
                asking.unkept = str(error)
            finally:
                every.pop(exchange.id, None)
                asking._done.set()

    every[exchange.id] = asking
    Thread(target=work, daemon=True).start()
    return asking


def forget(ids: Sequence[str]) -> None:
    """Stops what is being answered of some exchanges, and keeps nothing of it."""
    every = running()
    for one in ids:
        if asking := every.get(one):
            asking.wanted = False
            asking.stop()


def written(events: Iterator[str | qa.Statement | qa.Answer], exchange: Exchange) -> Iterator[str]:
    """The draft after each event: finished sentences with their numbers, then the one begun. The
    answer goes into the exchange."""
    settled, begun = list[str](), ""
    for event in events:
        if isinstance(event, qa.Answer):
            exchange.answer = event
        elif isinstance(event, qa.Statement):
            settled.append(answer.marked(event))
            begun = begun.partition(event.text)[2]
        else:
            begun += event
        yield " ".join([*settled, begun.strip()])
