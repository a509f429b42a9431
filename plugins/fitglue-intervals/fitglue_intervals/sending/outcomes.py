"""The results of a delivery: what Intervals.icu has now, and why it has less than was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_intervals.sending.ids import identities_of
from fitglue_intervals.sending.remote import PAGE
from fitglue_registry.plugin_api import Receipt, Rejected, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fitglue_registry.plugin_api import Delivery

#: Key of a receipt: whose the activity is.
_RECORD = "record"
_OURS = "ours"
_ELSEWHERE = "from elsewhere"


def receipt_of(
    id_: str,
    *,
    is_ours: bool = True,
) -> Receipt:
    """Return the receipt for an activity.

    Args:
        id_: The id of the activity.
        is_ours: Whether a delivery has made it. Any other one is never changed, only filled.
    """
    return Receipt(
        id_,
        PAGE + id_,
        {_RECORD: _OURS if is_ours else _ELSEWHERE},
    )


def is_from_elsewhere(receipt: Receipt | None) -> bool:
    """Return whether a receipt is for an activity that no delivery has made."""
    return receipt is not None and receipt.data.get(_RECORD) == _ELSEWHERE


def sent(
    delivery: Delivery,
    id_: str,
    *,
    existed: bool = False,
    left_out: Mapping[str, str] | None = None,
) -> Sent:
    """Return the result for an activity that is there as it was sent.

    Args:
        delivery: The delivery.
        id_: The id of the activity that it has made.
        existed: Whether an earlier attempt has made it.
        left_out: Field of the model → why Intervals.icu does not have it.
    """
    return Sent(
        receipt_of(id_),
        existed,
        identities_of(delivery, id_),
        dict(left_out or {}),
    )


def left_alone(
    id_: str,
    names: Iterable[str],
) -> Sent:
    """Return the result for an activity that was there already, and that no delivery has made.

    It is no copy of what was sent, so it gets no identities.

    Args:
        id_: The id of the activity.
        names: The fields of the model that were to be sent.
    """
    why = "Intervals.icu had this workout already, and its own record is left as it is"
    return Sent(
        receipt_of(id_, is_ours=False),
        existed=True,
        left_out=dict.fromkeys(names, why),
    )


def removed(id_: str | None) -> Sent:
    """Return the result for an activity that is not there any more, as it was asked for.

    Args:
        id_: The id that the activity had, if it is known.
    """
    return Sent(receipt_of(id_) if id_ else Receipt())


def filled(
    id_: str,
    left_out: Mapping[str, str],
) -> Sent:
    """Return the result for an activity from elsewhere whose empty fields were filled."""
    return Sent(
        receipt_of(id_, is_ours=False),
        existed=True,
        left_out=dict(left_out),
    )


def gone(id_: str | None) -> Rejected:
    """Return the result for an activity that was deleted at Intervals.icu after it was sent."""
    name = f"the activity {id_}" if id_ else "the activity"
    return Rejected(
        "FG-delivery-gone",
        f"{name} is not at Intervals.icu any more, so it was deleted there",
        "nothing to do if you deleted it; to send the workout again, run the pipeline for it with "
        "--activity and --again",
    )


def not_ours(id_: str) -> Rejected:
    """Return the result for a change of an activity that no delivery has made."""
    return Rejected(
        "FG-delivery-not-ours",
        f"the activity {id_} at Intervals.icu was not sent by this pipeline",
        "change it at intervals.icu",
    )


def came_from_there(id_: str) -> Rejected:
    """Return the result for a workout that the account itself has recorded."""
    return Rejected(
        "FG-delivery-came-from-there",
        f"this account at Intervals.icu has the workout already, as {id_}",
        "nothing to do; `fill_back: true` in the pipeline lets FitGlue fill what is empty there",
    )


def came_from_strava(what: str) -> Rejected:
    """Return the result for a workout that came from Strava.

    Args:
        what: What shows it, as the subject of the sentence.
    """
    return Rejected(
        "FG-delivery-from-strava",
        f"{what} from Strava, and what came from Strava is never sent on",
        "link the maker of your watch to FitGlue or to Intervals.icu, so that the workout also "
        "arrives from there",
    )
