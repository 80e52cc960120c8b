"""The chat page: run it with `qa chat`, or `streamlit run app.py`."""

import streamlit as st

from qa.web import ICON, chat, evaluate, library, settings

st.set_page_config(
    page_title="qa: answers you can check",
    page_icon=str(ICON),
    layout="wide",
    menu_items={"about": "Every sentence of an answer leads to the place that says it."},
)
views = [
    st.Page(chat.page, title="Ask", default=True),
    st.Page(library.page, title="Library", url_path="library"),
    st.Page(evaluate.page, title="Evaluate", url_path="evaluate"),
    st.Page(settings.page, title="Settings", url_path="settings"),
]
st.navigation(views).run()
