"""Fills a new Chroma index while the catalog is still being written, in a process of its own.

A thread would not do: Chroma's upsert holds Python's lock from beginning to end. The process is a
Python started anew, since multiprocessing would run a script that has no
`if __name__ == "__main__"` a second time. It reads the catalog, which any number of processes may,
and is the only one that has the new folder open.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from qa.catalog import Catalog, Store
from qa.dense import DenseIndex
from qa.filling import fill_vectors

_LEAST = 2_000  # passages that are worth a process, which takes a third of a second to start
_ROWS = 1_000  # passages that are worth a write
# In one write, if so many are waiting: Chroma saves its graph after each. 40,000 rows take 34.3
# seconds of processor time in writes of 1,000, and 32.3 in these.
_MOST = 3_900
# Passages that the catalog may be ahead, as many as are being written and the next. The two take
# turns so: while Chroma writes rows, on one core, more are read, and while it builds the graph, on
# all, the writer of the catalog waits, whose progress is then that of both.
_AHEAD = 2 * _MOST
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from qa.follower import serve; serve(*sys.argv[2:])"
)


class Follower:
    """The process, seen from the one that writes the catalog. Its index is marked dirty: a kill at
    any moment costs a rebuild of what this run put in."""

    def __init__(self, catalog: Catalog, name: str, folder: Path, embedder: str) -> None:
        """For the derived index `name` of this embedder, to be built in that new folder."""
        self._catalog, self._name = catalog, name
        self._folder, self._embedder = folder, embedder
        self._waiting = self._ahead = self._asked = 0
        self._started = False
        self._process: subprocess.Popen[bytes] | None = None

    def expect(self, passages: float) -> None:
        """Begins the process if that many are worth it; the first get ready while it starts."""
        if not self._started and passages >= _LEAST:
            self._start()

    def committed(self, passages: int, share: float = 1.0) -> None:
        """Tells it that so many passages and their vectors were committed, by when that `share` of
        the files was read, and waits while it is far behind."""
        self._waiting += passages
        self._ahead += passages
        self.expect(self._waiting / share)
        if self._started and self._waiting >= _ROWS:
            self._asked += self._waiting // _ROWS
            self._say(b"more\n" * (self._waiting // _ROWS))
            self._waiting %= _ROWS
        while self._ahead > _AHEAD and self._asked:
            self._hear()

    def finish(self) -> str:
        """Waits until the index holds exactly what the catalog holds now and is closed, and gives
        its folder's name. Empty when it was not begun, or failed and so may be damaged."""
        if self._process is None:
            return ""
        self._say(b"end\n")
        with suppress(OSError):
            self._process.communicate()
        return "" if self._process.wait() else self._folder.name

    def _start(self) -> None:
        self._started = True
        generation = self._catalog.generation()
        self._catalog.mark(self._name, Store(self._folder.name, generation, dirty=True))
        path = json.dumps([entry for entry in sys.path if isinstance(entry, str)])
        what = [str(self._catalog.path), str(self._folder), self._embedder]
        with suppress(OSError):  # without the process, the index is built afterwards
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, path, *what],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # others would wait in a loop
                start_new_session=True,  # Ctrl-C is for the writer, which ends this one
            )

    def _say(self, words: bytes) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # it is gone, as its exit status will tell
                self._process.stdin.write(words)
                self._process.stdin.flush()

    def _hear(self) -> None:
        """Its next answer, how many passages it took; none comes when it is gone."""
        stdout = self._process.stdout if self._process else None
        answer = stdout.readline() if stdout else b""
        self._asked = self._asked - 1 if answer else 0
        self._ahead -= int(answer or 0)


def serve(catalog: str, folder: str, embedder: str) -> None:
    """What the process does: copies the passages that wait at each "more" on the standard input and
    answers how many they were, and at the "end" the rest, less what was replaced meanwhile. When
    its writer dies it ends too, with an exit status of 1."""
    source, index, row = Catalog(Path(catalog)), DenseIndex(Path(folder)), 0
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever else is printed is no answer
    for line in sys.stdin:
        if line == "end\n":
            fill_vectors(source, embedder, index)
            index.close()
            source.close()
            os._exit(0)  # all is written; unloading Chroma takes 0.2 seconds
        last, ids, vectors = source.vectors_after(row, embedder, _MOST)
        if len(ids) < _ROWS:  # an earlier "more" may have brought what this one is about
            ids = []
        else:
            index.add(ids, vectors)
            row = last
        print(len(ids), file=answers, flush=True)
    sys.exit(1)
