"""Parsing of XML from untrusted sources.

Whitespace and byte order marks before the declaration are accepted; a document type is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]

from fitglue_formats.refusals import refusal

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Kind of file → the names that its root may have, in lower case.
_ROOTS = {"gpx": ("gpx",), "tcx": ("trainingcenterdatabase",)}
#: The declaration has to come first, so the pattern is only matched at the beginning.
_ENCODING = re.compile(rb"<\?xml[^>]*encoding=[\"']([A-Za-z0-9._-]+)[\"']")


def clean(content: bytes) -> bytes:
    """Return the content without a UTF-8 byte order mark and without surrounding whitespace.

    Strava writes ten blanks before the XML declaration of a TCX file, which a parser rejects.
    """
    return content.removeprefix(b"\xef\xbb\xbf").strip()


def parse(content: bytes, root_name: str) -> Element:
    """Return the root element of a document that ``clean`` has prepared.

    Args:
        content: The bytes of the document.
        root_name: The expected format, ``gpx`` or ``tcx``.

    Raises:
        RecordRefused: If the document is empty, is not XML, has another root, or is unsafe.
    """
    if not content:
        raise refusal("FG-file-empty", "it is empty")
    try:
        # Entity bombs ("billion laughs") are declared in a document type. Neither GPX nor TCX
        # needs one, so every document type is refused.
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise refusal(
            "FG-file-unsafe",
            "it declares a document type, which a workout never needs and which can be used to "
            "attack an XML parser",
        ) from error
    except (ParseError, LookupError, ValueError) as error:  # LookupError: an unknown encoding
        raise refusal(
            f"FG-not-{root_name}",
            f"it is not valid XML, or it is truncated: {error}",
        ) from error
    name = local_name(root)
    if name.lower() not in _ROOTS[root_name]:
        raise refusal(
            f"FG-not-{root_name}",
            f"it is a different kind of XML: its root element is <{name}>",
        )
    return root


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def encoding(content: bytes) -> str:
    """Return the encoding that an XML parser would use, for a library that takes text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    declared = _ENCODING.match(content)
    if declared is None:
        return "utf-8"
    return declared[1].decode()
