"""Text of documents and models as it may be shown and sent: what cannot be seen is made visible, or
left out, and what another program would take for a command of its own is made plain."""

import re

# What no reader sees and what turns text around: controls, zero-width spaces, overrides and
# isolates of direction, blanks that are no spaces, tags. The joiners (U+200C, U+200D) and marks
# of direction (U+200E, U+200F) belong to the words of some languages, but not to ASCII ones.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
    "|(?<=[ -~])[\u200c-\u200f\u061c](?=[ -~])"
)
_SOFT_HYPHEN = "\u00ad"
# Tags, and role marks of chat templates, also of full width: "<|im_start|>", "<<SYS>>", "</s>".
_LESS = "<\uff1c\ufe64"
_OPENING = re.compile(rf"[{_LESS}](?=\s*(?:[/|\uff5c!?{_LESS}]|passage)|[^\W\d])", re.IGNORECASE)
_INSTRUCTION = re.compile(r"\[(?=\s*/?\s*(?:INST|SYS)\b)", re.IGNORECASE)
_NUMBER = re.compile(r"\[(\s*(?:see\s+)?\d+(?:\s*[,;–-]\s*\d+)*\s*)\]", re.IGNORECASE)
_QUOTE = "\u2039"  # looks like what it stands for, and opens nothing


def visible(text: str) -> str:
    """Each character that hides text or turns it around as U+FFFD, one for one: offsets hold."""
    return _HIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def legible(text: str) -> str:
    """Text without the characters that hide some of it or turn it around."""
    return _HIDDEN.sub("", text)


def plain(text: str) -> str:
    """Text as data in a prompt: nothing in it can be taken for a fence, a role or the number of a
    passage, and what cannot be seen is left out."""
    seen = legible(text).replace(_SOFT_HYPHEN, "")
    opened = _INSTRUCTION.sub(_QUOTE, _OPENING.sub(_QUOTE, seen))
    return _NUMBER.sub(r"(\1)", opened)


def escaped(text: str) -> str:
    """Text as one line of Markdown that shows it as it stands: no link, image, tag or heading."""
    line = re.sub(r"([\\`*_\[\]<>#|~$&@])", r"\\\1", visible(" ".join(text.split())))
    line = re.sub(r"\b(www)\.", r"\1\\.", re.sub(r":(?=//)", r"\\:", line), flags=re.IGNORECASE)
    return re.sub(r"^(\d{0,9})([-+=.)])", r"\1\\\2", line)
