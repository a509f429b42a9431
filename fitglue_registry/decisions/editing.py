"""Carries out the athlete's edits: own values, and the source that supplies a field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitglue_registry.decisions.crop_choice import crop_choices
from fitglue_registry.decisions.edited_values import drop_edits, edits_of_groups, put_edit
from fitglue_registry.decisions.field_values import ALL, read_value, refuse_unknown_fields
from fitglue_registry.dedupe import Choice
from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.matching.candidate_cache import account_of
from fitglue_registry.model import ABSENT, CROP, apply_crop, is_cropped
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
    """A request to change fields of one activity.

    Attributes:
        values: Field → its new value, as the text that was typed.
        sources: Field → the connection or the record that is to supply it.
        reset: The fields that the merge rules are to decide again; ``all`` means every field, and
            ``crop`` undoes a crop that was made at a service.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    reset: Sequence[str] = ()

    def refuse_contradictions(self) -> None:
        """Raise ``UserMistake`` if one field is named in two ways."""
        changed = self.values.keys() | self.sources.keys()
        twice = (self.values.keys() & self.sources.keys()) | (changed & set(self.reset))
        if twice:
            first = min(twice)
            raise UserMistake(
                "FG-field-twice",
                f"{first} is named twice",
                at=Place(field=first),
                fix="name each field only once",
            )

    def replaces(self, name: str) -> bool:
        """Return whether this edit replaces an earlier edit of the field."""
        return ALL in self.reset or name in (*self.values, *self.sources, *self.reset)


def edit_activity(
    transaction: DecisionTransaction,
    reference: str,
    edit: Edit,
) -> ActivityDetails:
    """Store an edit of an activity, and merge the activity again.

    Args:
        transaction: The transaction in which the athlete decides.
        reference: The activity, as a person names it.
        edit: The changes.

    Returns:
        The activity with the edit applied.

    Raises:
        UserMistake: The activity, a field, a value or a source does not exist, or a field is named
            twice. Nothing has been stored then.
    """
    db, athlete_id = transaction.db, transaction.athlete_id
    # Locked before reading, so that no sync changes the members in between.
    lock_athlete(db, athlete_id)
    activity = transaction.activity(reference)
    rows = load_rows(db, [member.id for member in activity.members])
    members = _home_first(rows.values(), activity.id)
    choices = _choices(activity, members, edit)

    # The new edits have been checked by now, so the old ones can be deleted.
    earlier = edits_of_groups(db, athlete_id, [members])[0]
    drop_edits(db, [stored.id for stored in earlier if edit.replaces(stored.field)])
    for choice in choices:
        put_edit(transaction, choice, members)
    ids = [row.id for row in members]
    transaction.matcher.remerge(db, athlete_id, ids, transaction.now)
    return load_activity(db, activity.id)


def _choices(
    activity: ActivityDetails,
    members: Sequence[SourceActivityRow],
    edit: Edit,
) -> list[Choice]:
    """Return the choices that an edit requests; raise ``UserMistake`` if any of them is not
    possible.
    """
    choices = crop_choices(activity, edit.values, edit.reset)
    for name, text in edit.values.items():
        if name != CROP:
            choices.append(Choice(name, value=read_value(name, text)))
    for name, source in edit.sources.items():
        choices.append(Choice(name, account=_supplier(activity, members, name, source)))
    refuse_unknown_fields(name for name in edit.reset if name != CROP)
    edit.refuse_contradictions()
    return choices


def _home_first(rows: Iterable[SourceActivityRow], activity_id: str) -> list[SourceActivityRow]:
    """Return the members, those for which the activity was created first.

    If the activity is split, it stays with such a member, and so does an edit whose first key is
    that member's.
    """
    return sorted(rows, key=lambda row: (row.home_id != activity_id, row.gone, row.id))


def _supplier(
    activity: ActivityDetails,
    members: Sequence[SourceActivityRow],
    name: str,
    source: str,
) -> str:
    """Return the account that is to supply a field, in the form that the matcher uses.

    Raise ``UserMistake`` if the source is not one of the activity, or has no value for the field.
    """
    refuse_unknown_fields([name])
    meant = [member for member in activity.members if member.is_meant_by(source)]
    if not meant:
        sources = ", ".join(member.name for member in activity.members)
        raise UserMistake(
            "FG-source-unknown",
            f"{source!r} is not one of the sources of activity {activity.number}",
            at=Place(field=name),
            why=f"its sources are {sources}",
            fix="name one of these, or only its connection",
        )
    # A connection may supply several members; any of them with a value will do.
    supplier = next((member for member in meant if _has_value(activity, member, name)), None)
    if supplier is None:
        raise UserMistake(
            "FG-source-silent",
            f"{source} has no value for {name}",
            at=Place(field=name),
            fix=f"`fitglue why {activity.number}` shows the values of each source; --set {name}=… "
            "sets your own value",
        )
    row = next(row for row in members if row.id == supplier.id)
    return account_of(row)


def _has_value(
    activity: ActivityDetails,
    member: MemberRow,
    name: str,
) -> bool:
    if name == "streams":
        return bool(member.stream_types)
    values = member.activity
    # A value of the whole recording does not hold for the rest.
    if is_cropped(activity.activity):
        values = apply_crop(values)
    return getattr(values, name) not in ABSENT
