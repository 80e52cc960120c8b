"""A timeline of documents that filters by brushing, and two fields that say the same."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import streamlit as st

import qa
from qa.web import filters, strings
from qa.web.answer import day
from qa.web.strings import say

if TYPE_CHECKING:
    import altair

_MOST = 120  # bars
_SINCE, _UNTIL, _TURN, _DRAWN = "library-since", "library-until", "timeline", "timeline-drawn"


def show(documents: Sequence[qa.Document]) -> None:
    """Draws the timeline, where there are dates to draw."""
    days = sorted(d.published for d in documents if d.published)
    if len(set(days)) > 1:
        _show_chart(days, len(documents) - len(days))


def fields() -> tuple[date | None, date | None]:
    """Fields for the first and the last day; what is in them."""
    for key, label in ((_SINCE, strings.PUBLISHED_FROM), (_UNTIL, strings.PUBLISHED_TO)):
        filters.day_field(label, key=key, on_change=_draw_again, persist_state="session", width=200)
    return st.session_state[_SINCE], st.session_state[_UNTIL]


def choose(since: date | None, until: date | None) -> None:
    """Sets the days. For callbacks only."""
    st.session_state[_SINCE], st.session_state[_UNTIL] = since, until
    _draw_again()


def bars(days: Sequence[date]) -> list[tuple[date, date, int]]:
    """Spans of equal names (days, weeks, months or years) that hold a document: the first day, the
    day after the last, and how many there are; at most `_MOST` of them from end to end."""
    reach = (days[-1] - days[0]).days
    unit = next((u for u in (1, 7, 31) if reach / u < _MOST), 366)
    counts = defaultdict[date, int](int)
    for one in days:
        if unit == 366:
            one = one.replace(month=1, day=1)
        elif unit == 31:
            one = one.replace(day=1)
        elif unit == 7:
            one -= timedelta(one.weekday())
        counts[one] += 1
    return [(first, _after(first, unit), n) for first, n in sorted(counts.items())]


def _after(first: date, unit: int) -> date:
    """The day after a span; the last day that there is where the calendar ends."""
    try:
        following = first + timedelta(unit)
    except OverflowError:
        return date.max
    return following.replace(day=1) if unit > 7 else following


def _span(first: date, after: date) -> str:
    one = (after - first).days == 1
    return day(first) if one else say(strings.TIMELINE_FROM, day=day(first))


@st.cache_resource(max_entries=16, show_spinner=False)
def chart(days: tuple[date, ...], drawn: tuple[float, float] | None) -> "altair.Chart":
    """Bars of documents by their days, in order, with a brush on what is `drawn`. Kept, since
    altair takes as long to check it as the rest of the view."""
    import altair

    spans = bars(days)
    rows = [
        {
            "from": _milliseconds(first),
            "to": _milliseconds(after),
            "n": n,
            "none": 0,
            "when": _span(first, after),
        }
        for first, after, n in spans
    ]
    brush = altair.selection_interval(
        name="days", encodings=["x"], value={"x": list(drawn)} if drawn else altair.Undefined
    )
    utc = altair.Scale(type="utc")
    axis = altair.Axis(format="%-d %b %Y", tickCount=6, labelOverlap=True, grid=False)
    drawing: altair.Chart = (
        altair.Chart(altair.Data(values=rows))  # type: ignore[no-untyped-call]
        .mark_rect()
        .encode(
            x=altair.X("from:T", title=None, axis=axis, scale=utc),
            x2="to:T",
            y=altair.Y("n:Q", title=None, axis=None),
            y2="none:Q",
            opacity=altair.condition(brush, altair.value(1), altair.value(0.35)),
            tooltip=[
                altair.Tooltip("when:N", title=strings.TIMELINE_PUBLISHED),
                altair.Tooltip("n:Q", title=strings.TIMELINE_DOCUMENTS),
            ],
        )
        .properties(height=100)
        .add_params(brush)
    )
    return drawing


def _show_chart(days: Sequence[date], undated: int) -> None:
    about = say(strings.TIMELINE, n=len(days), first=day(days[0]), last=day(days[-1]))
    st.altair_chart(
        chart(tuple(days), st.session_state.get(_DRAWN)),
        width="stretch",
        key=_key(),
        on_select=_brushed,
        selection_mode="days",
        alt=about,
    )
    missing = [say(strings.UNDATED, n=undated)] if undated else []
    st.caption(" ".join([strings.TIMELINE_USE, *missing]))


def _key() -> str:
    return f"timeline-{st.session_state.setdefault(_TURN, 0)}"


def _brushed() -> None:
    """The fields take over what was brushed."""
    chosen: dict[str, Any] = st.session_state[_key()]["selection"].get("days") or {}
    ends = chosen.get("from")
    since, until = (_day(end) for end in ends) if ends else (None, None)
    st.session_state[_SINCE], st.session_state[_UNTIL] = since, until


def _draw_again() -> None:
    """A new chart, on which what the fields say is brushed. It sends that back, so the end is the
    last moment of a day."""
    since, until = st.session_state.get(_SINCE), st.session_state.get(_UNTIL)
    drawn = None
    if since and until and since <= until:
        drawn = _milliseconds(since), _milliseconds(until) + 86_399_999
    st.session_state[_DRAWN] = drawn
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def _milliseconds(one: date) -> int:
    return int(datetime(one.year, one.month, one.day, tzinfo=UTC).timestamp()) * 1000


def _day(milliseconds: float) -> date:
    return (datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds)).date()
