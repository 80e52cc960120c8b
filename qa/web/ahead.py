"""What the other views need, loaded while a person reads the first one: a first click on one of
them would wait for it, half a second on the server and as long in the browser."""

from importlib import import_module
from pathlib import Path
from threading import Timer

import streamlit as st

from qa.web import components

_MODULES = ("altair", "pandas", "pyarrow", "qa.evaluation")
_SCRIPTS = ("ArrowVegaLiteChart", "DataFrame", "FileUploader")  # of Streamlit, as it names them
_AFTER = 1.0  # seconds, in which the first view is drawn


def load() -> None:
    """Has it loaded, on the server once, in the browser once a visit."""
    _import()
    with st.container(key="unseen"):
        components.ahead({"scripts": _scripts()})


@st.cache_resource(show_spinner=False)
def _import() -> None:
    timer = Timer(_AFTER, lambda: [import_module(name) for name in _MODULES])
    timer.daemon = True
    timer.start()


@st.cache_resource(show_spinner=False)
def _scripts() -> list[str]:
    folder = Path(st.__file__).parent / "static/static/js"
    return [path.name for name in _SCRIPTS for path in folder.glob(f"{name}.*.js")]
