"""E-mail: who wrote to whom, then the text; the subject is the title, the sending day the date."""

from datetime import date, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from qa.errors import LoadError
from qa.loading import html
from qa.loading.dates import first_date
from qa.loading.text import decode, guarded, make, normalise
from qa.types import Document, Failure


def load(data: bytes, source: str, stem: str) -> tuple[list[Document], list[Failure]]:
    """One document, of the plain text where there is any, else of the HTML; an attachment is a
    failure that names it."""
    with guarded("the e-mail is damaged: save it from the mail program again"):
        message = BytesParser(policy=policy.default).parsebytes(data)
        if not message.keys():
            raise LoadError("not an e-mail: it has no header; save it as .txt if it is text")
        assert isinstance(message, EmailMessage)
        said = _said(message, source, stem)
        people = [f"{name}: {message[name]}" for name in ("From", "To") if message[name]]
        title, sent = str(message["Subject"] or ""), _sent(message)
        attached = [
            part.get_filename() or part.get_content_type()
            for part in message.iter_attachments()
            if part.is_attachment() or part.get_content_maintype() != "image"  # as in a signature
        ]
    text = normalise("\n\n".join(filter(None, ("\n".join(people), said))))
    failures = [
        Failure(f"{source}#{name}", "an attachment is not read: save it as a file and index that")
        for name in attached
    ]
    dated = first_date((sent, "metadata"), stem=stem)
    return [make(source, text, title.strip() or stem, dated)], failures


def _said(message: EmailMessage, source: str, stem: str) -> str:
    for kind in ("plain", "html"):
        part = message.get_body(preferencelist=(kind,))
        if part is not None and (text := _decoded(part)).strip():
            if kind == "plain":
                return text.strip()
            (page,), _ = html.load(text.encode(), source, stem)
            return page.text
    raise LoadError("the e-mail has no text: save what is attached to it as files")


def _decoded(part: Any) -> str:
    """The part's text in the character set that it names, else in the one that can be told."""
    data = part.get_payload(decode=True) or b""
    try:
        return str(data.decode(part.get_content_charset() or "utf-8"))
    except (LookupError, UnicodeDecodeError):
        return decode(data)


def _sent(message: EmailMessage) -> date | None:
    stated = getattr(message["Date"], "datetime", None)
    return stated.date() if isinstance(stated, datetime) else None
