"""Files read in processes of their own, so that one that hangs, crashes or fills the memory costs
nothing but itself.

A worker is a Python started anew, not a fork and not one of multiprocessing's: a fork of a process
with threads (Streamlit, onnxruntime, Chroma) can hang, and multiprocessing runs the main script a
second time where it has no `if __name__ == "__main__"`. Requests and replies are lines of JSON:
what a parser sends that a hostile file has taken over is data, never code.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, fields
from datetime import date
from operator import attrgetter
from pathlib import Path
from threading import Lock
from typing import Any

from qa.errors import StoreError
from qa.loading import Loaded, load, load_light, refused
from qa.types import Document, Failure

SECONDS = 25.0  # a file may take
MEMORY = 2_000_000_000  # bytes of address space a worker may take
_MOST = 4  # workers
_NO_MEMORY = 75  # exit status
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from qa.loading.workers import serve; serve(float(sys.argv[2]), int(sys.argv[3]))"
)
_FIELDS = tuple(field.name for field in fields(Document))
_values = attrgetter(*_FIELDS)


class Workers:
    """Processes that read files: started when a file needs one, ended by `close`."""

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        """Limits of one file: seconds, and bytes of memory where the system can hold a process to
        them (Linux)."""
        self._limits = seconds, memory
        count = min(_MOST, os.cpu_count() or 1)
        self.ahead = 2 * count  # files that may be asked for before their turn, so that all work
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="qa-loading")
        self._lock = Lock()
        self._all = set[_Worker]()
        self._idle = list[_Worker]()
        self._closed = False

    def close(self) -> None:
        """Ends every worker, whatever it is reading."""
        with self._lock:
            self._closed = True
            for worker in self._all:
                worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in self._all:
            worker.close()

    def load(self, path: Path, source: str) -> Callable[[], Loaded]:
        """Begins to read a file; what is returned waits for it and gives what `loading.load` does.
        A small file of plain text is read at once, in this process."""
        if loaded := load_light(path, source):
            return lambda: loaded
        return self._threads.submit(self._load, path, source).result

    def _load(self, path: Path, source: str) -> Loaded:
        request = json.dumps([os.fspath(path), source]).encode() + b"\n"
        while True:
            worker = self._take()
            first = worker.fresh
            reply = worker.ask(request)
            if reply is not None:
                self._idle.append(worker)
                return _decoded(reply)
            reason = worker.reason(*self._limits)
            with self._lock:
                self._all.discard(worker)
            worker.close()
            # What an earlier file left behind may have ended it: this one is tried once more.
            if first or worker.timed_out:
                return refused(source, reason)

    def _take(self) -> "_Worker":
        """A worker that waits, or a new one. Raises CancelledError after `close`."""
        with self._lock:
            if self._closed:
                raise CancelledError
            if self._idle:
                return self._idle.pop()
            worker = _Worker(*self._limits)
            self._all.add(worker)
            return worker


class _Worker:
    """One process."""

    def __init__(self, seconds: float, memory: int) -> None:
        self.fresh = True
        path = json.dumps([entry for entry in sys.path if isinstance(entry, str)])
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, path, str(seconds), str(memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=1 << 20,
                start_new_session=True,  # Ctrl-C is for the process that asks, which ends this one
            )
        except OSError as error:
            raise StoreError(
                f"no process can be started to read files in ({error.strerror}): close other "
                "programs and run the same command again"
            ) from None

    def ask(self, request: bytes) -> bytes | None:
        """The reply, None when the process ended instead of giving it."""
        self.fresh = False
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(request)
            self._process.stdin.flush()
            reply = self._process.stdout.readline()
        except OSError:
            return None
        return reply if reply.endswith(b"\n") else None

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        """Ends it and leaves nothing open."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # a request that was never taken
                if pipe is not None:
                    pipe.close()

    @property
    def timed_out(self) -> bool:
        return self._process.returncode == -signal.SIGALRM

    def reason(self, seconds: float, memory: int) -> str:
        """Why it ended, and what to do about the file."""
        self._process.kill()  # of no effect on one that has ended
        status = self._process.wait()
        advice = "divide it, or save its text as .txt"
        if self.timed_out:
            return f"reading it takes longer than {seconds:g} seconds: {advice}"
        if status in (_NO_MEMORY, -signal.SIGKILL):
            return f"reading it takes more than {memory // 1_000_000} MB of memory: {advice}"
        ended = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return (
            f"the program that reads it crashed ({ended}): open the file in its own program and "
            "save it again"
        )


def serve(seconds: float, memory: int) -> None:
    """Reads the files that are asked for on standard input until it ends: what a worker runs."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    _limit(memory)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        for request in sys.stdin.buffer:
            path, source = json.loads(request)
            # Ends the process even in the middle of C, and if nobody is left who could kill it.
            signal.setitimer(signal.ITIMER_REAL, seconds)
            reply = _encoded(load(Path(path), source))
            signal.setitimer(signal.ITIMER_REAL, 0)
            replies.write(reply)
            replies.flush()
    except MemoryError:
        os._exit(_NO_MEMORY)
    except BrokenPipeError:
        os._exit(0)


def _limit(memory: int) -> None:
    """Holds this process to so many bytes, where the system can."""
    import resource

    with suppress(ValueError, OSError):  # macOS knows the limit and refuses it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _encoded(loaded: Loaded) -> bytes:
    """One line of JSON."""
    documents = [_values(document) for document in loaded.documents]
    failures = [asdict(failure) for failure in loaded.failures]
    reply = {"documents": documents, "failures": failures, "sha256": loaded.sha256}
    return json.dumps(reply, default=date.isoformat).encode() + b"\n"


def _decoded(reply: bytes) -> Loaded:
    found = json.loads(reply)
    documents = [_document(dict(zip(_FIELDS, d, strict=True))) for d in found["documents"]]
    failures = [Failure(**failure) for failure in found["failures"]]
    return Loaded(tuple(documents), tuple(failures), found["sha256"])


def _document(values: dict[str, Any]) -> Document:
    published = values["published"] and date.fromisoformat(values["published"])
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return Document(**values | lists | {"published": published})
