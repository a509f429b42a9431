"""The hooks of the files source: ``folder.py`` finds the files, ``reading.py`` reads them."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_files.folder import Unreadable, find, folder_of, locate, unpack
from fitglue_files.reading import activities, activities_of_glance
from fitglue_files.refusals import refusal
from fitglue_registry import hookimpl
from fitglue_registry.errors import RecordRefused
from fitglue_registry.hookspecs import Account, Body, Listing, Part, Record, Unavailable
from fitglue_registry.model import Completeness

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_files.folder import Found
    from fitglue_registry.hookspecs import Connection, Window
    from fitglue_registry.model import SourceActivity

#: The version of ``hookspecs.py`` that this plugin was written for; the host compares it before it registers the plugin.
FITGLUE_HOOK_API = 1

_FIRST_TIME = re.compile(rb"<trkpt[^>]*>(?:(?!</trkpt>).)*?<time>\s*([^<\s]+)\s*</time>", re.DOTALL)


@hookimpl
def fitglue_connect(connection: Connection) -> Account:
    """There is no key to prove: the folder must be there and be readable."""
    folder = folder_of(connection.settings)
    files = find(folder)
    unreadable = sum(1 for file in files if file.content_id is None)
    notes = [f"{len(files)} GPX files lie in {folder}."]
    if unreadable:
        notes.append(f"{unreadable} of them cannot be read.")
    # The id is the account's own: two connections to one folder are one account, also when it was typed in two ways.
    return Account(id=str(folder), name=folder.name or str(folder), notes=tuple(notes))


@hookimpl
def fitglue_list(connection: Connection, window: Window) -> Iterator[Listing]:
    """Every file, whatever the window: what day a workout was is only known by reading it."""
    del window
    listed = set()
    for file in find(folder_of(connection.settings)):
        listing = _unreadable(file) if file.content_id is None else _listing(file, file.content_id)
        # The same content may lie in several places; it is one record.
        if listing.external_id not in listed:
            listed.add(listing.external_id)
            yield listing


def _listing(file: Found, content_id: str) -> Listing:
    try:
        content = unpack(file.path.read_bytes())
    except (OSError, Unreadable) as error:
        return _unreadable(file, str(error))
    start = _FIRST_TIME.search(content)
    # Only what belongs to the content: a time stamp or a folder in here would make a new revision of a file that was only moved.
    summary = {"name": _stem(file.path.name), "size": len(content), "start": start[1].decode("ascii", "replace") if start else None}
    return Listing(content_id, _canonical(summary), at_source=datetime.fromtimestamp(file.modified_s, UTC))


def _unreadable(file: Found, problem: str | None = None) -> Listing:
    """One bad file never ends a list: it is listed under the hash of its path, with the reason, and asked for again next time."""
    external_id = f"path-{hashlib.sha256(str(file.path).encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
    unavailable = Unavailable(external_id, "file", "later", "FG-file-unreadable", f"{file.path} cannot be read: {problem or file.problem}",
                              fix="mend or remove the file")
    return Listing(external_id, _canonical({"name": _stem(file.path.name)}), unavailable=unavailable)


def _stem(name: str) -> str:
    return re.sub(r"\.gpx(\.gz)?$", "", name, flags=re.IGNORECASE).encode("utf-8", "replace").decode()


def _canonical(values: dict[str, str | int | None]) -> bytes:
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@hookimpl
def fitglue_fetch(connection: Connection, part: str, ids: Sequence[str]) -> Iterator[Part | Unavailable]:
    """The file of each id, packed where it lies packed; each id is answered exactly once."""
    folder = folder_of(connection.settings)
    for external_id in ids:
        path = locate(folder, external_id) if part == "file" else None
        if path is None:
            # Never "gone": a disk that is not mounted is no deletion.
            yield Unavailable(external_id, part, "later", "FG-file-missing", "no file with this content lies in the folder just now",
                              fix="put it back, or leave it: what was read of it is kept")
            continue
        try:
            content = path.read_bytes()
        except OSError as error:
            yield Unavailable(external_id, part, "later", "FG-file-unreadable", f"{path} cannot be read: {error}", fix="mend the file")
            continue
        yield Part(external_id, part, content, "gzip" if content.startswith(b"\x1f\x8b") else "identity")


@hookimpl
def fitglue_normalize(record: Record) -> list[SourceActivity]:
    """The workouts of a file; before it has been fetched, what a first look at it said."""
    summary = json.loads(record.read("summary") or b"{}")
    try:
        return [_of_record(activity, record) for activity in _activities(record, summary)]
    except RecordRefused as error:
        # The external id is a hash; people know their files by name.
        raise RecordRefused(error.code, f"{summary.get('name') or 'a file'}: {error.what}", at=error.at, fix=error.fix) from error


def _activities(record: Record, summary: dict[str, Any]) -> list[SourceActivity]:
    if "file" not in record.parts:
        if not summary.get("start"):
            raise refusal("FG-gpx-without-times", "none of its points has a time")
        return activities_of_glance([{"title": summary.get("name"), "sport": "Other", "start": summary["start"]}], record.external_id)
    try:
        content = unpack(record.read("file") or b"")
    except (OSError, EOFError, Unreadable) as error:
        raise refusal("FG-file-broken", f"it cannot be unpacked: {error}") from error
    return activities(content, summary.get("name"))


def _of_record(activity: SourceActivity, record: Record) -> SourceActivity:
    missing = dict(record.unavailable) | activity.completeness.missing
    return msgspec.structs.replace(activity, completeness=Completeness(tuple(record.parts), missing))


def offline_records(content: bytes, name: str, streams: bytes | None = None) -> list[Record]:
    """The record of one file without a connection, for ``fitglue dev normalize files FILE…``; no hook, and not needed by the host."""
    del streams  # a GPX has its own
    try:
        unpacked = unpack(content)
    except Unreadable as error:
        raise RecordRefused("FG-file-broken", f"{name} cannot be used: {error}", fix="export it again") from error
    parts = {"summary": Body(_canonical({"name": _stem(name), "size": len(unpacked)})), "file": Body(unpacked)}
    return [Record(hashlib.sha256(unpacked).hexdigest(), "files", parts)]
