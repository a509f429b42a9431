"""Reads XML from outside without harm: blanks and marks in front are forgiven, a document type is
not.
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
_ENCODING = re.compile(rb"<\?xml[^>]*encoding=[\"']([A-Za-z0-9._-]+)[\"']")


def clean(content: bytes) -> bytes:
    """The content without a UTF-8 mark and without the blanks that Strava writes before the
    declaration.
    """
    return content.removeprefix(b"\xef\xbb\xbf").strip()


def parse(content: bytes, root_name: str) -> Element:
    """The root of a cleaned document; raises ``RecordRefused`` where it is no XML, another kind, or
    unsafe.
    """
    if not content:
        raise refusal("FG-file-empty", "it is empty")
    try:
        # A document type is where entity bombs live, and neither GPX nor TCX needs one.
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise refusal(
            "FG-file-unsafe",
            "it declares a document type, which no workout needs and which can harm a reader",
        ) from error
    except (ParseError, LookupError, ValueError) as error:
        raise refusal(
            f"FG-not-{root_name}",
            f"it is no XML, or is cut: {error}",
        ) from error
    name = local_name(root)
    if name.lower() not in _ROOTS[root_name]:
        raise refusal(
            f"FG-not-{root_name}",
            f"it is XML of another kind: its root is <{name}>",
        )
    return root


def local_name(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def encoding(content: bytes) -> str:
    """What an XML parser would take for the encoding, for a library that wants text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    declared = _ENCODING.match(content)
    if declared is None:
        return "utf-8"
    return declared[1].decode()
