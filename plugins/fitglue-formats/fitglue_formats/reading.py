"""One reader for every format of workout: what a file is, what a quick look at it says, and
everything that is in it.

A file is known by its content and never by its suffix. What it says goes through this module alone,
wherever the file came from.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_formats.clock import utc
from fitglue_formats.refusals import refusal
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import (
    Completeness,
    Provenance,
    SourceActivity,
    claim,
    decode,
    to_builtins,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GZIP, _ZIPS = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
#: What else is often found among workouts, by its first bytes.
_OTHERS = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"%PDF", "a PDF"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"SQLite format 3", "a database"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Salted__", "an encrypted file"),
    (b"-----BEGIN PGP", "an encrypted file"),
)
#: Format → the module that reads it: each is loaded when the first file of its kind comes.
_READERS = {
    "fit": "fitglue_formats.fit.reader",
    "gpx": "fitglue_formats.gpx",
    "tcx": "fitglue_formats.tcx",
}
_SUFFIX = re.compile(r"\.(fit|gpx|tcx)(\.gz)?\Z", re.IGNORECASE)
#: Fields of a workout that only its samples and lists fill; a glance leaves them out.
_LONG = ("streams", "laps", "sets", "time_markers", "claims", "completeness", "model", "parent")
#: So many bytes tell what kind of file it is.
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Glance:
    """What a quick look at a file says, without decoding its samples.

    Each workout is a dict that can be stored as JSON: ``start`` (ISO, UTC) and otherwise fields of
    the model by their names (``start_local``, ``utc_offset_s``, ``sport``, ``elapsed_s``,
    ``moving_s``, ``distance_m``, ``average_heartrate_bpm``, ``device``, ``leg_no`` …); what is
    absent is left out. ``activities_of_glance`` makes source activities of them again.
    """

    kind: str  # "fit", "gpx", "tcx"; "unknown" where the problem says more
    file_type: str | None  # file_id.type of a FIT ("activity", "monitoring_b", …)
    workouts: tuple[dict[str, Any], ...] = ()
    parent: str | None = None  # what groups the legs of a multisport file
    problem: RecordRefused | None = None  # why it is no workout, or none that can be used


def kind_of(head: bytes) -> str | None:
    """What a file is by its first bytes (some hundred are enough): ``fit``, ``gpx``, ``tcx``,
    ``zip``, ``gzip``, or not known.
    """
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_ZIPS):
        return "zip"
    if head[8:12] == b".FIT":
        return "fit"
    text = head[:_HEAD].replace(b"\0", b"")  # of UTF-16, what is ASCII in it
    if b"<TrainingCenterDatabase" in text or b":TrainingCenterDatabase" in text:
        return "tcx"
    if b"<gpx" in text or b":gpx" in text:
        return "gpx"
    return None


def is_activity(head: bytes) -> bool | None:
    """Whether a file holds a workout, by its first bytes; ``None`` where they cannot say."""
    kind = kind_of(head)
    if kind in ("gpx", "tcx"):
        return True
    file_type = _file_type(kind, head)
    if file_type is None:
        return None
    return file_type == "activity"


def glance(content: bytes, name: str) -> Glance:
    """What an unpacked file holds, quickly; never raises for what is in it: ``problem`` says what
    is wrong.
    """
    kind = kind_of(content)
    shown_kind = kind or "unknown"
    file_type = _file_type(kind, content)
    try:
        reader = _reader(kind, content)
        workouts = _named(reader.summaries(content), name)
    except RecordRefused as error:
        return Glance(shown_kind, file_type, problem=error)
    except Exception as error:  # noqa: BLE001 - bytes from anybody, read by libraries: one file must not end the list of all others
        return Glance(
            shown_kind,
            file_type,
            problem=_reader_failed(kind, error),
        )
    parent = None
    if len(workouts) > 1:
        parent = _parent(hashlib.sha256(content).hexdigest())
    return Glance(
        shown_kind,
        file_type,
        tuple(map(_summary, workouts)),
        parent,
    )


def _reader_failed(kind: str | None, error: Exception) -> RecordRefused:
    return refusal(
        "FG-reader-failed",
        f"it is {kind or 'a file'} as our reader does not know it "
        f"({type(error).__name__}: {error})",
        "it is kept and looked at again by the next version; report it, with the file if you like",
    )


def _file_type(kind: str | None, content: bytes) -> str | None:
    if kind != "fit":
        return None
    file_type: str | None = import_module(_READERS["fit"]).file_type(content)
    return file_type


def _summary(activity: SourceActivity) -> dict[str, Any]:
    """A workout as plain values that can be stored, without what only its samples and lists
    fill.
    """
    document = to_builtins(msgspec.structs.replace(activity, streams=()))
    summary = {"start": document.pop("start_utc")}
    for field, value in document.items():
        if field not in _LONG:
            summary[field] = value
    return summary


def activities(
    content: bytes,
    name: str | None = None,
) -> list[SourceActivity]:
    """Every workout of an unpacked file with all that it says; raises ``RecordRefused``.

    ``name`` is the title where there is none.
    """
    reader = _reader(kind_of(content), content)
    workouts = _named(reader.activities(content), name)
    content_id = hashlib.sha256(content).hexdigest()
    return with_claims(workouts, content_id, "file")


def activities_of_glance(
    workouts: Sequence[Mapping[str, Any]],
    content_id: str,
) -> list[SourceActivity]:
    """The source activities of a stored glance; raises ``RecordRefused`` where it makes no
    sense.
    """
    try:
        stored = [_of_summary(workout) for workout in workouts]
    except (KeyError, ValueError, TypeError) as error:
        raise refusal(
            "FG-glance-invalid",
            f"what was noted of it makes no sense: {error}",
        ) from error
    return with_claims(stored, content_id, "summary")


def _of_summary(workout: Mapping[str, Any]) -> SourceActivity:
    document = dict(workout)
    start = datetime.fromisoformat(document.pop("start"))
    document["start_utc"] = utc(start)
    return decode(msgspec.json.encode(document))


# -- what identifies a workout ---------------------------------------------------------------------


def device_claim(serial: object, start: datetime) -> str:
    """The claim that a device recorded something at a moment: the same from a file, an archive, or
    an API that tells the serial.
    """
    return claim("device", f"{serial}@{start:%Y-%m-%dT%H:%M:%SZ}")


def with_claims(
    workouts: Sequence[SourceActivity],
    content_id: str,
    part: str,
) -> list[SourceActivity]:
    """The workouts of one file with what identifies each: the content with its position, the device
    with its start.
    """
    taken: set[str] = set()
    claimed = []
    for activity in workouts:
        claims = [claim("file", f"sha256:{content_id}#{activity.leg_no}")]
        serial = None
        if activity.device is not None:
            serial = activity.device.serial
        if serial and activity.start_utc is not None:
            of_device = device_claim(serial, activity.start_utc)
            # Equal claims join, and two legs that begin in one second are still two.
            if of_device not in taken:
                claims.append(of_device)
            taken.add(of_device)
        changed = msgspec.structs.replace(
            activity,
            claims=tuple(claims),
            completeness=Completeness((part,), activity.completeness.missing),
            parent=_parent(content_id) if len(workouts) > 1 else None,
        )
        claimed.append(changed)
    return claimed


def _parent(content_id: str) -> str:
    """What groups the legs of a multisport file: the file that they are in."""
    return f"file:sha256:{content_id}"


def _named(
    workouts: Sequence[SourceActivity],
    name: str | None,
) -> list[SourceActivity]:
    """Workouts without a title get the name of their file, marked as what it is: no word of the
    athlete.
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
    """The name of a file without folders and suffixes, in characters that can be written."""
    base_name = re.split(r"[/\\]", name)[-1]
    title = _SUFFIX.sub("", base_name)
    return title.encode("utf-8", "replace").decode()


# -- which reader ----------------------------------------------------------------------------------


def _reader(kind: str | None, content: bytes) -> Any:
    """The module that reads this kind of file; raises ``RecordRefused`` where there is none."""
    if kind in _READERS:
        return import_module(_READERS[kind])
    if not content.strip():
        raise refusal("FG-file-empty", "it is empty")
    raise refusal(
        "FG-not-a-workout",
        f"it is {_other_kind(content) or 'no FIT, GPX or TCX'}",
        "remove it from the folder, or export the workout again",
    )


def _other_kind(content: bytes) -> str | None:
    """What else it is, for people."""
    begin = content.lstrip(b"\xef\xbb\xbf \r\n\t")
    for magic, what in _OTHERS:
        if begin.startswith(magic):
            return what
    return None
