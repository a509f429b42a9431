"""The endpoints of the API: which response belongs to a path and a query."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing import athlete
from fitglue_intervals.testing.bodies import Bodies, json_list
from fitglue_intervals.testing.error_responses import (
    ACCESS_DENIED,
    BAD_DATE,
    NO_OLDEST,
    NOT_FOUND,
    STRAVA_REFUSED,
    type_mismatch,
)
from fitglue_intervals.testing.streams import as_csv, select_streams
from fitglue_intervals.testing.values import local_text
from fitglue_registry.testing import Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_intervals.testing.account import Account
    from fitglue_registry.testing.service import Endpoint

_ROOT = "/api/v1"
_LATEST = "9999-12-31T23:59:59"
#: The largest Java integer, which is what the service parses ``limit`` as.
_NO_LIMIT = "2147483647"
_CSV = "text/csv;charset=UTF-8"
_BYTES = "application/octet-stream"


class Endpoints:
    """The endpoints of the API for one account.

    If ``stub_detail`` is true, the detail of a Strava activity is its stub instead of an error 422.
    Both were seen.
    """

    def __init__(self, account: Account) -> None:
        self.stub_detail = False
        self._account = account
        self._bodies = Bodies(account)

    def routes(self) -> dict[str, Endpoint]:
        """Return each pattern of a path with its endpoint."""
        owner = _ROOT + r"/athlete/([^/]+)"
        activity = _ROOT + r"/activity/([^/]+)"
        return {
            _ROOT + r"/athletes": self._athletes,
            owner: self._athlete_endpoint(athlete.settings),
            owner + r"/profile": self._athlete_endpoint(athlete.profile),
            owner + r"/connections": self._athlete_endpoint(athlete.connections),
            owner + r"/activities": self._list,
            owner + r"/activities/([^/]+)": self._several,
            activity: self._activity_endpoint(self._detail, is_detail=True),
            activity + r"/intervals": self._activity_endpoint(self._intervals),
            activity + r"/streams(\.json|)": self._activity_endpoint(self._streams),
            activity + r"/streams(\.csv)": self._activity_endpoint(self._streams_as_csv),
            activity + r"/file": self._activity_endpoint(self._file),
        }

    # The athlete
    # ----------------------------------------------------------------------------------------------

    def _is_other_athlete(self, athlete_id: str) -> bool:
        """Return whether a path names someone else; ``0`` is the owner of the key."""
        return athlete_id not in {"0", self._account.athlete_id}

    def _athlete_endpoint(self, make: Callable[[str, str], Any]) -> Endpoint:
        """Return an endpoint that answers with what ``make`` returns for id and time zone."""

        def endpoint(_: Request, athlete_id: str) -> Response:
            if self._is_other_athlete(athlete_id):
                return ACCESS_DENIED
            return json_response(make(self._account.athlete_id, self._account.timezone))

        return endpoint

    def _athletes(self, _: Request) -> Response:
        """Return the list of athletes that the key may read, which has one item."""
        return json_response([athlete.list_entry(self._account.athlete_id, self._account.timezone)])

    # Lists
    # ----------------------------------------------------------------------------------------------

    def _list(self, request: Request, athlete_id: str) -> Response:
        """Return the activities of a window of local dates, both ends included."""
        params = request.params
        if self._is_other_athlete(athlete_id):
            return ACCESS_DENIED
        if "oldest" not in params:
            return NO_OLDEST
        oldest = _moment(_first_param(request, "oldest"), "T00:00:00")
        newest = _moment(_first_param(request, "newest", _LATEST), "T23:59:59")
        if oldest is None or newest is None:
            return BAD_DATE
        limit = _first_param(request, "limit", _NO_LIMIT)
        # The service parses the number before it looks at it, so this is a 500 and not a 422.
        if not limit.isdecimal():
            return type_mismatch("java.lang.Integer", limit)
        fields = _listed_names(request, "fields")
        records = self._account.records
        # One lock for ids and bodies: a list never holds a row that was deleted meanwhile.
        with records.locked():
            ids = records.window(oldest, newest, int(limit))
            if not fields:
                return Response(200, self._bodies.rows(ids))
            selected = [self._bodies.selected_fields(id_, fields) for id_ in ids]
            return Response(200, json_list(selected))

    def _several(
        self,
        request: Request,
        athlete_id: str,
        ids: str,
    ) -> Response:
        """Return activities by id, in the order of the list.

        Documented for the real API: ids that do not exist are left out silently.
        """
        if self._is_other_athlete(athlete_id):
            return ACCESS_DENIED
        records = self._account.records
        with records.locked():
            present = records.present(ids.split(","))
            if not _is_true(request, "intervals"):
                return Response(200, self._bodies.rows(present))
            return Response(200, json_list(map(self._bodies.with_intervals, present)))

    # One activity
    # ----------------------------------------------------------------------------------------------

    def _activity_endpoint(self, endpoint: Endpoint, *, is_detail: bool = False) -> Endpoint:
        """Wrap an endpoint so that an unknown activity gets 404 and a Strava activity gets 422."""

        def checked(request: Request, id_: str, *groups: str) -> Response:
            try:
                refused = self._account.is_stub(id_)
                if is_detail and self.stub_detail:
                    refused = False
                if refused:
                    return STRAVA_REFUSED
                return endpoint(request, id_, *groups)
            except KeyError:
                # Another thread may delete the activity between the check and the response. A
                # KeyError about an activity that exists is a defect of the stand-in: show it.
                if id_ in self._account:
                    raise
                return NOT_FOUND

        return checked

    def _detail(self, request: Request, id_: str) -> Response:
        """Return the Activity object, with its intervals if they are asked for."""
        if _is_true(request, "intervals"):
            return Response(200, self._bodies.with_intervals(id_))
        return Response(200, self._bodies.row(id_))

    def _intervals(self, _: Request, id_: str) -> Response:
        """Return the intervals and groups of an activity, with the time of the last analysis."""
        intervals, groups = self._account.intervals(id_)
        return json_response(
            {
                "id": id_,
                "analyzed": self._account.row(id_).get("analyzed"),
                "icu_intervals": intervals,
                "icu_groups": groups,
            }
        )

    def _streams(
        self,
        request: Request,
        id_: str,
        _extension: str,
    ) -> Response:
        """Return the streams as gzip-compressed JSON."""
        types = _listed_names(request, "types")
        # Streams are kept compressed, so a client that accepts gzip gets these very bytes.
        return Response(
            200,
            None,
            gzipped=self._bodies.gzipped_streams(id_, types),
        )

    def _streams_as_csv(
        self,
        request: Request,
        id_: str,
        _extension: str,
    ) -> Response:
        """Return the streams as CSV."""
        types = _listed_names(request, "types")
        streams = self._account.streams(id_)
        if types:
            streams = select_streams(streams, types)
        return Response(200, as_csv(streams), _CSV)

    def _file(self, _: Request, id_: str) -> Response:
        """Return the original upload, or 404 for an activity that was typed in."""
        content = self._account.file(id_)
        if content is None:
            return NOT_FOUND
        return Response(200, content, _BYTES)


def _first_param(request: Request, name: str, default: str = "") -> str:
    """Return the first value of a parameter, or the default if the query does not have it."""
    return request.params.get(name, [default])[0]


def _listed_names(request: Request, name: str) -> list[str]:
    """Return the names that a parameter lists, separated by commas."""
    listed = ",".join(request.params.get(name, [])).split(",")
    return [part.strip() for part in listed if part.strip()]


def _is_true(request: Request, name: str) -> bool:
    return _first_param(request, name).lower() == "true"


def _moment(text: str, time_of_day: str) -> str | None:
    """Return a date or a local date-time in the notation of ``start_date_local``.

    ``time_of_day`` completes a bare date; None is returned for a text that is neither. Equal
    notation makes a comparison of texts a comparison of times.
    """
    if len(text) == len("2026-11-20"):
        text += time_of_day
    try:
        return local_text(datetime.fromisoformat(text))
    except ValueError:
        return None
