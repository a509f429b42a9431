"""The server of the stand-in: an account on loopback behind the exchange of a key for a token."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from fitglue_garmin.testing.bodies import settings
from fitglue_garmin.testing.files import zipped
from fitglue_garmin.testing.tokens import Tokens
from fitglue_registry.testing import LoopbackService, Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitglue_garmin.testing.account import Account
    from fitglue_garmin.testing.tokens import Clock

TOKEN = "/personalapitoken-service/personal-api/personal-api-key/token"  # noqa: S105 - a path
#: Seen: pages of more than about 45 rows, and so the server's own default of 99, are answered 500.
_LARGEST_PAGE = 45
_DEFAULT_PAGE = 99
_ZIP = "application/x-zip-compressed"
#: Seen: twelve requests at once brought 429 with this many seconds.
_RETRY_AFTER_S = 14
_SECOND = timedelta(seconds=1)


class _SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class StandIn(LoopbackService):
    """A stand-in for Garmin's Personal API that serves one account on loopback.

    Use it as a context manager, or call ``start`` and ``close``. Another process may change the
    account by commands with the names of its methods, see ``fitglue_registry.testing.control``.

    Args:
        account: The account to serve.
        api_key: The key that is accepted.
        clock: The clock by which tokens end and requests are counted.
        most_per_second: How many requests of one second are answered; ``None``: all.
        port: The port to listen on; 0 picks a free one.
        latency_s: How long to wait before each response, in seconds.
    """

    def __init__(
        self,
        account: Account,
        *,
        api_key: str = "GCDC_stand-in-key",
        clock: Clock | None = None,
        most_per_second: int | None = None,
        port: int = 0,
        latency_s: float = 0.0,
    ) -> None:
        super().__init__(port=port, latency_s=latency_s)
        self.account = account
        self.clock = clock or _SystemClock()
        self.tokens = Tokens(api_key, self.clock)
        #: Whether each download packs its file anew, as Garmin may do.
        self.packs_anew = True
        #: Whether an empty list is answered with 204 and no body, as both were seen.
        self.empty_is_204 = False
        #: Whether the list ignores ``excludeChildren``, which no client has tried.
        self.never_lists_legs = False
        self._rate = _Rate(self.clock, most_per_second)
        self._delivered: dict[int, int] = {}
        self._add_routes()
        self._add_account_commands()

    @property
    def api_key(self) -> str | None:
        """The key that is accepted; ``None`` after it was deleted or has ended."""
        return self.tokens.key

    def set_key(self, key: str) -> None:
        """Accept this key and no other: only one can exist. Tokens of the old one end."""
        self.tokens.key = key
        self.tokens.end_all()

    def revoke_key(self) -> None:
        """Accept no key from now on, and end its tokens."""
        self.tokens.key = None
        self.tokens.end_all()

    def end_tokens(self) -> None:
        """End every token that was issued until now; the key stays."""
        self.tokens.end_all()

    def respond(self, request: Request) -> Response:
        """Return the response to one request, or an error if it is too fast or not authorized."""
        if self._rate.is_exceeded():
            limited = _error(
                429,
                "TooManyRequestsException",
                "too many requests",
            )
            return limited.with_header("Retry-After", str(_RETRY_AFTER_S))
        # The key goes to this path only, and the token to all others.
        is_exchange = request.path == TOKEN
        if not is_exchange and not self.tokens.is_valid(request.header("authorization")):
            return _error(
                401,
                "UnauthorizedException",
                "the token is invalid or has ended",
            )
        return super().respond(request)

    def no_route(
        self,
        request: Request,
        status: int,
    ) -> Response:
        """Return the error for a path or a method that the API does not have."""
        return _error(
            status,
            "NotFoundException",
            f"{request.method} {request.path}",
        )

    # Endpoints
    # ----------------------------------------------------------------------------------------------

    def _add_routes(self) -> None:
        number = r"(\d{1,18})"
        self.route(
            TOKEN,
            self._exchange,
            method="POST",
        )
        self.route(r"/activitylist-service/activities/search/activities", self._list)
        self.route(rf"/activity-service/activity/{number}", self._detail)
        self.route(rf"/download-service/files/activity/{number}", self._file)
        self.route(r"/userprofile-service/userprofile/settings", self._settings)

    def _exchange(self, request: Request) -> Response:
        """Return a token as text, or 401 for a key that is not accepted."""
        token = self.tokens.exchange(request.header("authorization"))
        if token is None:
            return _error(
                401,
                "UnauthorizedException",
                "the key is invalid",
            )
        return Response(
            200,
            token.encode(),
            "text/plain",
        )

    def _list(self, request: Request) -> Response:
        """Return a page of the list.

        Seen: a bad parameter is answered with 400 and an empty object.
        """
        try:
            asked = _Asked.of(request)
        except ValueError:
            return json_response({}, 400)
        if not 0 < asked.limit <= _LARGEST_PAGE:
            return _error(
                500,
                "InternalServerErrorException",
                "an unexpected error has occurred",
            )
        rows = self.account.rows(
            asked.oldest,
            asked.newest,
            with_legs=asked.with_legs and not self.never_lists_legs,
        )
        if not asked.is_ascending:
            rows.reverse()
        page = rows[asked.offset : asked.offset + asked.limit]
        if not page and self.empty_is_204:
            return Response(204, b"")
        return json_response(page)

    def _detail(
        self,
        _: Request,
        number: str,
    ) -> Response:
        return self._one(number, lambda id_: json_response(self.account.detail(id_)))

    def _file(
        self,
        request: Request,
        number: str,
    ) -> Response:
        """Return the original file in a zip, which is packed anew for each request."""
        if request.header("accept") != _ZIP:
            return _error(
                406,
                "NotAcceptableException",
                "not acceptable",
            )
        return self._one(number, self._zip)

    def _zip(self, number: int) -> Response:
        content = self.account.file(number)
        if content is None:
            return _error(
                404,
                "NotFoundException",
                "no file",
            )
        # Two downloads at once may get the same number, which does no harm.
        times = self._delivered.get(number, 0)
        if self.packs_anew:
            self._delivered[number] = times + 1
        return Response(
            200,
            zipped(
                number,
                content,
                times,
            ),
            _ZIP,
        )

    def _settings(self, _: Request) -> Response:
        return json_response(settings(self.account.zone))

    def _one(
        self,
        number: str,
        answer: Callable[[int], Response],
    ) -> Response:
        """Return the answer about one activity, or 404 if it does not exist."""
        try:
            return answer(int(number))
        except KeyError:
            return _error(
                404,
                "NotFoundException",
                "activity not found",
            )

    def _add_account_commands(self) -> None:
        """Let another process list the ids, change the account and change the key."""
        self.commands.add(
            "GET",
            "ids",
            self.account.ids,
        )
        for name in ("edit", "rate", "delete", "like"):
            self.commands.add(
                "POST",
                name,
                getattr(self.account, name),
            )
        self.commands.add(
            "POST",
            "add",
            self._add,
        )
        for name in ("set_key", "revoke_key", "end_tokens"):
            self.commands.add(
                "POST",
                name,
                getattr(self, name),
            )

    def _add(self, **arguments: Any) -> int:
        return self.account.add(**arguments)


@dataclass(frozen=True)
class _Asked:
    """What the parameters of a request for a page ask for."""

    offset: int
    limit: int
    oldest: date
    newest: date
    with_legs: bool
    is_ascending: bool

    @classmethod
    def of(cls, request: Request) -> _Asked:
        """Return what a request asks for, with the documented defaults.

        Raises:
            ValueError: If a parameter is neither a number nor a day.
        """
        return cls(
            offset=int(_param(request, "start", "0")),
            limit=int(_param(request, "limit", str(_DEFAULT_PAGE))),
            oldest=date.fromisoformat(_param(request, "startDate", "1900-01-01")),
            newest=date.fromisoformat(_param(request, "endDate", "9999-12-31")),
            with_legs=_param(request, "excludeChildren", "true") == "false",
            is_ascending=_param(request, "sortOrder", "desc") == "asc",
        )


class _Rate:
    """Counts the requests of a second, and refuses all of them for a while after too many.

    Args:
        clock: The clock.
        most: How many requests of one second are answered; ``None``: all.
    """

    def __init__(
        self,
        clock: Clock,
        most: int | None,
    ) -> None:
        self._clock = clock
        self._most = most
        self._lock = Lock()
        self._times: deque[datetime] = deque()
        self._until: datetime | None = None

    def is_exceeded(self) -> bool:
        """Count a request, and return whether it is refused."""
        if self._most is None:
            return False
        now = self._clock.now()
        with self._lock:
            if self._until is not None and now < self._until:
                return True
            self._times.append(now)
            while self._times[0] <= now - _SECOND:
                self._times.popleft()
            if len(self._times) <= self._most:
                return False
            # All requests are refused until then, not only those that are too many.
            self._until = now + timedelta(seconds=_RETRY_AFTER_S)
            self._times.clear()
            return True


def _error(
    status: int,
    name: str,
    message: str,
) -> Response:
    """Return an error in the form of Garmin's services; the texts are ours."""
    document = {
        "error": name,
        "clientMessage": message,
        "errorId": "a1b2",
    }
    return json_response(document, status)


def _param(
    request: Request,
    name: str,
    default: str,
) -> str:
    return request.params.get(name, [default])[0]
