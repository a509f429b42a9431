"""The endpoints of the API: which response the account gives to a path and a query."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from fitglue_intervals.testing import athlete
from fitglue_intervals.testing.answers import (
    ACCESS_DENIED,
    BAD_DATE,
    NO_OLDEST,
    NOT_FOUND,
    STRAVA_REFUSED,
    mismatch,
)
from fitglue_intervals.testing.bodies import Bodies, json_list
from fitglue_intervals.testing.streams import as_csv, chosen
from fitglue_intervals.testing.values import local_text
from fitglue_registry.testing import Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_intervals.testing.account import Account
    from fitglue_registry.testing.service import Endpoint

_ROOT = "/api/v1"
_LATEST = "9999-12-31T23:59:59"
_MOST = "2147483647"
_CSV = "text/csv;charset=UTF-8"
_BYTES = "application/octet-stream"


class Endpoints:
    """What the API answers about one account.

    With ``stub_detail`` the detail of a Strava activity is its stub instead of 422; both were seen.
    """

    def __init__(self, account: Account) -> None:
        self.stub_detail = False
        self._account = account
        self._bodies = Bodies(account)

    def routes(self) -> dict[str, Endpoint]:
        """Pattern of a path → its endpoint."""
        owner = _ROOT + r"/athlete/([^/]+)"
        activity = _ROOT + r"/activity/([^/]+)"
        return {
            _ROOT + r"/athletes": self._athletes,
            owner: self._of_owner(athlete.settings),
            owner + r"/profile": self._of_owner(athlete.profile),
            owner + r"/connections": self._of_owner(athlete.connections),
            owner + r"/activities": self._list,
            owner + r"/activities/([^/]+)": self._several,
            activity: self._of_activity(self._detail, is_detail=True),
            activity + r"/intervals": self._of_activity(self._intervals),
            activity + r"/streams(\.json|)": self._of_activity(self._streams),
            activity + r"/streams(\.csv)": self._of_activity(self._streams_as_csv),
            activity + r"/file": self._of_activity(self._file),
        }

    # The athlete
    # ----------------------------------------------------------------------------------------------

    def _is_foreign(self, athlete_id: str) -> bool:
        return athlete_id not in {"0", self._account.athlete_id}

    def _of_owner(self, make: Callable[[str, str], Any]) -> Endpoint:
        """An endpoint that says something about the athlete."""

        def endpoint(_: Request, athlete_id: str) -> Response:
            if self._is_foreign(athlete_id):
                return ACCESS_DENIED
            return json_response(make(self._account.athlete_id, self._account.timezone))

        return endpoint

    def _athletes(self, _: Request) -> Response:
        return json_response([athlete.listed(self._account.athlete_id, self._account.timezone)])

    # Lists
    # ----------------------------------------------------------------------------------------------

    def _list(self, request: Request, athlete_id: str) -> Response:
        params = request.params
        if self._is_foreign(athlete_id):
            return ACCESS_DENIED
        if "oldest" not in params:
            return NO_OLDEST
        oldest = _moment(_one(request, "oldest"), "T00:00:00")
        newest = _moment(_one(request, "newest", _LATEST), "T23:59:59")
        if oldest is None or newest is None:
            return BAD_DATE
        limit = _one(request, "limit", _MOST)
        if not limit.isdecimal():
            return mismatch("java.lang.Integer", limit)
        fields = _names(request, "fields")
        records = self._account.records
        with records.unchanged():
            ids = records.window(oldest, newest, int(limit))
            if not fields:
                return Response(200, self._bodies.rows(ids))
            return Response(200, json_list(self._bodies.fields(id_, fields) for id_ in ids))

    def _several(
        self,
        request: Request,
        athlete_id: str,
        ids: str,
    ) -> Response:
        """Some activities by id, in the order of the list; unknown ids are left out."""
        if self._is_foreign(athlete_id):
            return ACCESS_DENIED
        records = self._account.records
        with records.unchanged():
            present = records.present(ids.split(","))
            if not _is_true(request, "intervals"):
                return Response(200, self._bodies.rows(present))
            return Response(200, json_list(map(self._bodies.whole, present)))

    # One activity
    # ----------------------------------------------------------------------------------------------

    def _of_activity(self, endpoint: Endpoint, *, is_detail: bool = False) -> Endpoint:
        """An endpoint of one activity, which must exist and must not be Strava's."""

        def checked(request: Request, id_: str, *rest: str) -> Response:
            try:
                refused = self._account.is_stub(id_)
                if is_detail and self.stub_detail:
                    refused = False
                if refused:
                    return STRAVA_REFUSED
                return endpoint(request, id_, *rest)
            except KeyError:
                if id_ in self._account:
                    raise
                return NOT_FOUND

        return checked

    def _detail(self, request: Request, id_: str) -> Response:
        if _is_true(request, "intervals"):
            return Response(200, self._bodies.whole(id_))
        return Response(200, self._bodies.row(id_))

    def _intervals(self, _: Request, id_: str) -> Response:
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
        types = _names(request, "types")
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
        types = _names(request, "types")
        streams = self._account.streams(id_)
        if types:
            streams = chosen(streams, types)
        return Response(200, as_csv(streams), _CSV)

    def _file(self, _: Request, id_: str) -> Response:
        content = self._account.file(id_)
        if content is None:
            return NOT_FOUND
        return Response(200, content, _BYTES)


def _one(request: Request, name: str, default: str = "") -> str:
    """The first value of a parameter."""
    return request.params.get(name, [default])[0]


def _names(request: Request, name: str) -> list[str]:
    """The names that a parameter lists, separated by commas."""
    listed = ",".join(request.params.get(name, [])).split(",")
    return [part.strip() for part in listed if part.strip()]


def _is_true(request: Request, name: str) -> bool:
    return _one(request, name).lower() == "true"


def _moment(text: str, rest: str) -> str | None:
    """A local time as ``start_date_local`` writes it; ``rest`` completes a bare date.

    None for a text that is neither.
    """
    if len(text) == 10:
        text += rest
    try:
        return local_text(datetime.fromisoformat(text))
    except ValueError:
        return None
