"""Explains what happened to a workout, even if it has no activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitglue_registry.dedupe import Member, alternatives, as_counted
from fitglue_registry.errors import UserMistake
from fitglue_registry.model import is_cropped, to_builtins
from fitglue_registry.model.stored import OTHER_FIELDS, FieldOrigin, RecordState
from fitglue_registry.services.booster_stories import boosters_about
from fitglue_registry.services.closed_services import fix_with_alternatives
from fitglue_registry.services.crop_story import story_of_crop
from fitglue_registry.services.opinions import opinions_across, opinions_inside
from fitglue_registry.services.outstanding import outstanding_parts
from fitglue_registry.services.pipelines.stories import pipelines_about
from fitglue_registry.services.record_stories import story_of_record
from fitglue_registry.services.records import is_meant, is_path
from fitglue_registry.services.sent_by import plain_delivery
from fitglue_registry.store.activity_details import ActivityDetails, load_activity
from fitglue_registry.store.locations import list_paths, list_unreadable
from fitglue_registry.store.record_details import find_records, records_on
from fitglue_registry.store.references import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.workspace import Workspace

    #: Source activity → its name, ``connection/external id``.
    Names = Mapping[int, str]
    Plain = dict[str, Any]


def why(
    workspace: Workspace,
    reference: str,
    athlete: str,
) -> Plain:
    """Explain what happened to a workout.

    Args:
        workspace: What the host has opened.
        reference: A number, ``last``, a local date, an id at the source, or a claim.
        athlete: The athlete.

    Returns:
        Plain values. ``verdict`` says in words what became of the workout, and ``fix`` what to do.
        ``activity`` has its number, id and title, or is ``None``. ``records`` has the parts,
        moments and decisions of each record; ``next_step`` of a part says what fetches it, and
        ``sent_by`` of a record that a pipeline has sent which delivery it is. For
        several records, ``same_because``, ``apart_from``, ``values_from`` and ``alternatives``
        explain how they were merged. ``remarks`` says which values were corrected, and what they
        were. ``doubts`` says what is missing or in doubt according to which record. ``crop`` is
        ``None`` or says what the athlete cut off at a service, and how to undo it. A reference
        that matches nothing has no records. ``boosters`` has what each booster computed for the
        activity, and what it lacked. ``pipelines`` has what each pipeline said about the activity,
        and its deliveries with their logs. ``unreadable`` has the files that could not be read, if
        the reference names such a file.

    Raises:
        UserMistake: FG-activity-ambiguous if the reference matches several activities, or
            FG-multisport-event if they are the legs of one event.
    """
    with workspace.database.read() as db:
        try:
            activity_id = resolve(db, athlete, reference)
        # An unknown activity is not an error here: the reference may be a record without an
        # activity.
        except UserMistake as error:
            if error.code != "FG-activity-unknown":
                raise
            activity = _activity_of_file(db, athlete, reference)
            if activity is not None:
                return _explain_activity(workspace, db, athlete, activity, reference)
            story = _explain_records(workspace, db, athlete, reference)
        else:
            return _explain_activity(workspace, db, athlete, activity_id, reference)
    if story["records"] and story["records"][0]["reason"]:
        code = story["records"][0]["reason"].get("code")
        story["fix"] = fix_with_alternatives(workspace.catalogue, code, story["fix"])
    return story


# -- an activity -----------------------------------------------------------------------------------


def _explain_activity(
    workspace: Workspace,
    db: Db,
    athlete: str,
    activity_id: str,
    reference: str,
) -> Plain:
    details = load_activity(db, activity_id)
    names = {}
    stories: dict[int, Plain] = {}
    for member in details.members:
        names[member.id] = f"{member.connection}/{member.external_id}"
        if member.record_id not in stories:
            stories[member.record_id] = {
                **story_of_record(db, member.record_id, details.id),
                "sent_by": plain_delivery(member.sent_by),
            }
    _add_next_steps(workspace, db, stories)
    return {
        "reference": reference,
        "activity": {
            "number": details.number,
            "id": details.id,
            "title": details.activity.title,
            "gone_at": details.gone_at,
        },
        "verdict": "deleted at its source" if details.gone_at else "stored",
        "records": list(stories.values()),
        "unreadable": [],
        "same_because": opinions_inside(db, athlete, names),
        "apart_from": list(opinions_across(db, names)),
        "values_from": _values_from(details, names),
        "alternatives": _alternatives(details, names),
        "remarks": _remarks(details, names),
        "boosters": boosters_about(db, details.id),
        "pipelines": pipelines_about(db, details.id),
        "doubts": list(_doubts(details)),
        "crop": story_of_crop(details),
    }


def _add_next_steps(workspace: Workspace, db: Db, stories: dict[int, Plain]) -> None:
    """Add to each part of these records what fetches it; ``None`` if it is there or not wanted."""
    steps = {}
    for missing in outstanding_parts(workspace, db, stories):
        steps[missing.connection, missing.external_id, missing.part] = missing.next_step
    for story in stories.values():
        for part in story["parts"]:
            key = (story["connection"], story["external_id"], part["part"])
            part["next_step"] = steps.get(key)


def _remarks(details: ActivityDetails, names: Names) -> list[Plain]:
    """Return what the sources remark about values of the activity.

    A remark says, for example, that the athlete corrected a distance at the service, and what the
    file has.
    """
    remarks = []
    for field, provenance in sorted(details.activity.provenance.items()):
        if provenance.note:
            parent, _, _ = field.partition(".")
            origin = details.origins.get(field, details.origins.get(parent))
            if origin is None:
                origin = details.origins.get(OTHER_FIELDS, FieldOrigin.ATHLETE)
            # What boosters say has a section of its own.
            if origin == FieldOrigin.BOOSTER:
                continue
            supplier = _supplier_name(names, origin)
            remarks.append({"field": field, "from": supplier, "note": provenance.note})
    return remarks


def _doubts(details: ActivityDetails) -> Iterator[Plain]:
    """Yield what is missing or in doubt in a source activity, as its plugin stated it."""
    for member in details.counting:
        for what, reason in member.activity.completeness.remarks.items():
            yield {"what": what, "from": member.name, "reason": reason}


def _values_from(details: ActivityDetails, names: Names) -> dict[str, str]:
    """Return field → the name of the record that supplies it, ``you`` or ``computed``."""
    suppliers = {}
    for field, member_id in sorted(details.origins.items()):
        supplier = _supplier_name(names, member_id)
        stated = details.activity.provenance.get(field)
        if member_id == FieldOrigin.BOOSTER and stated is not None:
            supplier = stated.by or supplier
        suppliers[field or "everything else"] = supplier
    return suppliers


def _supplier_name(names: Names, member_id: int) -> str:
    if member_id == FieldOrigin.ATHLETE:
        return "you"
    if member_id == FieldOrigin.COMPUTED:
        return "computed"
    if member_id == FieldOrigin.BOOSTER:
        return "a booster"
    if member_id == FieldOrigin.HOME_ZONE:
        return "your home zone"
    return names.get(member_id, "?")


def _alternatives(details: ActivityDetails, names: Names) -> list[Plain]:
    """Return the fields whose values differ between records, with the other values."""
    members = _members_that_count(details)
    differing = []
    for field, values in alternatives(members, details.origins).items():
        others = []
        for member_id, value in values:
            others.append({"from": names[member_id], "value": to_builtins(value)})
        # Fields that are not listed come from the main source activity.
        origin = details.origins.get(field, details.origins.get(OTHER_FIELDS, FieldOrigin.ATHLETE))
        differing.append(
            {
                "field": field,
                "from": _supplier_name(names, origin),
                "value": _value(details, field, members),
                "others": others,
            }
        )
    return differing


def _members_that_count(details: ActivityDetails) -> list[Member]:
    """Return the source activities that are not gone, or all of them if all are gone."""
    members = []
    for row in details.counting:
        key = (row.connection, row.external_id, row.leg_no)
        members.append(Member(row.id, key, row.activity, stream_types=row.stream_types))
    return as_counted(members, are_undone=not is_cropped(details.activity))


def _value(
    details: ActivityDetails,
    field: str,
    members: Sequence[Member],
) -> Any:
    """Return the value of a field as plain values; for ``streams``, their types."""
    if field != "streams":
        return to_builtins(getattr(details.activity, field))
    supplier = details.origins.get(field, details.origins.get(OTHER_FIELDS))
    for member in members:
        if member.id == supplier:
            return list(member.stream_types)
    return []


# -- records that became no activity ---------------------------------------------------------------


def _explain_records(
    workspace: Workspace,
    db: Db,
    athlete_id: str,
    reference: str,
) -> Plain:
    record_ids = find_records(db, athlete_id, reference.rstrip("…"))
    if not record_ids:
        # A date matches no id, so it is tried last.
        record_ids = records_on(db, athlete_id, reference)
    if not record_ids:
        record_ids = _records_at(db, athlete_id, reference)
    by_id = {record_id: story_of_record(db, record_id) for record_id in record_ids}
    _add_next_steps(workspace, db, by_id)
    stories = list(by_id.values())
    paths = list_paths(db, athlete_id)
    for story in stories:
        story["sent_by"] = None  # a copy of what was sent has an activity
        story["paths"] = paths.get((story["connection"], story["external_id"]), [])
    verdict, fix = _verdict(stories)
    unreadable = [] if stories else _unreadable(db, athlete_id, reference)
    if unreadable:
        verdict = unreadable[0]["what"]
        fix = unreadable[0]["fix"]
    return {
        "reference": reference,
        "activity": None,
        "verdict": verdict,
        "fix": fix,
        "records": stories,
        "unreadable": unreadable,
        "same_because": [],
        "apart_from": [],
        "values_from": {},
        "alternatives": [],
        "remarks": [],
        "boosters": [],
        "doubts": [],
        "crop": None,
    }


def _unreadable(
    db: Db,
    athlete_id: str,
    reference: str,
) -> list[Plain]:
    """Return the files that could not be read and are meant by an id, a name or a path."""
    # A list shows a long id as its first characters and "…".
    typed = reference.rstrip("…")
    return [row for row in list_unreadable(db, athlete_id) if is_meant(row, typed)]


def _activity_of_file(
    db: Db,
    athlete_id: str,
    path: str,
) -> str | None:
    """Return the id of the activity of a file, by the name or path of the file."""
    for record_id in _records_at(db, athlete_id, path):
        for source_activity in story_of_record(db, record_id)["source_activities"]:
            if source_activity["activity_id"] is not None:
                return str(source_activity["activity_id"])
    return None


def _records_at(
    db: Db,
    athlete_id: str,
    path: str,
) -> list[int]:
    """Return the ids of the records of a file, by its name or path."""
    record_ids = []
    for (_, external_id), paths in list_paths(db, athlete_id).items():
        if any(is_path(known, path) for known in paths):
            record_ids += find_records(db, athlete_id, external_id)
    return record_ids


def _verdict(stories: Sequence[Plain]) -> tuple[str, str | None]:
    """Return where the first of these records stopped, in words, and what to do."""
    if not stories:
        return (
            "FitGlue has never seen this workout",
            "check that it exists at the source, then run `fitglue sync --full`",
        )
    story = stories[0]
    quarantined = story["quarantine"]
    if quarantined:
        return f"in quarantine: {quarantined['what']}", quarantined.get("fix")
    if story["state"] == RecordState.STUB:
        reason = story["reason"] or {}
        why = reason.get("reason", "the source gives no reason")
        return f"listed, but never delivered: {why}", reason.get("fix")
    if story["state"] == RecordState.GONE:
        return "deleted at its source", None
    return "listed, but not processed yet", "run `fitglue sync`"
