"""What is looked at before an XML document is parsed: its encoding, its root, and what is in front
of it.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_formats.budget import TAGS, UNBROKEN, beyond
from fitglue_formats.refusals import refusal, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fitglue_formats.budget import Budget

#: Kind of file → the pattern of the start tag of its root.
_ROOTS = {
    "gpx": re.compile(
        r"<(?:[\w.-]{1,60}:)?gpx(?=[\s/>])",
        re.IGNORECASE,
    ),
    "tcx": re.compile(
        r"<(?:[\w.-]{1,60}:)?TrainingCenterDatabase(?=[\s/>])",
        re.IGNORECASE,
    ),
}
_FIRST_TAG = re.compile(r"<([\w.:-]{1,60})")
#: A comment that does not end hides everything after it. (Searching for the end of each of a
#: thousand such comments would take quadratic time.)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_DECLARATION = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
#: The declaration of the encoding. It is matched once, where the declaration of XML begins.
_ENCODING = re.compile(
    rb"<\?xml[^>]{1,200}?encoding\s{0,20}=\s{0,20}[\"']([^\"'>]{1,200})[\"']",
    re.IGNORECASE,
)
#: The number of bytes in which the root element is searched for.
HEAD_SIZE = 1 << 16
#: Larger blocks cost memory, and smaller ones cost time.
BLOCK_SIZE = 1 << 18
#: Characters that XML does not allow; a crashed device leaves zeros behind.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))
_NOTHING = re.compile(rb"[ \t\r\n\0\xef\xbb\xbf]*+")
#: The encodings that are read, by the names that ``codecs`` gives them. In all others, the same
#: bytes can be a harmless text for one program and a document type for another.
#: Windows-1252 is what most programs mean that declare Latin-1.
_SINGLE_BYTE = ("ascii", "iso8859-1", "cp1252")
_UTF_8 = ("utf-8", "utf-8-sig")
_UTF_16 = ("utf-16", "utf-16-le", "utf-16-be")
#: The byte order mark of UTF-32 begins with that of UTF-16.
_UTF_32_MARKS = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose root and encoding are known."""

    content: bytes
    encoding: str
    root_at: int  # characters in front of the root

    def blocks(self, budget: Budget) -> Iterator[bytes]:
        """Yield the document from its root on, in UTF-8 and without forbidden characters.

        Args:
            budget: The budget of the file, from which the tags are taken.

        Raises:
            RecordRefused: If the document has too many tags, or one that is too long.
        """
        unbroken = 0
        for block in self._blocks():
            first = block.find(b"<")
            if first < 0:
                unbroken += len(block)
            elif unbroken + first <= UNBROKEN.most:
                budget.use(TAGS, block.count(b"<"))
                unbroken = len(block) - block.rfind(b"<")
            else:
                unbroken += first
            if unbroken > UNBROKEN.most:
                raise beyond(UNBROKEN)
            yield block

    def _blocks(self) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self.encoding)(_errors(self.encoding))
        skipped = self.root_at
        view = memoryview(self.content)
        for at in range(
            0,
            len(view),
            BLOCK_SIZE,
        ):
            text = decoder.decode(view[at : at + BLOCK_SIZE])
            if skipped:
                text, skipped = text[skipped:], max(skipped - len(text), 0)
            yield text.encode("utf-8", "replace").translate(None, _CONTROLS)


def document_of(
    content: bytes,
    kind: str,
) -> Document:
    """Return a document that may be parsed.

    Args:
        content: The bytes of the file.
        kind: The expected format, ``gpx`` or ``tcx``.

    Raises:
        RecordRefused: If the document is empty, is another kind of file, or is unsafe.
    """
    # Only the beginning is looked at: a copy of a large file would double the memory.
    if _NOTHING.fullmatch(content):
        raise refusal("FG-file-empty", "it is empty")
    encoding = _encoding(content, kind)
    decoder = codecs.getincrementaldecoder(encoding)(_errors(encoding))
    head = decoder.decode(content[:HEAD_SIZE])
    # The comments become spaces, so that the positions stay the same.
    head = _COMMENT.sub(_spaces, head)
    root = _ROOTS[kind].search(head)
    before = head if root is None else head[: root.start()]
    # Entity bombs ("billion laughs") are declared in a document type. Neither GPX nor TCX needs
    # one, so every document type is refused. The parser gets the document from its root on, where
    # a document type is an error.
    if _DECLARATION.search(before):
        raise refusal(
            "FG-file-unsafe",
            "it declares a document type, which a workout never needs and which can be used to "
            "attack an XML parser",
        )
    if root is None:
        first = _FIRST_TAG.search(head)
        what = "it is not XML"
        if first is not None:
            what = f"it is a different kind of XML: its root element is <{first[1]}>"
        raise refusal(f"FG-not-{kind}", what)
    return Document(
        content,
        encoding,
        root.start(),
    )


def _spaces(comment: re.Match[str]) -> str:
    """Return as many spaces as a comment has characters."""
    return " " * len(comment[0])


def _encoding(
    content: bytes,
    kind: str,
) -> str:
    """Return the encoding of a document.

    A byte order mark and zeros between letters are better evidence than what the file declares.

    Raises:
        RecordRefused: If the encoding is not UTF-8, UTF-16, Latin-1 or ASCII. UTF-7 and others
            could hide a document type.
    """
    if content.startswith(_UTF_32_MARKS):
        raise _unreadable(kind, "UTF-32")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = content[:HEAD_SIZE].lstrip()
    if head.startswith((b"<\0\0\0", b"\0\0\0<")):
        raise _unreadable(kind, "UTF-32")
    if head.startswith(b"<\0"):
        return "utf-16-le"
    if head.startswith(b"\0<"):
        return "utf-16-be"
    declared = _declared(head)
    try:
        name = codecs.lookup(declared).name
    except (LookupError, ValueError):
        name = declared
    # The bytes are not UTF-16, whatever they declare: the declaration itself was readable.
    if name in _UTF_8 or name in _UTF_16:
        return "utf-8-sig"
    if name not in _SINGLE_BYTE:
        raise _unreadable(kind, declared)
    return "utf-8-sig" if content.startswith(codecs.BOM_UTF8) else name


def _declared(head: bytes) -> str:
    """Return the encoding that a document declares; without a declaration, it is UTF-8."""
    at = head.find(b"<?xml")
    declared = None if at < 0 else _ENCODING.match(head, at)
    if declared is None:
        return "utf-8"
    return declared[1].decode("ascii", "replace").strip()


def _unreadable(kind: str, encoding: str) -> Exception:
    """Return the refusal of an encoding."""
    return refusal(
        f"FG-not-{kind}",
        f"it declares the encoding {shown(encoding)}, and only UTF-8, UTF-16, Latin-1 and ASCII "
        "are read",
        "save it in UTF-8, or export it again",
    )


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are not UTF-8 as Windows-1252, which programs write without declaring it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return wrong.decode("cp1252", "replace"), error.end


codecs.register_error(
    "fitglue-windows-1252",
    _as_windows_1252,
)


def _errors(encoding: str) -> str:
    """Return the name of the handler for bytes that are invalid in an encoding."""
    if encoding in _UTF_8:
        return "fitglue-windows-1252"
    return "replace"
