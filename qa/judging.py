"""A language model as a second judge: one call grades all sentences of an answer, after the exact
checks, which are final where they find a contradiction."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from qa import prompts
from qa.errors import ModelError
from qa.models import ChatModel
from qa.plaintext import legible, plain
from qa.types import Statement, Verdict

_ORDER: tuple[Verdict, ...] = ("unsupported", "partial", "supported")
_LINE = re.compile(
    r"^[^\w\n]*(\d{1,3})[^\w\n]+(supported|partial|unsupported)\b[ \t:–—-]*(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_LONGEST = 200  # characters of a reason


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement with the verdict of the exact checks, and the best that it can become."""

    statement: Statement
    ceiling: Verdict = "supported"


@dataclass(slots=True)
class Judge:
    """Grades the statements of one answer, if there is a model; afterwards `usage` counts its
    tokens, `seconds` its time, and `notes` say what it left undone."""

    question: str
    model: ChatModel | None
    usage: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def judged(self, events: Iterable[str | Checked]) -> Iterator[str | Checked]:
        """The same events, statements held back until the last, and then as they are graded. A
        judge that does not answer, or is none, changes nothing."""
        if self.model is None:
            yield from events
            return
        checked = list[Checked]()
        for event in events:
            if isinstance(event, str):
                yield event
            else:
                checked.append(event)
        began = time.perf_counter()
        graded = self._graded(checked, self.model)
        self.seconds = time.perf_counter() - began
        yield from graded

    def _graded(self, checked: Sequence[Checked], model: ChatModel) -> list[Checked]:
        # What a contradiction has settled needs no judge.
        open_ = [n for n, one in enumerate(checked) if one.ceiling != "unsupported"]
        grades = self._grades([checked[n].statement for n in open_], model) if open_ else {}
        by_place = {open_[n]: grade for n, grade in grades.items()}
        return [_capped(one, by_place.get(n)) for n, one in enumerate(checked)]

    def _grades(
        self, statements: Sequence[Statement], model: ChatModel
    ) -> dict[int, tuple[Verdict, str]]:
        """Verdict and reason by place, of those that the model grades."""
        system, user = prompts.load("judge")
        asked = user.substitute(
            sentences="\n\n".join(_shown(n, s) for n, s in enumerate(statements, 1)),
            question=plain(self.question),
            count=len(statements),
        )
        kept = "the verdicts are those of the exact checks"
        usage = dict[str, int]()
        try:
            reply = model.reply(system.substitute(), asked)
            usage = reply.usage
            text = "".join(reply)
        except ModelError as error:
            self.notes.append(f"The judge did not answer ({error}): {kept}.")
            return {}
        finally:
            self.usage |= usage
        grades = _read(text, len(statements))
        if missing := len(statements) - len(grades):
            what = "no sentence" if not grades else f"{len(grades)} of {len(statements)} sentences"
            of = "" if missing == len(statements) else " of the others"
            self.notes.append(
                f"The judge graded {what}: {kept.replace('verdicts', 'verdicts' + of)}."
            )
        return grades


def _read(text: str, count: int) -> dict[int, tuple[Verdict, str]]:
    """The grades in a reply; none of a sentence that it grades twice in different ways."""
    found = dict[int, tuple[Verdict, str]]()
    doubled = set[int]()
    for number, word, reason in _LINE.findall(text.split("</think>")[-1]):
        n = int(number) - 1
        verdict = next(v for v in _ORDER if v == word.casefold())
        if n in found and found[n][0] != verdict:
            doubled.add(n)
        if 0 <= n < count:
            found.setdefault(n, (verdict, " ".join(legible(reason).split())[:_LONGEST]))
    return {n: grade for n, grade in found.items() if n not in doubled}


def _capped(checked: Checked, grade: tuple[Verdict, str] | None) -> Checked:
    """The statement under the judge's grade, no better than it can be."""
    if grade is None:
        return checked
    verdict, reason = grade
    statement, ceiling = checked.statement, checked.ceiling
    if _ORDER.index(verdict) >= _ORDER.index(ceiling):
        verdict = ceiling
        reasons = statement.reasons if verdict != "supported" else ()
    else:
        reasons = (f"the judge: {reason or 'the quoted passage does not say all of this'}",)
    return replace(checked, statement=replace(statement, verdict=verdict, reasons=reasons))


def _shown(number: int, statement: Statement) -> str:
    quotes = "\n".join(
        f"<quotation>\n{plain(c.title)}, {c.published or 'no date'}: {plain(c.quote)}\n</quotation>"
        for c in statement.citations
    )
    return f"Sentence {number}: {plain(statement.text)}\n{quotes}"
