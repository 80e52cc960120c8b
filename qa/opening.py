"""What commands share: their options, and the settings and engine that those lead to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qa.errors import InputError

if TYPE_CHECKING:
    from qa.engine import Engine
    from qa.settings import Settings

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the index; default QA_HOME, or .qa.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Model = Annotated[
    str | None, typer.Option(help="Model of the configured service; default QA_MODEL.")
]


def settings_of(home: Path | None, model: str | None = None) -> "Settings":
    """The settings of the environment and these. Raises InputError for a model without a
    service."""
    from qa.settings import Settings

    settings = Settings.load(home=home, model=model)
    if model and not settings.generates:
        raise InputError("--model needs a service: set OPENAI_API_KEY or OPENAI_BASE_URL")
    return settings


def opened(home: Path | None, model: str | None = None, filled: bool = False) -> "Engine":
    """The engine; when the index has to be `filled` and is not, raises InputError and leaves no
    new folder behind."""
    settings = settings_of(home, model)
    empty = InputError(f"there is no index in {settings.home}: run `qa index FOLDER` first")
    if filled and not (settings.home / "catalog.sqlite3").exists():
        raise empty
    from qa.engine import Engine

    engine = Engine.open(settings=settings)
    if filled and not engine.counts()[0]:
        engine.close()
        raise empty
    return engine
