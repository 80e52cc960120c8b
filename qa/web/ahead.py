"""What the other views need, loaded while a person reads the first one: a first click on one of
them would wait for it, half a second on the server and as long in the browser."""

from datetime import date
from importlib import import_module
from pathlib import Path
from threading import Timer

import streamlit as st

from qa.web import components, timeline

_MODULES = ("altair", "pandas", "pyarrow", "qa.evaluation")
# Of Streamlit, as it names them, the largest first.
_SCRIPTS = (
    *("ArrowVegaLiteChart", "DataFrame", "FileUploader", "Selectbox", "TextInput", "TextArea"),
    *("Checkbox", "NumberInput", "Radio", "Slider"),
)
_AFTER = 1.0  # seconds, in which the first view is drawn


def load() -> None:
    """Has it loaded, on the server once, in the browser once a visit."""
    _import()
    with st.container(key="unseen"):
        components.ahead({"scripts": _scripts()})


@st.cache_resource(show_spinner=False)
def _import() -> None:
    timer = Timer(_AFTER, _rehearse)
    timer.daemon = True
    timer.start()


def _rehearse() -> None:
    for name in _MODULES:
        import_module(name)
    timeline.chart((date(2000, 1, 1), date(2000, 1, 2)), None).to_dict()


@st.cache_resource(show_spinner=False)
def _scripts() -> list[str]:
    folder = Path(st.__file__).parent / "static/static"
    files = [path for name in _SCRIPTS for path in folder.glob(f"*/{name}.*")]
    return [f"../{path.relative_to(folder)}" for path in files]
