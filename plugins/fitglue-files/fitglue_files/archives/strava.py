"""Strava's archive: a record a row of ``activities.csv``, with the file that the row names."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fitglue_files.archives.dates import DateColumn
from fitglue_files.archives.joining import workouts_of
from fitglue_files.archives.layout import Layout, no_archive, present, root_of, stem
from fitglue_files.archives.numbers import natural, number, positive
from fitglue_files.archives.strava_table import cells, columns, is_header, read_header, read_table
from fitglue_files.archives.strava_words import sport_of
from fitglue_files.containers import Box
from fitglue_files.fetching import Seen, remember
from fitglue_files.loose import canonical
from fitglue_files.paths import paths_of
from fitglue_files.wording import between_years, counted, left_out
from fitglue_registry.errors import Place, RecordRefused
from fitglue_registry.model import Gear, Provenance, SourceActivity, TrainingLoad, claim
from fitglue_registry.model.moments import utc_text
from fitglue_registry.model.sports import ON_FOOT
from fitglue_registry.plugin_api import Account, Listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fitglue_files.containers import Member
    from fitglue_registry.plugin_api import Connection, Record

TABLE = "activities.csv"
#: The part of a CSV that tells whether it is Strava's.
_HEADER_BYTES = 1 << 14
_NUMBERS = {
    "max_speed_mps": positive,
    "average_speed_mps": positive,
    "elevation_gain_m": natural,
    "elevation_loss_m": natural,
    "min_altitude_m": number,
    "max_altitude_m": number,
    "max_cadence_rpm": positive,
    "average_cadence_rpm": positive,
    "max_heartrate_bpm": positive,
    "average_heartrate_bpm": positive,
    "max_watts": positive,
    "average_watts": positive,
    "weighted_average_watts": positive,
    "calories_kcal": positive,
    "max_temperature_c": number,
    "average_temperature_c": number,
    "pool_length_m": positive,
}
#: By Strava's service from the file, as far as the file does not say it.
_COMPUTED = ("moving_s", "elevation_gain_m", "elevation_loss_m", "weighted_average_watts")


def account(connection: Connection) -> Account:
    """Whose archive it is: the athlete's number of ``profile.csv``, else that of the zip's name."""
    with Box() as box:
        layout = Layout.of(box, paths_of(connection))
        tables = list(tables_of(box, layout))
        if not tables:
            raise no_archive("strava", connection, f"{TABLE} with a table of activities")
        athlete, name = _athlete(box, layout, tables[0])
        return Account(id=athlete, name=name, notes=sum(told(box, layout), ()))


def tables_of(box: Box, layout: Layout) -> Iterator[Member]:
    """The tables of activities that are Strava's, the newest archive first."""
    for member in layout.named(lambda name: name.casefold() == TABLE):
        try:
            head = _text(box.head(member, _HEADER_BYTES))
        except RecordRefused:
            continue
        if is_header(read_header(head)):
            yield member


def told(box: Box, layout: Layout) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is in the archive, and what of it is left out."""
    found: list[str] = []
    skipped: list[str] = []
    for table in tables_of(box, layout):
        rows = [said for _, said in _rows(_text(box.read(table)))]
        named = [said["file"] for said in rows if said.get("file")]
        there = sum(1 for name in named if _file(layout, table, name))
        total = counted(len(rows), "activity", "activities") + between_years(
            int(said["start"][:4]) for said in rows if said["start"]
        )
        found.append(f"{total}: {there:,} with a file, {len(rows) - there:,} without.")
        if len(named) > there:
            skipped.append(
                f"{counted(len(named) - there, 'file')} that the table names and the archive lacks"
            )
        media = len(layout.below(table, "media"))
        if media:
            skipped.append(counted(media, "photo or video", "photos and videos"))
    return tuple(found), left_out(*skipped)


def listings(connection: Connection) -> Iterator[Listing]:
    """Every row once, also where several archives have it: of the newest one."""
    listed: set[str] = set()
    with Box() as box:
        layout = Layout.of(box, present(connection))
        for table in tables_of(box, layout):
            for external_id, summary in _rows(_text(box.read(table))):
                if external_id in listed:
                    continue
                listed.add(external_id)
                member = _file(layout, table, summary["file"]) if summary.get("file") else None
                if member is None:
                    summary.pop("file", None)
                remember(connection, external_id, Seen(member))
                yield Listing(external_id, canonical(summary))


def _rows(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row as it is kept: what its columns mean, and the row itself; the newest first."""
    header, rows = read_table(text)
    places = columns(header, rows)
    dates = DateColumn(row[places["date"]] for row in rows if len(row) > places["date"])
    found = []
    for row in rows:
        said: dict[str, Any] = dict(cells(row, places))
        start = dates.read(said.get("date", ""))
        said["start"] = utc_text(start) if start else None
        said["row"] = [[name, cell] for name, cell in zip(header, row, strict=False) if cell]
        identity = said.get("id", "")
        digest = hashlib.sha256(repr(row).encode("utf-8", "replace")).hexdigest()[:16]
        found.append(
            (identity if identity.isascii() and identity.isdigit() else f"row-{digest}", said)
        )
    yield from sorted(found, key=lambda one: one[1]["start"] or "", reverse=True)


def normalize(record: Record) -> list[SourceActivity]:
    """The workout of a row; with its file, all that this holds as well."""
    return workouts_of(
        _activity(record.external_id, json.loads(record.read("summary") or b"{}")), record
    )


def _activity(external_id: str, said: Mapping[str, Any]) -> SourceActivity:
    if not said.get("start"):
        raise _refuse(external_id, f"its date {said.get('date')!r} cannot be read", "date")
    if not external_id.isdigit():
        raise _refuse(external_id, f"{said.get('id')!r} is not the number of an activity", "id")
    sport = sport_of(said.get("type"))
    figures: dict[str, Any] = {
        name: read(said.get(name)) for name, read in _NUMBERS.items()
    } | _times(said)
    effort, exertion = positive(said.get("relative_effort")), positive(said.get("rpe"))
    computed = {
        name: Provenance("computed", by="Strava")
        for name in _COMPUTED
        if figures.get(name) is not None
    }
    return SourceActivity(
        title=said.get("title"),
        description=said.get("description"),
        notes=said.get("notes"),
        sport=sport,
        sport_raw=said.get("type"),
        start_utc=datetime.fromisoformat(said["start"]),
        commute=_yes(said.get("commute")),
        race=_yes(said.get("race")),
        gear=Gear(name=said["gear"]) if said.get("gear") else None,
        rpe=exertion if exertion is not None and exertion <= 10 else None,
        training_loads=(
            TrainingLoad(effort, method="heart_rate", variant="relative_effort", by="Strava"),
        )
        if effort
        else (),
        cadence_per_leg=True if figures["average_cadence_rpm"] and sport in ON_FOOT else None,
        claims=(claim("strava", external_id),),
        provenance=computed,
        **figures,
    )


def _times(said: Mapping[str, Any]) -> dict[str, float | None]:
    """Of times the rounded column will do, of distances not: it is in kilometres or miles, and does
    not say which.

    A distance of zero stands in every row of an hour at the weights: nothing was measured.
    """
    elapsed = positive(said.get("elapsed_s")) or positive(said.get("shown_elapsed"))
    return {
        "elapsed_s": elapsed,
        "moving_s": positive(said.get("moving_s")),
        "distance_m": positive(said.get("distance_m")),
    }


def _yes(cell: str | None) -> bool | None:
    return True if cell and (cell.casefold() == "true" or (number(cell) or 0) > 0) else None


def _file(layout: Layout, table: Member, name: str) -> Member | None:
    """The file that a row names; programs that unpack an archive unpack what is in it as well."""
    bare = name.removesuffix(".gz")
    return (
        layout.beside(table, name)
        or layout.beside(table, bare)
        or layout.beside(table, f"{bare}.gz")
    )


def _athlete(box: Box, layout: Layout, table: Member) -> tuple[str, str | None]:
    profile = layout.beside(table, "profile.csv")
    if profile is not None:
        try:
            rows = read_table(_text(box.read(profile)))[1]
        except RecordRefused:
            rows = []
        if rows and rows[0][0].strip().isdigit():
            name = " ".join(cell.strip() for cell in rows[0][2:4] if cell.strip())
            return rows[0][0].strip(), name or None
    root = root_of(table)
    name = stem(root.folder or root.container[-1])
    numbered = re.search(r"export_(\d+)", name)
    return (numbered[1], None) if numbered else (f"archive:{name}", name)


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig", "replace")


def _refuse(external_id: str, what: str, field: str) -> RecordRefused:
    return RecordRefused(
        "FG-strava-row",
        f"row {external_id} of {TABLE} cannot be used: {what}",
        at=Place(field=field),
        fix="tell us what its table looks like; the row is kept",
    )
