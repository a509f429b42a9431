"""Tolerant reading of XML from untrusted sources.

Any version, prefix and namespace is accepted, and so is everything in front of the root element
except a document type, which is refused before a parser sees the document.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from lxml import etree

from fitglue_formats.budget import DAMAGED_POINTS, OUTSIDE, OUTSIDE_BYTES, SECTIONS, Budget, beyond
from fitglue_formats.refusals import LONGEST_QUOTE, refusal, shortened
from fitglue_formats.xml_document import BLOCK_SIZE, HEAD_SIZE, document_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from fitglue_formats.budget import Limit
    from fitglue_formats.xml_document import Document

#: The end of a complete document, in the last bytes of the file.
_ROOT_END = re.compile(
    rb"</[^<>]{0,60}(?:gpx|TrainingCenterDatabase)\s*>",
    re.IGNORECASE,
)
#: The key of ``completeness.missing`` for a broken document.
BROKEN = "intact file"
#: No element that we read is longer than this, in characters; the limit keeps a broken file that
#: has no further element from filling memory.
_LONGEST_FRAGMENT = 100_000
#: The most names that are remembered. A file has ten of them, and a hostile one has millions.
MOST_NAMES = 1_000


class Collector(Protocol):
    """A receiver for the elements of a document, in the order of the file."""

    @property
    def names(self) -> tuple[str, ...]:
        """The local names of the elements that are passed to the methods."""

    @property
    def points(self) -> Mapping[str, str]:
        """The name of the elements of which there can be a million → the name of their parent, in
        which there is nothing else to read. Both are among ``names``.
        """

    @property
    def limits(self) -> Mapping[str, Limit]:
        """The name of an element → how many of them a file may have."""

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
        RecordRefused: If the document is empty, is another kind of file, is unsafe, or is larger
            than any workout.
    """
    document = document_of(content, kind)
    collector = new()
    try:
        _parse(document, collector)
    except etree.XMLSyntaxError as error:
        # The parser has limits of its own, such as 256 levels of elements.
        if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            raise _too_deep() from error
        collector = new()
        _parse_pieces(document, collector)
        return collector, {BROKEN: _what_is_wrong(content, error)}
    return collector, {}


@lru_cache(maxsize=MOST_NAMES)
def local_name(tag: Any) -> str:
    """Return the name of an element without its namespace or an undeclared prefix.

    A file has a million elements and ten names, so the names are remembered.

    Args:
        tag: The ``tag`` of an element. It is not text if the element is an entity.
    """
    return str(tag).rpartition("}")[2].rpartition(":")[2]


def _too_deep() -> Exception:
    """Return the refusal of a document that exceeds a limit of the parser."""
    return refusal(
        "FG-file-unsafe",
        "its elements are nested more than 256 levels deep, or one of them is larger than 10 MB, "
        "which can be used to attack an XML parser",
    )


def _what_is_wrong(
    content: bytes,
    error: etree.XMLSyntaxError,
) -> str:
    """Return what is wrong with a document that is not well-formed."""
    if not _ROOT_END.search(content[-HEAD_SIZE:].replace(b"\0", b"")):
        return "it is truncated: its end is missing"
    return f"it is not well-formed XML: {shortened(error.msg, LONGEST_QUOTE)}"


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
    document: Document,
    collector: Collector,
) -> None:
    """Pass the elements of a well-formed document to a collector; raise ``XMLSyntaxError`` for a
    broken one.
    """
    reading = _Reading(collector)
    try:
        for block in document.blocks(reading.budget):
            reading.feed(block)
        reading.close()
    finally:
        reading.free()


class _Reading:
    """A document that is being parsed, block by block."""

    def __init__(self, collector: Collector) -> None:
        self.budget = Budget()
        self._collector = collector
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            tag=[f"{{*}}{name}" for name in collector.names],
            **_options(),
        )
        self._parents = frozenset(collector.points.values())
        # Whether the end of a point has not been reached. Points are never inside each other.
        self._is_open = False
        self._outside = _Outside()

    def feed(self, block: bytes) -> None:
        """Parse a block, and pass its elements to the collector."""
        self._parser.feed(block)
        self._take()
        self._outside.check(block)

    def close(self) -> None:
        """Parse what is left; raise ``XMLSyntaxError`` if the document is incomplete."""
        self._parser.close()
        self._take()

    def free(self) -> None:
        """Free the memory of the document.

        A parser of lxml refers to itself and to the root, so it would keep the document until some
        time after the next large file has been unpacked.
        """
        if self._outside.root is None:
            return
        root = self._outside.root.getroottree().getroot()
        # From the leaves up: to remove an element with everything in it takes quadratic time while
        # something in it is still referred to, as by a parser that was stopped inside it.
        for _, element in etree.iterwalk(root, events=("end",)):
            del element[:]
        self._outside.root = None

    def _take(self) -> None:
        """Pass the elements that have been parsed to the collector, and free their memory."""
        collector = self._collector
        points = collector.points
        point = None
        is_open = self._is_open
        count = 0
        events: Any = self._parser.read_events()
        for event, element in events:
            name = local_name(element.tag)
            if event == "end":
                collector.end(name, element)
                if name in points:
                    point = element
                    is_open = False
                    count += 1
                elif name in self._parents:
                    del element[:]
            elif name not in points:
                self.budget.use(collector.limits.get(name, SECTIONS))
                collector.start(name, element)
                self._outside.root = element
            elif is_open:
                raise _nested(name)
            else:
                is_open = True
        self._is_open = is_open
        if point is not None:
            self.budget.use(collector.limits[local_name(point.tag)], count)
            _free(point, collector)


def _nested(name: str) -> Exception:
    """Return the refusal of a document with points inside points.

    Each of them would be read with everything inside it, so the time would be quadratic.
    """
    return refusal(
        "FG-file-unsafe",
        f"it has a <{name}> inside a <{name}>, which no program writes and which can be used to "
        "keep a reader busy",
    )


class _Outside:
    """The elements outside the points of a document, which stay in memory until it ends."""

    def __init__(self) -> None:
        #: Any element of the document.
        self.root: Any = None
        self._marks = 0
        self._size = 0

    def check(self, block: bytes) -> None:
        """Count a block.

        What was fed since the last measurement is an upper bound, so a measurement is rare.

        Raises:
            RecordRefused: If there is more than any workout needs.
        """
        self._marks += _marks(block)
        self._size += len(block)
        if self._marks <= 2 * OUTSIDE.most and self._size <= OUTSIDE_BYTES.most * 5 // 4:
            return
        written = _Written()
        if self.root is not None:
            self.root.getroottree().write(written, encoding="utf-8")
        if written.marks > OUTSIDE.most:
            raise beyond(OUTSIDE)
        if written.size > OUTSIDE_BYTES.most:
            raise beyond(OUTSIDE_BYTES)
        self._marks = written.marks
        self._size = written.size


class _Written:
    """A file that keeps nothing but the number of the bytes and marks that were written to it."""

    def __init__(self) -> None:
        self.closed = False
        self.marks = 0
        self.size = 0

    def write(self, written: bytes) -> None:
        """Count some bytes."""
        self.marks += _marks(written)
        self.size += len(written)


def _marks(block: bytes) -> int:
    """Return the number of tags and attributes in a part of a document."""
    return block.count(b"<") + block.count(b"=")


def _free(
    point: Any,
    collector: Collector,
) -> None:
    """Remove the points before a point, which have been read.

    The tree of a document needs ten times its size. The point itself stays until the next block:
    the parser still refers to it.
    """
    parent = point.getparent()
    if parent is None:
        return
    if local_name(parent.tag) in collector.points.values():
        del parent[: parent.index(point)]
        return
    # Some programs leave out the segment. Then the name of the track is beside its points.
    for earlier in list(point.itersiblings(point.tag, preceding=True)):
        parent.remove(earlier)


def _parse_pieces(
    document: Document,
    collector: Collector,
) -> None:
    """Pass the elements of a broken document to a collector, each parsed separately."""
    parser = etree.XMLParser(recover=True, **_options())
    budget = Budget()
    for piece in _pieces(document, collector.names, budget):
        try:
            element = etree.fromstring(_without_unfinished(piece), parser)
        except etree.XMLSyntaxError:  # nothing in it is readable
            continue
        if element is not None:
            name = local_name(element.tag)
            is_point = name in collector.points
            budget.use(DAMAGED_POINTS if is_point else collector.limits.get(name, SECTIONS))
            collector.start(name, element)
            collector.end(name, element)


def _without_unfinished(piece: bytes) -> bytes:
    """Return a piece without a cut-off text or tag: half of a number is another number."""
    end = piece.rfind(b">") + 1
    return piece[:end]


def _pieces(
    document: Document,
    names: tuple[str, ...],
    budget: Budget,
) -> Iterator[bytes]:
    """Yield the document in pieces that begin with one of these elements."""
    choice = "|".join(names).encode()
    tag = re.compile(rb"<(?:[\w.-]{1,60}:)?(?:" + choice + rb")(?=[\s/>])")
    rest = b""
    for block in document.blocks(budget):
        searched = max(len(rest) - 100, 1)  # a tag can be split between two blocks
        rest += block
        starts = [match.start() for match in tag.finditer(rest, searched)]
        begin = 0
        for start in starts:
            yield rest[begin:start][:_LONGEST_FRAGMENT]
            begin = start
        rest = rest[begin:]
        if len(rest) > _LONGEST_FRAGMENT + BLOCK_SIZE:
            rest = rest[:_LONGEST_FRAGMENT] + rest[-BLOCK_SIZE:]
    yield rest[:_LONGEST_FRAGMENT]
