"""A real Chroma server on localhost that can be stopped and started again.

with ChromaServer(folder) as server:
    ...  # point QA_CHROMA_URL at server.url
"""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

START = 60  # seconds that a start may take on a busy machine


class ChromaServer:
    """`chroma run` on a free port of 127.0.0.1, without telemetry."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when the server answers."""
        words = [str(Path(sys.executable).with_name("chroma")), "run", "--host", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*words, "--path", str(self.folder), "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"ANONYMIZED_TELEMETRY": "False"},
        )
        last = time.monotonic() + START
        while time.monotonic() < last:
            try:
                with urlopen(f"{self.url}/api/v2/version", timeout=1):
                    return
            except (URLError, OSError):
                assert self._process.poll() is None, "the server has ended"
                time.sleep(0.02)
        raise AssertionError("the server does not answer")

    def kill(self) -> None:
        """Ends the server as `kill -9` does."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
