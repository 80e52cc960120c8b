"""What can go wrong, each message naming the next step. To abstain is an answer, not an error."""

import re
from pathlib import Path


class QAError(Exception):
    """Base of every error raised on purpose by this package; its message is meant for a person."""


class InputError(QAError):
    """The caller's question, path, setting or case file cannot be used."""


class LoadError(QAError):
    """One file or record could not be read; indexing lists it and goes on."""


class StoreError(QAError):
    """The home folder or one of the stores in it cannot be read or written."""


class DamagedError(StoreError):
    """The file of the catalog is damaged; what of it can be read can be brought back."""


class BusyError(StoreError):
    """Another process is writing to the same home folder."""


class UnreachableError(StoreError):
    """The Chroma server that QA_CHROMA_URL names does not answer, or is none that can be used."""


class ModelError(QAError):
    """The language model or embedding service did not give a usable reply."""


class TooLongError(ModelError):
    """The text is longer than the model can read; less evidence may fit."""


def unusable(what: str, folder: Path, error: Exception) -> StoreError:
    """Why a derived index in a folder cannot be read or written."""
    step = (
        "free some space"
        if re.search("disk is full|no space left", str(error), re.IGNORECASE)
        else "delete that folder"
    )
    return StoreError(
        f"{what} {folder} cannot be used ({error}): {step} and run `qa index` again; nothing will "
        "be embedded twice"
    )
