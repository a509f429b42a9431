"""The endpoints: which answer the account gives to a path and a query, after the key was looked
at.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fitglue_intervals.testing import athlete
from fitglue_intervals.testing.answers import (
    ACCESS_DENIED,
    AUTH_FAILED,
    NOT_FOUND,
    STRAVA_REFUSED,
    Answer,
    error,
    mismatch,
    ok,
    spring_error,
)
from fitglue_intervals.testing.streams import as_csv, chosen
from fitglue_intervals.testing.values import compact, local_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_intervals.testing.account import Account

Query = dict[str, list[str]]
_LATEST = "9999-12-31T23:59:59"


@dataclass(slots=True)
class Service:
    """The account as the key sees it; ``key`` None is a key that was revoked."""

    account: Account
    athlete_id: str
    key: str | None
    stub_detail: bool = False

    def answer(self, method: str, path: str, query: Query, authorization: str | None) -> Answer:
        """What the API answers to one request."""
        refused = self._refused(authorization)
        if refused is not None:
            return refused
        for pattern, endpoint in _ENDPOINTS:
            found = pattern.fullmatch(path)
            if found is None:
                continue
            if method != "GET":
                return spring_error(405, "Method Not Allowed", path)
            return endpoint(
                self, query, *(unquote(part) if part else "" for part in found.groups())
            )
        return spring_error(404, "Not Found", path)

    def _refused(self, authorization: str | None) -> Answer | None:
        """Why the request may not pass; an absent header is answered like a scheme that is not
        known.
        """
        scheme, _, credentials = (authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return ACCESS_DENIED
        try:
            user, _, password = (
                base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
            )
        except (binascii.Error, UnicodeDecodeError):
            return error(500, "java.lang.IllegalArgumentException: Illegal base64 character")
        return None if (user, password) == ("API_KEY", self.key) else AUTH_FAILED

    def _foreign(self, athlete_id: str) -> bool:
        return athlete_id not in {"0", self.athlete_id}


def _of_athlete(make: Callable[[str, str], Any]) -> Callable[..., Answer]:
    """An endpoint that says something of the athlete alone."""

    def endpoint(service: Service, query: Query, athlete_id: str) -> Answer:
        del query
        return (
            ACCESS_DENIED
            if service._foreign(athlete_id)
            else ok(make(service.athlete_id, service.account.timezone))
        )

    return endpoint


def _athletes(service: Service, query: Query) -> Answer:
    del query
    return ok([athlete.listed(service.athlete_id, service.account.timezone)])


def _list(service: Service, query: Query, athlete_id: str) -> Answer:
    if service._foreign(athlete_id):
        return ACCESS_DENIED
    if "oldest" not in query:
        return error(
            422,
            "Required request parameter 'oldest' for method parameter type String is not present",
        )
    oldest, newest = (
        _moment(query["oldest"][0], "T00:00:00"),
        _moment(query.get("newest", [_LATEST])[0], "T23:59:59"),
    )
    if oldest is None or newest is None:
        return error(422, "Invalid date, expected an ISO-8601 local date or date-time")
    limit = query.get("limit", ["2147483647"])[0]
    if not limit.isdecimal():
        return mismatch("java.lang.Integer", limit)
    with service.account.unchanged():
        return _rows(
            service, service.account.window(oldest, newest, int(limit)), _names(query, "fields")
        )


def _moment(text: str, rest: str) -> str | None:
    """A local time as it stands in ``start_date_local``, a bare date filled up; None for what is
    neither.
    """
    try:
        return local_text(datetime.fromisoformat(text + rest if len(text) == 10 else text))
    except ValueError:
        return None


def _names(query: Query, name: str) -> list[str]:
    return [
        part.strip() for text in query.get(name, []) for part in text.split(",") if part.strip()
    ]


def _rows(service: Service, ids: list[str], fields: list[str]) -> Answer:
    """Rows of the list; ``fields`` drops what is null too, and a stub does not care."""
    account = service.account
    if not fields:
        return Answer(200, account.list_body(ids))
    return Answer(200, b"[" + b",".join(account.some_fields(id_, fields) for id_ in ids) + b"]")


def _several(service: Service, query: Query, athlete_id: str, ids: str) -> Answer:
    """Some activities by id in the order of the list; of ids that are not there nothing is said."""
    if service._foreign(athlete_id):
        return ACCESS_DENIED
    account = service.account
    with account.unchanged():
        found = account.present(ids.split(","))
        if not _true(query, "intervals"):
            return _rows(service, found, [])
        return Answer(200, b"[" + b",".join(_whole(service, id_) for id_ in found) + b"]")


def _whole(service: Service, id_: str) -> bytes:
    """A row with its intervals."""
    body = service.account.row_body(id_)
    if service.account.is_stub(id_):
        return body
    intervals, groups = service.account.intervals(id_)
    return (
        body[:-1]
        + b',"icu_intervals":'
        + compact(intervals)
        + b',"icu_groups":'
        + compact(groups)
        + b"}"
    )


def _of_activity(endpoint: Callable[..., Answer]) -> Callable[..., Answer]:
    """An endpoint of one activity, which must be there and not be Strava's."""

    def checked(service: Service, query: Query, id_: str, *rest: str) -> Answer:
        try:
            refused = service.account.is_stub(id_) and not (
                service.stub_detail and endpoint is _detail
            )
            return STRAVA_REFUSED if refused else endpoint(service, query, id_, *rest)
        except KeyError:
            if id_ in service.account:
                raise
            return NOT_FOUND

    return checked


def _detail(service: Service, query: Query, id_: str) -> Answer:
    return Answer(
        200, _whole(service, id_) if _true(query, "intervals") else service.account.row_body(id_)
    )


def _intervals(service: Service, query: Query, id_: str) -> Answer:
    del query
    intervals, groups = service.account.intervals(id_)
    analyzed = service.account.row(id_).get("analyzed")
    return ok({"id": id_, "analyzed": analyzed, "icu_intervals": intervals, "icu_groups": groups})


def _streams(service: Service, query: Query, id_: str, extension: str = "") -> Answer:
    types = _names(query, "types")
    if extension == ".csv":
        streams = service.account.streams(id_)
        return Answer(
            200, as_csv(chosen(streams, types) if types else streams), "text/csv;charset=UTF-8"
        )
    return Answer(200, None, packed=service.account.packed_streams(id_, types))


def _file(service: Service, query: Query, id_: str) -> Answer:
    del query
    content = service.account.file(id_)
    return NOT_FOUND if content is None else Answer(200, content, "application/octet-stream")


def _true(query: Query, name: str) -> bool:
    return query.get(name, [""])[0].lower() == "true"


_ENDPOINTS: list[tuple[re.Pattern[str], Callable[..., Answer]]] = [
    (re.compile("/api/v1" + path), endpoint)
    for path, endpoint in (
        (r"/athletes", _athletes),
        (r"/athlete/([^/]+)", _of_athlete(athlete.settings)),
        (r"/athlete/([^/]+)/profile", _of_athlete(athlete.profile)),
        (r"/athlete/([^/]+)/connections", _of_athlete(athlete.connections)),
        (r"/athlete/([^/]+)/activities", _list),
        (r"/athlete/([^/]+)/activities/([^/]+)", _several),
        (r"/activity/([^/]+)", _of_activity(_detail)),
        (r"/activity/([^/]+)/intervals", _of_activity(_intervals)),
        (r"/activity/([^/]+)/streams(\.json|\.csv|)", _of_activity(_streams)),
        (r"/activity/([^/]+)/file", _of_activity(_file)),
    )
]
