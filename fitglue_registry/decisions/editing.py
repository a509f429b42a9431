"""The athlete's own values: what may be set, read as the model wants it, remembered, and merged in
at once.
"""

from __future__ import annotations

import math
import types
import typing
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from fitglue_registry.decisions import choices
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.model import SPORTS, SourceActivity, canonical_sport
from fitglue_registry.registry.merge_rules import UNDECIDED
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.references import resolve
from fitglue_registry.store.source_activity_rows import load_rows
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.engine import Connection as Db

    from fitglue_registry.matching.matcher import Matcher
    from fitglue_registry.store.activity_details import ActivityDetails
    from fitglue_registry.store.source_activity_rows import SourceActivityRow

#: Where an activity lies in time is what it is known by.
_START = frozenset({"start_utc", "start_local", "timezone", "utc_offset_s", "start_precision"})
#: Resets every field.
ALL = "all"


def edit(
    db: Db,
    matcher: Matcher,
    athlete_id: str,
    reference: str,
    values: Mapping[str, str],
    sources: Mapping[str, str],
    reset: Sequence[str],
    now: str,
) -> ActivityDetails:
    """Set fields of an activity, or say which source gives them, or leave them to the rules again;
    raises ``UserMistake``.
    """
    lock_athlete(db, athlete_id)
    found = load_activity(db, resolve(db, athlete_id, reference))
    read = {field: read_value(field, text) for field, text in values.items()}
    members = _home_first(load_rows(db, [member.id for member in found.members]).values(), found.id)
    givers = {field: _giver(found, members, field, source) for field, source in sources.items()}
    _refuse_unknown(reset)
    twice = sorted((read.keys() & givers.keys()) | ((read.keys() | givers.keys()) & set(reset)))
    if twice:
        raise UserMistake(
            "FG-field-twice",
            f"{twice[0]} is named twice",
            at=Place(field=twice[0]),
            fix="say one thing of each field",
        )
    over = read.keys() | givers.keys() | set(reset)
    made = choices.of_groups(db, athlete_id, [members])[0]
    choices.drop_choices(db, [one.id for one in made if one.field in over or ALL in reset])
    for field, value in read.items():
        choices.put_choice(db, athlete_id, field, value, None, members, now)
    for field, giver in givers.items():
        choices.put_choice(db, athlete_id, field, None, giver, members, now)
    matcher.merge_again(db, athlete_id, [row.id for row in members], now)
    return load_activity(db, found.id)


def _home_first(rows: Iterable[SourceActivityRow], activity_id: str) -> list[SourceActivityRow]:
    """On a split a choice stays where the activity stays: with the member that it was made for."""
    return sorted(rows, key=lambda row: (row.home_id != activity_id, row.gone, row.id))


@cache
def settable() -> dict[str, Any]:
    """Field → its type, for every field that holds one word or figure."""
    fields = {field.name: field.type for field in msgspec.structs.fields(SourceActivity)}
    return {
        name: kind
        for name, kind in fields.items()
        if name not in UNDECIDED | _START and _is_plain(kind)
    }


def _is_plain(kind: Any) -> bool:
    if typing.get_origin(kind) is typing.Annotated:
        return _is_plain(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return all(part is type(None) or _is_plain(part) for part in typing.get_args(kind))
    return kind in (str, int, float, bool) or typing.get_origin(kind) is Literal


def read_value(field: str, text: str) -> Any:
    """What somebody typed for a field, as the model has it; nothing typed: no value.

    Raises ``UserMistake``.
    """
    known = settable()
    if field not in known:
        near = nearest(field, known)
        raise UserMistake(
            "FG-field-unknown",
            f"{field!r} is no field that can be set",
            at=Place(field=field),
            why=f"these can: {', '.join(known)}",
            fix=f"did you mean {near}?" if near else "use one of these",
        )
    if not text.strip():
        return None
    try:
        text.encode()
        value = msgspec.convert(
            _sport(text) if field == "sport" else text.replace("\0", ""), known[field], strict=False
        )
        # JSON has no word for it, and would clear the field.
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("it is not a finite number")
    except ValueError as error:  # what msgspec raises, too, and a text that cannot be encoded
        raise UserMistake(
            "FG-value-refused",
            f"{field} cannot be {text!r:.80}",
            at=Place(field=field),
            why=str(error),
            fix="figures are in SI units, as the name of the field says; yes and no are true and "
            "false",
        ) from None
    return value


def _sport(text: str) -> str:
    sport = canonical_sport(text)
    if sport == "Other" and text.strip().casefold() != "other":
        near = nearest(text, SPORTS)
        raise UserMistake(
            "FG-sport-unknown",
            f"there is no sport {text!r:.80}",
            at=Place(field="sport"),
            why=f"there are: {', '.join(SPORTS)}",
            fix=f"did you mean {near}?" if near else "use one of these",
        )
    return sport


def _refuse_unknown(fields: Iterable[str]) -> None:
    known = [
        ALL,
        "streams",
        *(name for name in SourceActivity.__struct_fields__ if name not in UNDECIDED),
    ]
    for field in fields:
        if field not in known:
            near = nearest(field, known)
            raise UserMistake(
                "FG-field-unknown",
                f"{field!r} is no field of an activity",
                at=Place(field=field),
                fix=f"did you mean {near}?" if near else "docs/data-model.md lists the fields",
            )


def _giver(
    found: ActivityDetails, members: Sequence[SourceActivityRow], field: str, source: str
) -> str:
    """The account that shall give a field, as members are keyed by; raises ``UserMistake`` where it
    says nothing of it.
    """
    _refuse_unknown([field])
    names = {member.id: f"{member.connection}/{member.external_id}" for member in found.members}
    named = [member for member in found.members if member.is_meant_by(source)]
    if not named:
        raise UserMistake(
            "FG-source-unknown",
            f"{source!r} is not one of the sources of activity {found.number}",
            at=Place(field=field),
            why=f"it is made of {', '.join(names.values())}",
            fix="name one of these, by connection",
        )
    having = [member for member in named if member.stream_types or field != "streams"]
    having = [
        member
        for member in having
        if field == "streams" or getattr(member.activity, field) not in (None, (), {})
    ]
    if not having:
        raise UserMistake(
            "FG-source-silent",
            f"{source} says nothing of {field}",
            at=Place(field=field),
            fix=f"fitglue why {found.number} shows what each says; --set {field}=… sets a value "
            "of your own",
        )
    row = next(row for row in members if row.id == having[0].id)
    return f"{row.entry} {row.account_id}"
