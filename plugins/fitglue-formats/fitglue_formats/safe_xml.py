"""Tolerant reading of XML from untrusted sources.

Any version, prefix and namespace is accepted, and so is everything in front of the root element
except a document type, which is refused before a parser sees the document.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from lxml import etree

from fitglue_formats.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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
#: The end of a complete document, in the last bytes of the file.
_ROOT_END = re.compile(
    rb"</[^<>]{0,60}(?:gpx|TrainingCenterDatabase)\s*>",
    re.IGNORECASE,
)
_FIRST_TAG = re.compile(r"<([\w.:-]{1,60})")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DECLARATION = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
#: The declaration of the encoding, in the first bytes of the file.
_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
#: The number of bytes in which the root element is searched for.
_HEAD_SIZE = 1 << 16
#: Larger blocks cost memory, and smaller ones cost time.
_BLOCK_SIZE = 1 << 18
#: The key of ``completeness.missing`` for a broken document.
BROKEN = "intact file"
#: No element that we read is longer than this, in characters; the limit keeps a broken file that
#: has no further element from filling memory.
_LONGEST_FRAGMENT = 100_000
#: Characters that XML does not allow; a crashed device leaves zeros behind.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))
_NOTHING = re.compile(rb"[ \t\r\n\0\xef\xbb\xbf]*+")
#: Codecs that decode escapes, such as unicode_escape, read the last four characters as one.
_ASCII = bytes(set(range(32, 127)) - set(b"\\")) + b"\\x41"


class Collector(Protocol):
    """A receiver for the elements of a document, in the order of the file."""

    @property
    def names(self) -> tuple[str, ...]:
        """The local names of the elements that are passed to the methods."""

    @property
    def points(self) -> Mapping[str, str]:
        """The name of the elements of which there can be a million → the name of their parent, in
        which there is nothing else to read.
        """

    def start(
        self,
        name: str,
        element: Any,
    ) -> None:
        """Take an element that has begun. Only its attributes are known."""

    def end(
        self,
        name: str,
        element: Any,
    ) -> None:
        """Take an element with its content; points inside it may have been removed."""


C = TypeVar("C", bound=Collector)


@dataclass(frozen=True, slots=True)
class _Document:
    """A document whose root and encoding are known."""

    content: bytes
    encoding: str
    root_at: int  # characters in front of the root

    def blocks(self) -> Iterator[bytes]:
        """Yield the document from its root on, in UTF-8 and without forbidden characters."""
        decoder = codecs.getincrementaldecoder(self.encoding)(_errors(self.encoding))
        skipped = self.root_at
        view = memoryview(self.content)
        for at in range(
            0,
            len(view),
            _BLOCK_SIZE,
        ):
            text = decoder.decode(view[at : at + _BLOCK_SIZE])
            if skipped:
                text, skipped = text[skipped:], max(skipped - len(text), 0)
            yield text.encode("utf-8", "replace").translate(None, _CONTROLS)


def collect(
    content: bytes,
    kind: str,
    new: Callable[[], C],
) -> tuple[C, dict[str, str]]:
    """Pass the elements of a document to a collector.

    A well-formed document goes through a parser. A broken one is cut at the elements that the
    collector wants, and each piece is parsed separately, so that an error costs only its element.
    (A recovering parser puts the next element inside the broken one, and gives up after some
    errors.)

    Args:
        content: The bytes of the document.
        kind: The expected format, ``gpx`` or ``tcx``.
        new: Makes an empty collector.

    Returns:
        The collector, and what is wrong with the document as ``completeness.missing`` states it;
        empty for a well-formed document.

    Raises:
        RecordRefused: If the document is empty, is another kind of file, or is unsafe.
    """
    document = _document(content, kind)
    collector = new()
    try:
        _parse(document, collector)
    except etree.XMLSyntaxError as error:
        collector = new()
        _parse_pieces(document, collector)
        return collector, {BROKEN: _what_is_wrong(content, error)}
    return collector, {}


def local_name(tag: Any) -> str:
    """Return the name of an element without its namespace or an undeclared prefix.

    Args:
        tag: The ``tag`` of an element. It is not text if the element is an entity.
    """
    return str(tag).rpartition("}")[2].rpartition(":")[2]


# -- what is looked at before parsing --------------------------------------------------------------


def _document(
    content: bytes,
    kind: str,
) -> _Document:
    """Return the document; raise ``RecordRefused`` if it must not or cannot be parsed."""
    # Only the beginning is looked at: a copy of a large file would double the memory.
    if _NOTHING.fullmatch(content):
        raise refusal("FG-file-empty", "it is empty")
    encoding = _encoding(content, kind)
    decoder = codecs.getincrementaldecoder(encoding)(_errors(encoding))
    head = decoder.decode(content[:_HEAD_SIZE])
    root = _ROOTS[kind].search(head)
    before = head if root is None else head[: root.start()]
    # Entity bombs ("billion laughs") are declared in a document type. Neither GPX nor TCX needs
    # one, so every document type is refused. The parser gets the document from its root on, where
    # a document type is an error.
    if _DECLARATION.search(_COMMENT.sub("", before)):
        raise refusal(
            "FG-file-unsafe",
            "it declares a document type, which a workout never needs and which can be used to "
            "attack an XML parser",
        )
    if root is None:
        first = _FIRST_TAG.search(_COMMENT.sub("", head))
        what = "it is not XML"
        if first is not None:
            what = f"it is a different kind of XML: its root element is <{first[1]}>"
        raise refusal(f"FG-not-{kind}", what)
    return _Document(
        content,
        encoding,
        root.start(),
    )


def _encoding(
    content: bytes,
    kind: str,
) -> str:
    """Return the encoding of a document.

    A byte order mark and zeros between letters are better evidence than what the file declares.

    Raises:
        RecordRefused: If the declared encoding is unknown, or is not a superset of ASCII. UTF-7
            and others could hide a document type.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    start = content[:_HEAD_SIZE].lstrip()[:2]
    if start == b"<\0":
        return "utf-16-le"
    if start == b"\0<":
        return "utf-16-be"
    declared = _ENCODING.search(content[:_HEAD_SIZE])
    name = declared[1].decode() if declared else "utf-8"
    if content.startswith(b"\xef\xbb\xbf") or name.lower().startswith(("utf-16", "utf16")):
        return "utf-8-sig"
    try:
        if _ASCII.decode(name) == _ASCII.decode("ascii"):
            return name
    except (LookupError, ValueError):
        pass
    raise refusal(
        f"FG-not-{kind}",
        f"it declares the encoding {name!r}, which is unknown or unsafe",
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
    if encoding.lower().replace("_", "-").startswith(("utf-8", "utf8")):
        return "fitglue-windows-1252"
    return "replace"


def _what_is_wrong(
    content: bytes,
    error: etree.XMLSyntaxError,
) -> str:
    """Return what is wrong with a document that is not well-formed."""
    if not _ROOT_END.search(content[-_HEAD_SIZE:].replace(b"\0", b"")):
        return "it is truncated: its end is missing"
    return f"it is not well-formed XML: {error.msg}"


# -- parsing ---------------------------------------------------------------------------------------


def _options() -> dict[str, Any]:
    """Return the options that keep a parser from the network, from files and from entities."""
    return {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "remove_comments": True,
        "remove_pis": True,
        "encoding": "utf-8",
    }


def _parse(
    document: _Document,
    collector: Collector,
) -> None:
    """Pass the elements of a well-formed document to a collector; raise ``XMLSyntaxError`` for a
    broken one.
    """
    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=[f"{{*}}{name}" for name in collector.names],
        **_options(),
    )
    names: dict[str, str] = {}
    for block in document.blocks():
        parser.feed(block)
        _take(parser, collector, names)
    parser.close()
    _take(parser, collector, names)


def _take(
    parser: Any,
    collector: Collector,
    names: dict[str, str],
) -> None:
    """Pass the elements that have been parsed to a collector, and free their memory.

    Args:
        parser: The parser, which has been fed a block.
        collector: The collector.
        names: Name with namespace → local name, for the names seen so far. A file has a million
            elements and ten names, so each name is looked at once.
    """
    point = None
    for event, element in parser.read_events():
        tag = element.tag
        name = names.get(tag) or names.setdefault(tag, local_name(tag))
        if event == "end":
            collector.end(name, element)
            if name in collector.points:
                point = element
        elif name not in collector.points:
            collector.start(name, element)
    if point is not None:
        _free(point, collector)


def _free(
    point: Any,
    collector: Collector,
) -> None:
    """Remove the points before a point, which have been read.

    The tree of a document needs ten times its size. The point itself stays until the next block:
    the parser still refers to it.
    """
    parent = point.getparent()
    if parent is not None and local_name(parent.tag) in collector.points.values():
        del parent[: parent.index(point)]


def _parse_pieces(
    document: _Document,
    collector: Collector,
) -> None:
    """Pass the elements of a broken document to a collector, each parsed separately."""
    parser = etree.XMLParser(recover=True, **_options())
    for piece in _pieces(document, collector.names):
        try:
            element = etree.fromstring(_without_unfinished(piece), parser)
        except etree.XMLSyntaxError:  # nothing in it is readable
            continue
        if element is not None:
            name = local_name(element.tag)
            collector.start(name, element)
            collector.end(name, element)


def _without_unfinished(piece: bytes) -> bytes:
    """Return a piece without a cut-off text or tag: half of a number is another number."""
    end = piece.rfind(b">") + 1
    return piece[:end]


def _pieces(
    document: _Document,
    names: tuple[str, ...],
) -> Iterator[bytes]:
    """Yield the document in pieces that begin with one of these elements."""
    choice = "|".join(names).encode()
    tag = re.compile(rb"<(?:[\w.-]{1,60}:)?(?:" + choice + rb")(?=[\s/>])")
    rest = b""
    for block in document.blocks():
        searched = max(len(rest) - 100, 1)  # a tag can be split between two blocks
        rest += block
        starts = [match.start() for match in tag.finditer(rest, searched)]
        begin = 0
        for start in starts:
            yield rest[begin:start][:_LONGEST_FRAGMENT]
            begin = start
        rest = rest[begin:]
        if len(rest) > _LONGEST_FRAGMENT + _BLOCK_SIZE:
            rest = rest[:_LONGEST_FRAGMENT] + rest[-_BLOCK_SIZE:]
    yield rest[:_LONGEST_FRAGMENT]
