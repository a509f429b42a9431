"""The endpoints of the API that change an account: upload, update and deletion of activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitglue_intervals.testing.bodies import Bodies
from fitglue_intervals.testing.changed_fields import FieldRefused, changed_fields
from fitglue_intervals.testing.error_responses import (
    ACCESS_DENIED,
    MALFORMED_JSON,
    NO_FILE,
    NOT_FOUND,
    STRAVA_NOT_UPDATED,
    spring_error,
    type_mismatch,
    unprocessable,
)
from fitglue_intervals.testing.uploaded_files import UploadRefused
from fitglue_intervals.testing.uploads import PARAMETERS, Uploads
from fitglue_registry.testing import Request, Response, json_response

if TYPE_CHECKING:
    from fitglue_intervals.testing.account import Account
    from fitglue_intervals.testing.values import Row
    from fitglue_registry.testing import FormPart
    from fitglue_registry.testing.service import Endpoint

_ROOT = "/api/v1"


class WritingEndpoints:
    """The endpoints that change one account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._bodies = Bodies(account)
        self._uploads = Uploads(account)

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        """Return the method, the pattern of the path and the endpoint of each route."""
        owner = _ROOT + r"/athlete/([^/]+)"
        activity = _ROOT + r"/activity/([^/]+)"
        return [
            ("POST", owner + r"/activities", self._upload),
            ("PUT", activity, self._update),
            ("DELETE", activity, self._delete),
            ("GET", owner + r"/gear(\.json|)", self._gear),
        ]

    def _upload(self, request: Request, athlete_id: str) -> Response:
        """Add the activities of a file: 201 if at least one is new, 200 if all are known."""
        if athlete_id not in {"0", self._account.athlete_id}:
            return ACCESS_DENIED
        # Documented: the body is a form with the part `file`. Spring has this error for others.
        if not request.header("content-type").startswith("multipart/form-data"):
            return spring_error(415, "Unsupported Media Type", request.path)
        file = _file_of(request)
        if file is None:
            return NO_FILE
        event = request.params.get("paired_event_id", ["0"])[0]
        if not event.isdecimal():
            return type_mismatch("java.lang.Integer", event)
        try:
            uploaded = self._uploads.add(file.content, file.filename or "", _parameters(request))
        except UploadRefused as refused:
            return unprocessable(str(refused))
        activities = [self._identity(id_) for id_ in uploaded.ids]
        body = {**activities[0], "activities": activities}
        return json_response(body, 201 if uploaded.is_new else 200)

    def _update(self, request: Request, id_: str) -> Response:
        """Change the fields of an activity that the body has, and return the activity."""
        if id_ not in self._account:
            return NOT_FOUND
        if self._account.is_stub(id_):
            return STRAVA_NOT_UPDATED
        try:
            body = request.json()
        except ValueError:
            return MALFORMED_JSON
        if not isinstance(body, dict):
            return MALFORMED_JSON
        try:
            changes = changed_fields(body, self._account.gear)
            # Seen: a rename moves neither `analyzed` nor `icu_sync_date`.
            self._account.edit(id_, **changes)
            return Response(200, self._bodies.row(id_))
        except FieldRefused as refused:
            return refused.response
        except KeyError:  # another thread has deleted it meanwhile
            return NOT_FOUND

    def _delete(self, _: Request, id_: str) -> Response:
        """Delete an activity and return its id."""
        try:
            self._account.delete(id_)
        except KeyError:
            return NOT_FOUND
        return json_response(self._identity(id_))

    def _gear(
        self,
        _: Request,
        athlete_id: str,
        _extension: str,
    ) -> Response:
        """Return the equipment of the athlete."""
        if athlete_id not in {"0", self._account.athlete_id}:
            return ACCESS_DENIED
        return json_response(self._account.gear)

    def _identity(self, id_: str) -> Row:
        return {"icu_athlete_id": self._account.athlete_id, "id": id_}


def _file_of(request: Request) -> FormPart | None:
    """Return the uploaded file, or None if the form has no part of that name with content."""
    for part in request.parts:
        if part.name == "file" and part.content:
            return part
    return None


def _parameters(request: Request) -> dict[str, str]:
    """Return the parameters that set a key of the activity."""
    params = request.params
    return {name: params[name][0] for name in PARAMETERS if params.get(name, [""])[0]}
