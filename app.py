"""The chat page: run it with `qa chat`, or `streamlit run app.py`."""

import streamlit as st

from qa.web import ICON, chat, evaluate, library, settings, signing_in

st.set_page_config(
    page_title="qa: answers you can check",
    page_icon=str(ICON),
    layout="wide",
    menu_items={"about": "Every sentence of an answer leads to the place that says it."},
)
open_ = signing_in.passed()


def view(module, **options):
    """The page of a view, or the one that asks to sign in in its place."""
    return st.Page(module.page if open_ else signing_in.page, **options)


views = [
    view(chat, title="Ask", default=True),
    view(library, title="Library", url_path="library"),
    view(evaluate, title="Evaluate", url_path="evaluate"),
    view(settings, title="Settings", url_path="settings"),
]
st.navigation(views, position="sidebar" if open_ else "hidden").run()
if open_:
    signing_in.show_sign_out()
