"""Questions to begin with, drafted from the documents themselves; only such as are answered."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import streamlit as st

import qa
from qa.web import settings, strings
from qa.web.strings import say

MOST = 4  # questions
_DOCUMENTS = 8  # that are tried, spread over the whole collection
_DRAFTS = 2  # of each
_READ = 20_000  # characters of a document that are read for a draft


def questions(engine: qa.Engine, documents: Sequence[qa.Document]) -> list[str]:
    """Questions that quoting the documents answers from the one that each is about."""
    step = max(1, len(documents) // _DOCUMENTS)
    tried = documents[::step][:_DOCUMENTS]
    return _answered(engine, tried, tuple(document.id for document in tried))


@st.cache_resource(max_entries=4, show_spinner=False)
def _answered(
    _engine: qa.Engine, _documents: Sequence[qa.Document], ids: tuple[str, ...]
) -> list[str]:
    quoting, found = settings.asked(_engine, "quoted"), list[str]()
    for document in _documents:
        for question, value in _drafts(document):
            answer = quoting.ask(question)
            about = any(citation.document_id == document.id for citation in answer.citations)
            if about and value in answer.text and question not in found:
                found.append(question)
                break
        if len(found) == MOST:
            break
    return found


def _drafts(document: qa.Document) -> Iterator[tuple[str, str]]:
    """Questions with what the answer must hold, if it is known."""
    from qa.evaluation import draft

    begun = replace(document, text=document.text[: document.body + _READ])
    for case in draft(begun, _DRAFTS, None):
        name = case.question.removeprefix("What is reported about ").rstrip("?")
        if " " in name:  # single ones are mostly months and countries
            yield case.question, case.must_include[0][0]
    yield say(strings.EXAMPLE_OF_A_DOCUMENT, title=document.title), ""
