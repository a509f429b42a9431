"""Creation of an activity at Intervals.icu: an upload, and a second request for what an upload
cannot say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fitglue_intervals.sending.fields import names_with_values, values_of
from fitglue_intervals.sending.file import files_of
from fitglue_intervals.sending.ids import external_id_of
from fitglue_intervals.sending.lookup import find_sent, listed_around, nearest, sent_one, twin_of
from fitglue_intervals.sending.origins import why_not_back, why_not_sent
from fitglue_intervals.sending.outcomes import gone, left_alone, receipt_of, sent
from fitglue_intervals.sending.remote import read_remote
from fitglue_intervals.sending.second_request import send_values, unsendable, with_gear
from fitglue_intervals.sending.upload import CREATED, REFUSED, upload, uploaded_ids
from fitglue_registry.errors import FitglueError, RecordRefused, Retryable, UserMistake
from fitglue_registry.model import claim
from fitglue_registry.plugin_api import Accepted, Rejected, Sent, Uncertain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fitglue_intervals.sending.file import SentFile
    from fitglue_intervals.sending.remote import Remote
    from fitglue_registry.plugin_api import Answer, Connection, Delivery

Result = Sent | Accepted | Rejected | Uncertain
#: After how many seconds the host asks again, if the second request failed.
_ASK_AFTER_S = 60.0


def create(
    connection: Connection,
    delivery: Delivery,
) -> Result:
    """Upload an activity, and complete it with the second request.

    If an earlier attempt has uploaded it already, only the second request is sent.

    Args:
        connection: The connection to send with.
        delivery: The delivery.
    """
    activity = delivery.activity
    refused = why_not_sent(activity) or why_not_back(connection, delivery)
    if refused is not None:
        return refused
    known = find_sent(connection, delivery) if delivery.receipt is not None else None
    if known is not None:
        return _finish_known(
            connection,
            delivery,
            known,
        )
    # The service recognizes only equal files, so the account is searched before anything is sent.
    listed = listed_around(connection, activity)
    found = sent_one(delivery, listed)
    if found is not None:
        return _finish(
            connection,
            delivery,
            found.id,
            existed=True,
        )
    twin = twin_of(activity, listed)
    if twin is not None:
        return left_alone(twin.id, names_with_values(activity))
    return _send(connection, delivery)


def _send(
    connection: Connection,
    delivery: Delivery,
) -> Result:
    """Upload the first file that the service accepts."""
    refusal: Rejected | None = None
    try:
        for file in files_of(delivery):
            answer = upload(
                connection,
                delivery,
                file,
            )
            if answer.status not in REFUSED:
                return _uploaded(
                    connection,
                    delivery,
                    file,
                    answer,
                )
            # The reason for an original is kept: the file that was made of it says less.
            refusal = refusal or _refusal(file, answer)
            # Before another file is sent: a proxy may have refused what the service has accepted.
            found = sent_one(delivery, listed_around(connection, delivery.activity))
            if found is not None:
                return _finish(
                    connection,
                    delivery,
                    found.id,
                    existed=True,
                )
    except (RecordRefused, UserMistake) as error:
        refusal = refusal or _unwritable(error)
    return refusal or Uncertain("there was no file to send")


def _uploaded(
    connection: Connection,
    delivery: Delivery,
    file: SentFile,
    answer: Answer,
) -> Result:
    """Return the result of an upload that the service has accepted."""
    ids = uploaded_ids(answer)
    if not ids:
        return Uncertain(
            f"Intervals.icu answered the upload with status {answer.status}, but without the id of "
            "an activity"
        )
    if answer.status == CREATED and len(ids) == 1:
        return _with_claims(
            _finish(
                connection,
                delivery,
                ids[0],
            ),
            file,
            ids,
        )
    remotes = filter(None, [read_remote(connection, id_) for id_ in ids])
    known = nearest(delivery.activity, list(remotes))
    if known is None:
        return Uncertain(f"Intervals.icu has made {ids[0]} of the upload, but does not return it")
    return _with_claims(
        _finish_known(
            connection,
            delivery,
            known,
        ),
        file,
        ids,
    )


def _finish_known(
    connection: Connection,
    delivery: Delivery,
    remote: Remote,
) -> Result:
    """Complete an activity that was there before, if it is one that this delivery has made.

    The service may have the same file from elsewhere, such as from the maker of the watch.
    """
    if not remote.is_from(external_id_of(delivery)):
        return left_alone(remote.id, names_with_values(delivery.activity))
    return _finish(
        connection,
        delivery,
        remote.id,
        existed=True,
    )


def _finish(
    connection: Connection,
    delivery: Delivery,
    id_: str,
    *,
    existed: bool = False,
) -> Result:
    """Send the second request.

    If it fails, the upload is there nevertheless, and must not be sent again. The host asks later,
    is told that the values are not there yet, and calls ``create`` with the receipt.
    """
    activity = delivery.activity
    try:
        values = with_gear(
            connection,
            activity,
            values_of(activity),
        )
        changed = send_values(
            connection,
            id_,
            values,
        )
    except FitglueError as error:
        connection.log.warning(
            "%s was uploaded, but its values were not set: %s",
            id_,
            error,
        )
        return Accepted(receipt_of(id_), _wait_s(error))
    if changed.is_gone:
        return gone(id_)
    left_out = unsendable(activity, values) | changed.left_out
    return sent(
        delivery,
        id_,
        existed=existed,
        left_out=left_out,
    )


def _with_claims(
    result: Result,
    file: SentFile,
    ids: Iterable[str],
) -> Result:
    """Return a result with the claims that only the upload knows.

    They are those of a file that FitGlue has made, and of all activities that the service has made
    of one file.
    """
    if not isinstance(result, Sent) or not result.identities:
        return result
    claims = [claim("intervals", id_) for id_ in ids]
    if file.claim is not None:
        claims.append(file.claim)
    identities = tuple(dict.fromkeys((*result.identities, *claims)))
    return replace(result, identities=identities)


def _refusal(
    file: SentFile,
    answer: Answer,
) -> Rejected:
    """Return the result for a file that the service does not accept."""
    what = "the original file" if file.is_original else "the FIT file of this workout"
    reason = answer.quote() or f"status {answer.status}"
    return Rejected(
        "FG-delivery-file-refused",
        f"Intervals.icu does not accept {what}: {reason}",
        "`fitglue export --format fit` writes the workout to a file, which you can upload at "
        "intervals.icu; report it if that works",
    )


def _unwritable(error: FitglueError) -> Rejected:
    """Return the result for a workout that has no original file, and of which none can be made."""
    reason = f"{error.what}: {error.why}" if error.why else error.what
    return Rejected(
        error.code,
        f"the workout has no original file, and {reason}",
        error.fix,
    )


def _wait_s(error: FitglueError) -> float:
    """Return after how many seconds the second request may be sent again."""
    asked_s = error.retry_after_s if isinstance(error, Retryable) else None
    return max(_ASK_AFTER_S, asked_s or 0.0)
