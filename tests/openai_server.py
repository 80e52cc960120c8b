"""A small server on localhost that speaks the OpenAI protocol, and misbehaves on request.

    with OpenAIServer() as server:
        server.replies.append(says("Two words."))
        ...  # point a client at server.url
        server.requests[0]["messages"]

A reply is a function that gets the handler of one POST; each is used once, in order. Without one,
an embedding request gets vectors, and a chat request fails with status 500.
"""

import base64
import hashlib
import json
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self

import numpy as np

Scripted = Callable[["Handler"], None]
USAGE = {"prompt_tokens": 120, "completion_tokens": 17, "total_tokens": 137}


def says(*pieces: str, finish: str | None = "stop", usage: bool = True) -> Scripted:
    """Streams the pieces; without `finish` the stream is cut after them."""

    def reply(handler: "Handler") -> None:
        handler.begin("text/event-stream")
        for piece in pieces:
            handler.piece(piece)
        if finish:
            handler.event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
            if usage:
                handler.event({"choices": [], "usage": USAGE})
            handler.wfile.write(b"data: [DONE]\n\n")

    return reply


def says_for_ever(piece: str) -> Scripted:
    """Streams one piece again and again until nobody listens; then `server.left` is set."""

    def reply(handler: "Handler") -> None:
        handler.begin("text/event-stream")
        try:
            while not handler.owner.stopping.wait(0.01):
                handler.piece(piece)
        except OSError:
            handler.owner.left.set()

    return reply


def fails(status: int, message: str) -> Scripted:
    """An error with a status, as OpenAI words it."""
    return lambda handler: handler.json({"error": {"message": message}}, status)


def fails_in_stream(piece: str, message: str) -> Scripted:
    """Streams a piece, then an error."""

    def reply(handler: "Handler") -> None:
        handler.begin("text/event-stream")
        handler.piece(piece)
        handler.event({"error": {"message": message, "type": "server_error"}})

    return reply


def shows_a_page(handler: "Handler") -> None:
    """A web page with status 200, as a proxy or a wrong path sends it."""
    handler.begin("text/html")
    handler.wfile.write(b"<!doctype html><html><body>Welcome</body></html>")


def sends(value: Any) -> Scripted:
    """A JSON value with status 200."""
    return lambda handler: handler.json(value)


def is_silent(handler: "Handler") -> None:
    """Accepts the request and never answers."""
    handler.owner.stopping.wait()


def waits(allowed: Event, reply: Scripted) -> Scripted:
    """Replies when it is allowed to, or the server is closed."""

    def later(handler: "Handler") -> None:
        while not (allowed.wait(0.01) or handler.owner.stopping.is_set()):
            pass
        reply(handler)

    return later


def stalls(piece: str) -> Scripted:
    """Streams a piece, and then is silent."""

    def reply(handler: "Handler") -> None:
        says(piece, finish=None)(handler)
        is_silent(handler)

    return reply


def breaks_off(piece: str) -> Scripted:
    """Promises more bytes than it sends before it closes the connection."""

    def reply(handler: "Handler") -> None:
        handler.begin("text/event-stream", length=100_000)
        handler.piece(piece)

    return reply


def hangs_up(handler: "Handler") -> None:
    """Closes the connection without a word."""


def vector(text: str) -> list[float]:
    """The vector that the server gives a text: eight numbers, not of unit length."""
    digest = hashlib.sha256(text.encode()).digest()
    return [byte - 127.5 for byte in digest[:8]]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    @property
    def owner(self) -> "OpenAIServer":
        assert isinstance(self.server, OpenAIServer)
        return self.server

    def do_GET(self) -> None:
        self.owner.paths.append(self.path)
        if self.path.endswith("/models") and self.owner.models is not None:
            self.json({"data": [{"id": name} for name in self.owner.models]})
        else:
            self.json({"error": {"message": "no such path"}}, 404)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.owner.paths.append(self.path)
        self.owner.requests.append(request)
        self.owner.keys.append(self.headers["Authorization"])
        if self.owner.replies:
            self.owner.replies.popleft()(self)
        elif self.path.endswith("/embeddings"):
            self._embeddings(request["input"], request.get("encoding_format") == "base64")
        else:
            self.json({"error": {"message": "no reply is scripted"}}, 500)

    def _embeddings(self, texts: list[str], encoded: bool) -> None:
        data = [{"index": n, "embedding": _as(vector(t), encoded)} for n, t in enumerate(texts)]
        self.json({"data": data[::-1]})  # the order is the index's, not the list's

    def begin(self, kind: str, status: int = 200, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Retry-After-Ms", "1")
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def json(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.begin("application/json", status, len(body))
        self.wfile.write(body)

    def piece(self, text: str) -> None:
        self.event({"choices": [{"index": 0, "delta": {"content": text}}]})

    def event(self, value: Any) -> None:
        self.wfile.write(f"data: {json.dumps(value)}\n\n".encode())

    def log_message(self, *args: Any) -> None:
        """Keeps the test's output clean."""


class OpenAIServer(ThreadingHTTPServer):
    """Serves on a free port of 127.0.0.1 while its `with` block lasts."""

    daemon_threads = False  # so that closing waits for each request, and no socket is left

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.models: list[str] | None = ["test", "other"]
        self.replies = deque[Scripted]()
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str] = []
        self.stopping, self.left = Event(), Event()
        self._thread = Thread(target=self.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


def _as(numbers: list[float], encoded: bool) -> Any:
    return base64.b64encode(np.array(numbers, "<f4").tobytes()).decode() if encoded else numbers
