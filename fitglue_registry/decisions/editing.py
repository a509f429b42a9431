"""Edits of the athlete: values of their own, and the source that gives a field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.decisions.edited_values import drop_edits, edits_of_groups, put_edit
from fitglue_registry.decisions.field_values import ALL, read_value, refuse_unknown_fields
from fitglue_registry.dedupe import Choice
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.store.activity_details import load_activity
from fitglue_registry.store.athletes import lock_athlete
from fitglue_registry.store.source_activity_rows import load_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fitglue_registry.decisions.transaction import DecisionTransaction
    from fitglue_registry.store.activity_details import ActivityDetails, MemberRow
    from fitglue_registry.store.source_activity_rows import SourceActivityRow


@dataclass(frozen=True, slots=True)
class Edit:
    """What the athlete wants of the fields of one activity.

    ``values`` are texts as they were typed, ``sources`` name the connection or record that gives a
    field, and ``reset`` leaves fields to the rules again (``all``: every field).
    """

    values: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    reset: Sequence[str] = ()

    def refuse_contradictions(self) -> None:
        """Raise ``UserMistake`` where one field is named in two ways."""
        set_or_given = self.values.keys() | self.sources.keys()
        twice = (self.values.keys() & self.sources.keys()) | (set_or_given & set(self.reset))
        if twice:
            first = min(twice)
            raise UserMistake(
                "FG-field-twice",
                f"{first} is named twice",
                at=Place(field=first),
                fix="say one thing of each field",
            )

    def replaces(self, name: str) -> bool:
        """Whether an earlier edit of this field does not hold any more."""
        return ALL in self.reset or name in (*self.values, *self.sources, *self.reset)


def edit_activity(
    transaction: DecisionTransaction,
    reference: str,
    edit: Edit,
) -> ActivityDetails:
    """Remember an edit of an activity, and merge the activity with it; raises ``UserMistake``."""
    db, athlete_id = transaction.db, transaction.athlete_id
    lock_athlete(db, athlete_id)
    activity = transaction.activity(reference)
    rows = load_rows(db, [member.id for member in activity.members])
    members = _home_first(rows.values(), activity.id)
    choices = _choices(activity, members, edit)

    earlier = edits_of_groups(db, athlete_id, [members])[0]
    drop_edits(db, [made.id for made in earlier if edit.replaces(made.field)])
    for choice in choices:
        put_edit(transaction, choice, members)
    ids = [row.id for row in members]
    transaction.matcher.merge_again(db, athlete_id, ids, transaction.now)
    return load_activity(db, activity.id)


def _choices(
    activity: ActivityDetails,
    members: Sequence[SourceActivityRow],
    edit: Edit,
) -> list[Choice]:
    choices = []
    for name, text in edit.values.items():
        choices.append(Choice(name, value=read_value(name, text)))
    for name, source in edit.sources.items():
        choices.append(Choice(name, giver=_giver(activity, members, name, source)))
    refuse_unknown_fields(edit.reset)
    edit.refuse_contradictions()
    return choices


def _home_first(rows: Iterable[SourceActivityRow], activity_id: str) -> list[SourceActivityRow]:
    """Order members so that, on a split, an edit stays where the activity stays.

    That is with the member that the activity was made for.
    """
    return sorted(rows, key=lambda row: (row.home_id != activity_id, row.gone, row.id))


def _giver(
    activity: ActivityDetails,
    members: Sequence[SourceActivityRow],
    name: str,
    source: str,
) -> str:
    """The account that gives a field from now on, as the merge knows accounts.

    Raises ``UserMistake`` where it says nothing of the field.
    """
    refuse_unknown_fields([name])
    meant = [member for member in activity.members if member.is_meant_by(source)]
    if not meant:
        sources = ", ".join(member.name for member in activity.members)
        raise UserMistake(
            "FG-source-unknown",
            f"{source!r} is not one of the sources of activity {activity.number}",
            at=Place(field=name),
            why=f"it is made of {sources}",
            fix="name one of these, by connection",
        )
    giving = next((member for member in meant if _has_value(member, name)), None)
    if giving is None:
        raise UserMistake(
            "FG-source-silent",
            f"{source} says nothing of {name}",
            at=Place(field=name),
            fix=f"fitglue why {activity.number} shows what each says; --set {name}=… sets a value "
            "of your own",
        )
    row = next(row for row in members if row.id == giving.id)
    return f"{row.entry} {row.account_id}"


def _has_value(member: MemberRow, name: str) -> bool:
    if name == "streams":
        return bool(member.stream_types)
    return getattr(member.activity, name) not in (None, (), {})
