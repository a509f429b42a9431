"""The one reader for all formats of workouts: it detects the format, and returns the workouts that
a file contains.

The format is detected from the content and never from the suffix, which is often wrong. All plugins
read files through this module, so one file gives the same activity in every source.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_formats.refusals import refusal
from fitglue_registry.model import (
    Completeness,
    Provenance,
    SourceActivity,
    claim,
)
from fitglue_registry.payloads import GZIP, ZIP_STARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Other kinds of files that are often found among workouts, by their first bytes.
_OTHER_KINDS = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"%PDF", "a PDF"),
    (b"{", "a JSON file"),
    (b"[", "a JSON file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Salted__", "an encrypted file"),
    (b"-----BEGIN PGP", "an encrypted file"),
)
#: Format → the module that reads it. A module is imported when the first file of its format is
#: read: numpy and lxml are too slow to import for commands that read no file.
_READERS = {
    "fit": "fitglue_formats.fit.reader",
    "gpx": "fitglue_formats.gpx",
    "tcx": "fitglue_formats.tcx",
}
#: Format → the start tag of its root, with any prefix.
_XML_ROOTS = {
    "tcx": re.compile(rb"<(?:[\w.-]{1,60}:)?TrainingCenterDatabase(?=[\s/>])", re.IGNORECASE),
    "gpx": re.compile(rb"<(?:[\w.-]{1,60}:)?gpx(?=[\s/>])", re.IGNORECASE),
}
#: What may be in front of the first tag of an XML file: byte order marks and white space.
_BEFORE_XML = b"\xef\xbb\xbf\xff\xfe \t\r\n"
_WEB_PAGE = re.compile(rb"<html(?=[\s>])", re.IGNORECASE)
_SUFFIX = re.compile(r"\.(fit|gpx|tcx)(\.gz)?\Z", re.IGNORECASE)
#: The legs of a multisport event begin earlier than this after the leg before them.
_BETWEEN_EVENTS = timedelta(hours=6)
#: The number of bytes in which the root element of an XML file is searched for.
_HEAD_SIZE = 4096


def kind_of(head: bytes) -> str | None:
    """Return the format of a file: ``fit``, ``gpx``, ``tcx``, ``zip``, ``gzip``, or ``None``.

    Args:
        head: The first bytes of the file. A few hundred are enough, unless an XML file begins with
            a long comment; 4096 are looked at.
    """
    if head.startswith(GZIP):
        return "gzip"
    if head.startswith(ZIP_STARTS):
        return "zip"
    # FIT protocol, file header: ".FIT" is in the bytes 8 to 11, after the sizes and versions.
    if head[8:12] == b".FIT":
        return "fit"
    text = head[:_HEAD_SIZE].replace(b"\0", b"")  # turns the ASCII part of UTF-16 into ASCII
    # A text or a web page that only quotes a workout is not one.
    if not text.lstrip(_BEFORE_XML).startswith(b"<") or _WEB_PAGE.search(text):
        return None
    for kind, root in _XML_ROOTS.items():
        if root.search(text):
            return kind
    return None


def is_activity(head: bytes) -> bool | None:
    """Return whether a file contains a workout, or ``None`` if its first bytes do not show it.

    A FIT file states its type in its first message; a GPX or TCX file counts as a workout. For
    other files (and for a FIT file whose first message is incomplete) the answer is ``None``.

    Args:
        head: The first bytes of the file; a few hundred are enough.
    """
    kind = kind_of(head)
    if kind in ("gpx", "tcx"):
        return True
    file_type = _file_type(kind, head)
    if file_type is None:
        return None
    return file_type == "activity"


def _file_type(kind: str | None, content: bytes) -> str | None:
    """Return the type that a FIT file states, or ``None`` for other formats."""
    if kind != "fit":
        return None
    # The reader needs NumPy, but the type does not.
    from fitglue_formats.fit.file_types import file_type

    return file_type(content)


def activities(
    content: bytes,
    name: str | None = None,
) -> list[SourceActivity]:
    """Return every workout of an unpacked file, with its samples, laps, claims and title.

    Args:
        content: All bytes of the file.
        name: The name of the file. Without folders and suffix, it becomes the title of a workout
            that has no title of its own.

    Returns:
        One source activity for each workout, in the order of their legs. If there are several,
        ``parent`` groups them.

    Raises:
        RecordRefused: If the file contains no usable workout. The code states the reason.
    """
    reader = _reader(content)
    workouts = _named(reader.activities(content), name)
    content_id = hashlib.sha256(content).hexdigest()
    return with_claims(workouts, content_id)


# -- what identifies a workout ---------------------------------------------------------------------


def device_claim(serial: object, start: datetime) -> str:
    """Return the claim that a device started a recording at a moment.

    The claim is the same whether it is made from a file, an archive, or an API that states the
    serial number, so it joins the copies of one recording.

    Args:
        serial: The serial number of the device; it is written with ``str``.
        start: The start in UTC. Fractions of a second are dropped.
    """
    return claim("device", f"{serial}@{start:%Y-%m-%dT%H:%M:%SZ}")


def with_claims(
    workouts: Sequence[SourceActivity],
    content_id: str,
) -> list[SourceActivity]:
    """Return the workouts of one file with their claims, completeness and parent.

    A workout is identified by the content of the file with the number of its leg, and by the serial
    number of the device with its start.

    Args:
        workouts: The workouts of one file, in the order of their legs.
        content_id: The SHA-256 of the unpacked content, in hexadecimal digits.
    """
    device_claims: set[str] = set()
    claimed = []
    parents = _parents(workouts, content_id)
    for activity, parent in zip(workouts, parents, strict=True):
        claims = [claim("file", f"sha256:{content_id}#{activity.leg_no}")]
        serial = None
        if activity.device is not None:
            serial = activity.device.serial
        if serial and activity.start_utc is not None:
            from_device = device_claim(serial, activity.start_utc)
            # Equal claims mean "the same workout". Two legs can begin in the same second (a
            # transition of zero length), so only the first of them gets the claim.
            if from_device not in device_claims:
                claims.append(from_device)
            device_claims.add(from_device)
        changed = msgspec.structs.replace(
            activity,
            claims=tuple(claims),
            completeness=Completeness(("file",), activity.completeness.missing),
            parent=parent,
        )
        claimed.append(changed)
    return claimed


def _parents(workouts: Sequence[SourceActivity], content_id: str) -> list[str | None]:
    """Return the key of the multisport event of each workout, or ``None`` for a single workout.

    The legs of one event follow each other. A file can also contain the workouts of several days,
    which have nothing in common but the file. (Each of them still has a ``leg_no``, which is part
    of the key of a source activity.)
    """
    parents: list[str | None] = []
    events = _events(workouts)
    for event in events:
        key = None
        if len(event) > 1:
            # The key depends only on the content of the file, so it is the same on every reading.
            key = f"file:sha256:{content_id}"
            if len(events) > 1:
                key += f"#{event[0].leg_no}"
        parents += [key] * len(event)
    return parents


def _events(workouts: Sequence[SourceActivity]) -> list[list[SourceActivity]]:
    """Return the workouts in groups whose members begin soon after the one before them ended."""
    events: list[list[SourceActivity]] = []
    end: datetime | None = None
    for activity in workouts:
        start = activity.start_utc
        if end is None or start is None or abs(start - end) >= _BETWEEN_EVENTS:
            events.append([])
        events[-1].append(activity)
        end = start and _end(start, activity)
    return events


def _end(start: datetime, activity: SourceActivity) -> datetime:
    """Return the end of a workout; a duration beyond the calendar counts as none."""
    try:
        return start + timedelta(seconds=activity.elapsed_s or 0)
    except OverflowError:
        return start


def _named(
    workouts: Sequence[SourceActivity],
    name: str | None,
) -> list[SourceActivity]:
    """Give workouts without a title the name of their file.

    The provenance marks such a title as estimated, so that any title written by the athlete wins.
    """
    title = title_of(name or "")
    if not title:
        return list(workouts)
    mark = {"title": Provenance("estimated", note="the name of the file")}
    named = []
    for activity in workouts:
        if not activity.title:
            provenance = dict(activity.provenance) | mark
            activity = msgspec.structs.replace(
                activity,
                title=title,
                provenance=provenance,
            )
        named.append(activity)
    return named


def title_of(name: str) -> str:
    """Return the name of a file without folders and suffix, in characters that can be encoded as
    UTF-8.

    Args:
        name: A file name or path, with either kind of slash.
    """
    base_name = re.split(r"[/\\]", name)[-1]
    title = _SUFFIX.sub("", base_name)
    # A name that is not valid UTF-8 arrives with surrogates, which no database can store.
    return title.encode("utf-8", "replace").decode()


# -- which reader ----------------------------------------------------------------------------------


def check_kind(content: bytes) -> None:
    """Raise ``RecordRefused`` if a file is of no format that can contain a workout.

    A damaged file of such a format passes.

    Args:
        content: The unpacked bytes of the file, or the first 4096 of them.
    """
    _known_kind(content)


def _reader(content: bytes) -> Any:
    """Return the module that reads a file; raise ``RecordRefused`` if no reader exists for it."""
    return import_module(_READERS[_known_kind(content)])


def _known_kind(content: bytes) -> str:
    """Return the format of a file that has a reader; raise ``RecordRefused`` for other files."""
    kind = kind_of(content)
    if kind is not None and kind in _READERS:
        return kind
    if not content or content.isspace():
        raise refusal("FG-file-empty", "it is empty")
    raise refusal(
        "FG-not-a-workout",
        f"it is {_other_kind(content) or 'not a FIT, GPX or TCX file'}",
        "remove it from the folder, or export the workout again",
    )


def _other_kind(content: bytes) -> str | None:
    """Return the name of a well-known format that is not a workout, as people write it."""
    beginning = content[:_HEAD_SIZE].lstrip(b"\xef\xbb\xbf \r\n\t")
    for magic, kind in _OTHER_KINDS:
        if beginning.startswith(magic):
            return kind
    return None
