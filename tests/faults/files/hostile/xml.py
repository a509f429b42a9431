"""GPX and TCX files that are made to do harm."""

from __future__ import annotations

import gzip
from functools import partial

from tests.faults.files.conftest import gpx
from tests.faults.files.hostile.attack import Attack, file, repeated

_BEYOND = "FG-file-beyond-limits"
_UNSAFE = "FG-file-unsafe"
_GPX = b'<?xml version="1.0"?><gpx version="1.1"><trk>'
_TRACKPOINTS = b'<TrainingCenterDatabase><Activity Sport="Biking"><Lap><Track>'
#: Bytes that are unpacked; the limit of a file is 256 MiB.
_FULL = 250e6
#: What the athlete sees of an encoding that is not read.
_ENCODINGS = "only UTF-8, UTF-16, Latin-1 and ASCII"


def with_name(name: bytes) -> bytes:
    """Return a GPX whose track has a name."""
    return gpx(9).replace(b"<trk>", b"<trk><name>" + name + b"</name>")


def _packed(content: bytes) -> bytes:
    """Return a gzip, made quickly."""
    return gzip.compress(content, 1)


def _numbered(pattern: bytes, size: float) -> bytes:
    """Return a pattern with growing numbers, up to a number of bytes."""
    count = int(size) // len(pattern % 10**6)
    return b"".join(pattern % number for number in range(count))


# -- namespaces ------------------------------------------------------------------------------------


def _xmlns_in_a_tag(share: float) -> bytes:
    return _packed(b"<gpx" + repeated(b" xmlns", _FULL * share) + b">")


def _xmlns_in_a_text(share: float) -> bytes:
    return _packed(with_name(repeated(b" xmlns", _FULL * share)))


def _many_namespaces(share: float) -> bytes:
    return _packed(b"<gpx" + _numbered(b' xmlns:n%d="u"', _FULL * share) + b">" + gpx(9))


NAMESPACES = [
    Attack("a tag that repeats xmlns", file("x.gpx.gz", _xmlns_in_a_tag), "FG-"),
    Attack("a text that repeats xmlns", file("x.gpx.gz", _xmlns_in_a_text), _BEYOND),
    Attack("a tag with millions of namespaces", file("x.gpx.gz", _many_namespaces), "FG-"),
]


# -- elements in elements --------------------------------------------------------------------------


def _trackpoints(share: float) -> bytes:
    return _TRACKPOINTS + repeated(b"<Trackpoint>", _FULL * share)


def _track_points(share: float) -> bytes:
    return _GPX + b"<trkseg>" + repeated(b'<trkpt lat="47" lon="11">', _FULL * share)


def _elements(share: float) -> bytes:
    half = _FULL / 2 * share
    return _GPX + repeated(b"<a>", half) + repeated(b"</a>", half) + b"</trk></gpx>"


NESTED = [
    Attack("Trackpoints inside Trackpoints", file("x.tcx", _trackpoints), _UNSAFE),
    Attack("points of a GPX inside one another", file("x.gpx", _track_points), _UNSAFE),
    Attack("elements inside elements", file("x.gpx", _elements), _UNSAFE),
]


# -- size ------------------------------------------------------------------------------------------


def recording(size: float) -> bytes:
    """Return a recording with a point per second, of which only the time changes."""
    count = int(size) // 76
    points = []
    for number in range(count):
        minutes, second = divmod(number, 60)
        hours, minute = divmod(minutes, 60)
        days, hour = divmod(hours, 24)
        time = b"2026-%02d-%02dT%02d:%02d:%02dZ" % (
            days // 28 % 12 + 1,
            days % 28 + 1,
            hour,
            minute,
            second,
        )
        points.append(b'<trkpt lat="47.1" lon="11.1"><time>%b</time></trkpt>' % time)
    return _GPX + b"<trkseg>" + b"".join(points) + b"</trkseg></trk></gpx>"


def _points(share: float) -> bytes:
    return recording(_FULL * share)


def _tags(share: float) -> bytes:
    return _packed(_GPX + repeated(b"<a/>", _FULL * share) + b"</trk></gpx>")


def _zeros(share: float) -> bytes:
    return gzip.compress(bytes(1 << 20)) * int(4000 * share)


LARGE = [
    Attack("a GPX of 60 million tags", file("x.gpx.gz", _tags), _BEYOND),
    Attack("a GPX of 250 MB with a point per second", file("x.gpx", _points), ""),
    Attack("a gzip that unpacks to gigabytes", file("x.gpx.gz", _zeros), ""),
]


# -- encodings -------------------------------------------------------------------------------------


def _encoded(encoding: str, codec: str, share: float) -> bytes:
    """Return a GPX with a document type that only a parser which knows the encoding sees."""
    text = gpx(9).decode().partition("?>")[2]
    comment = f"<!-- {'x' * int(1e6 * share)} -->"
    hidden = f"<!DOCTYPE gpx>{text}{comment}"
    return f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + hidden.encode(codec)


def _escaped(share: float) -> bytes:
    text = _encoded("unicode_escape", "ascii", share)
    return text.replace(b"<!DOCTYPE gpx>", rb"\x3c!DOCTYPE gpx\x3e")


ENCODINGS = [
    Attack("a document type behind unicode_escape", file("x.gpx", _escaped), _ENCODINGS),
    Attack(
        "a document type in UTF-7",
        file("x.gpx", partial(_encoded, "UTF-7", "utf-7")),
        _ENCODINGS,
    ),
    Attack(
        "a document type in EBCDIC",
        file("x.gpx", partial(_encoded, "cp037", "cp037")),
        "not a FIT, GPX or TCX file",
    ),
]


# -- titles ----------------------------------------------------------------------------------------


def _spaces(share: float) -> bytes:
    return with_name(b"&lt;p&gt;" + b" " * int(1e6 * share) + b"&lt;/p&gt;")


def _open_tags(share: float) -> bytes:
    return with_name(repeated(b"&lt;p ", 1e6 * share))


def _description(share: float) -> bytes:
    text = b"<desc>&lt;b&gt;" + repeated(b" &amp;nbsp;", 1e6 * share) + b"</desc>"
    return gpx(9).replace(b"<trk>", b"<trk>" + text)


TITLES = [
    Attack("a title in HTML of a million spaces", file("x.gpx", _spaces)),
    Attack("a title of tags that do not end", file("x.gpx", _open_tags)),
    Attack("a description in HTML of a million spaces", file("x.gpx", _description)),
]
