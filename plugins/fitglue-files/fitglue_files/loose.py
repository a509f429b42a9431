"""Files as they lie in folders and zips: a record a content, whatever it is called and wherever it
lies.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_files.containers import Box, Refusal, unpack
from fitglue_files.fetching import Seen, remember
from fitglue_files.looking import Looks, census, problem_of, unusable
from fitglue_files.notes import Notes
from fitglue_files.paths import joined, paths_of
from fitglue_files.wording import counted
from fitglue_formats import activities, activities_of_glance, refusal
from fitglue_registry.errors import RecordRefused
from fitglue_registry.model import Completeness
from fitglue_registry.plugin_api import Account, Listing, Unavailable

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fitglue_files.containers import Member
    from fitglue_files.looking import Look
    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import Connection, Record


#: What an id of an account may have.
_LONGEST_ID = 500
#: The account of files that were named one by one: those that are named next take their place, and
#: the folders stay theirs.
SINGLE = "single files"


def account(connection: Connection) -> Account:
    """There is no key to prove: something must be there, and be readable."""
    paths = paths_of(connection)
    with Box() as box:
        told = told_of(census(box, members_of(box, paths)))
    # The id is the account's own: two connections to one folder are one account, also when it was
    # typed in two ways.
    folders = sorted(path for path in paths if path.is_dir())
    if not folders:
        return Account(SINGLE, "Files", notes=sum(told, ()))
    name = folders[0].name or str(folders[0])
    return Account(
        _folders_id(folders),
        name if len(folders) == 1 else f"{name} and {len(folders) - 1} more",
        notes=sum(told, ()),
    )


def _folders_id(folders: Sequence[Path]) -> str:
    """The folders by name, unless that is longer than an id, or holds what cannot be shown."""
    named = joined(folders)
    if named.isprintable() and len(named) <= _LONGEST_ID:
        return named
    return f"folders-{hashlib.sha256(named.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"


def members_of(box: Box, paths: Sequence[Path]) -> list[Member | Refusal]:
    """What lies there, without the archives in a folder: those are sources of their own.

    One that is named itself is read as files.
    """
    from fitglue_files.archives.kinds import archives_in, outside
    from fitglue_files.archives.layout import Layout

    layout = Layout.of(box, paths)
    named = set(map(str, paths))
    return outside(
        layout, [archive for archive in archives_in(box, layout) if archive.path not in named]
    )


def told_of(counts: Counter[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What lies there by the first bytes of each file, and what of it is left out: nothing is read
    whole.
    """
    workouts = sum(counts[kind] for kind in ("fit", "gpx", "tcx"))
    return (f"{counted(workouts, 'file')} of workouts{_kinds(counts)}.",), unusable(counts)


def _kinds(counts: Counter[str]) -> str:
    kinds = [f"{counts[kind]} {kind.upper()}" for kind in ("fit", "gpx", "tcx") if counts[kind]]
    return f" ({', '.join(kinds)})" if kinds else ""


def listings(connection: Connection) -> Iterator[Listing]:
    """Every content once, the file that was changed last first."""
    listed = set()
    with Box() as box, Notes(connection.cache) as noted:
        members = sorted(
            members_of(box, paths_of(connection)),
            key=lambda member: (-member.modified_s, member.location),
        )
        looks = Looks(box, noted, connection.alive)
        for look in looks.at(members):
            listing = unreadable(look) if isinstance(look, Refusal) else of_look(connection, look)
            # The same content may lie in several places; it is one record.
            if listing.external_id not in listed:
                listed.add(listing.external_id)
                yield listing
    if looks.no_activities or looks.others:
        connection.log.info(
            "left out: %d FIT files that are no workout, %d other files",
            looks.no_activities,
            looks.others,
        )


def of_look(connection: Connection, look: Look) -> Listing:
    """The row of one content.

    It holds nothing but what belongs to the content: a file that was only moved is no new revision.
    """
    summary: dict[str, Any] = {"name": look.title, "size": look.size, "kind": look.kind}
    summary |= (
        {"problem": look.problem.as_dict()} if look.problem else {"workouts": list(look.workouts)}
    )
    remember(connection, look.content_id, Seen(look.member, look.content_id))
    return Listing(
        look.content_id,
        canonical(summary),
        at_source=datetime.fromtimestamp(look.member.modified_s, UTC),
    )


def unreadable(refusal: Refusal) -> Listing:
    """One bad file never ends a list: it is listed under the hash of its path, with the reason, and
    asked for again next time.
    """
    where = "\0".join(refusal.location).encode("utf-8", "surrogateescape")
    external_id = f"path-{hashlib.sha256(where).hexdigest()[:16]}"
    unavailable = Unavailable(
        external_id, "file", "later", refusal.error.code, refusal.error.what, refusal.error.fix
    )
    return Listing(external_id, canonical({"name": refusal.where}), unavailable=unavailable)


def normalize(record: Record) -> list[SourceActivity]:
    """The workouts of a file; before it has been fetched, what a first look at it said."""
    summary = json.loads(record.read("summary") or b"{}")
    try:
        found = (
            _of_file(record, summary) if "file" in record.parts else _of_summary(record, summary)
        )
    except RecordRefused as error:
        # The external id is a hash; people know their files by name.
        named = f"{summary.get('name') or 'a file'}: {error.what}"
        raise RecordRefused(error.code, named, at=error.at, why=error.why, fix=error.fix) from error
    return [of_record(activity, record) for activity in found]


def _of_summary(record: Record, summary: dict[str, Any]) -> list[SourceActivity]:
    if "problem" in summary:
        raise problem_of(summary["problem"])
    if not summary.get("workouts"):
        raise refusal("FG-not-a-workout", "no workout was seen in it")
    return activities_of_glance(summary["workouts"], record.external_id)


def _of_file(record: Record, summary: dict[str, Any]) -> list[SourceActivity]:
    return activities(file_of(record), summary.get("name"))


def file_of(record: Record) -> bytes:
    """The file of a record, unpacked; raises ``RecordRefused``."""
    try:
        return unpack(record.read("file") or b"", "the file")
    except (OSError, EOFError) as error:
        raise refusal("FG-file-broken", f"it cannot be unpacked: {error}") from error


def of_record(activity: SourceActivity, record: Record) -> SourceActivity:
    """The same, with what of the record it was made of."""
    missing = dict(record.unavailable) | activity.completeness.missing
    return msgspec.structs.replace(
        activity, completeness=Completeness(tuple(record.parts), missing)
    )


def canonical(values: dict[str, Any]) -> bytes:
    """A summary as bytes, equal for equal values."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "replace"
    )
