"""Question answering that can be checked: every sentence cites an exact span of a document.

    import qa
    answer = qa.ask("what did López Obrador ask for in return?", corpus="corpus")
    print(answer)

Names load on first use, so that `import qa` takes milliseconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qa.dossier import Verification as Verification
    from qa.engine import Engine as Engine
    from qa.engine import ask as ask
    from qa.errors import BusyError as BusyError
    from qa.errors import InputError as InputError
    from qa.errors import LoadError as LoadError
    from qa.errors import ModelError as ModelError
    from qa.errors import QAError as QAError
    from qa.errors import StoreError as StoreError
    from qa.errors import UnreachableError as UnreachableError
    from qa.feedback import Feedback as Feedback
    from qa.feedback import FeedbackFile as FeedbackFile
    from qa.plaintext import visible as visible
    from qa.settings import Settings as Settings
    from qa.types import Answer as Answer
    from qa.types import Citation as Citation
    from qa.types import Conflict as Conflict
    from qa.types import Cost as Cost
    from qa.types import Document as Document
    from qa.types import Evidence as Evidence
    from qa.types import Failure as Failure
    from qa.types import Filters as Filters
    from qa.types import Hit as Hit
    from qa.types import IndexReport as IndexReport
    from qa.types import Passage as Passage
    from qa.types import Progress as Progress
    from qa.types import Provenance as Provenance
    from qa.types import Statement as Statement
    from qa.types import Turn as Turn

__version__ = "0.1.0"

_HOMES = {
    "qa.dossier": ("Verification",),
    "qa.engine": ("Engine", "ask"),
    "qa.errors": (
        "BusyError",
        "InputError",
        "LoadError",
        "ModelError",
        "QAError",
        "StoreError",
        "UnreachableError",
    ),
    "qa.feedback": ("Feedback", "FeedbackFile"),
    "qa.plaintext": ("visible",),
    "qa.settings": ("Settings",),
    "qa.types": (
        "Answer",
        "Citation",
        "Conflict",
        "Cost",
        "Document",
        "Evidence",
        "Failure",
        "Filters",
        "Hit",
        "IndexReport",
        "Passage",
        "Progress",
        "Provenance",
        "Statement",
        "Turn",
    ),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Answer",
    "BusyError",
    "Citation",
    "Conflict",
    "Cost",
    "Document",
    "Engine",
    "Evidence",
    "Failure",
    "Feedback",
    "FeedbackFile",
    "Filters",
    "Hit",
    "IndexReport",
    "InputError",
    "LoadError",
    "ModelError",
    "Passage",
    "Progress",
    "Provenance",
    "QAError",
    "Settings",
    "Statement",
    "StoreError",
    "Turn",
    "UnreachableError",
    "Verification",
    "__version__",
    "ask",
    "visible",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'qa' has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
