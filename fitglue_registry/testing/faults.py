"""The ways in which a service of tests can misbehave."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fitglue_registry.testing import changes
from fitglue_registry.testing.messages import Response, error_response, json_response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fitglue_registry.testing.changes import Change

_HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class Delivery(Enum):
    """How the bytes of a response go out."""

    WHOLE = "whole"
    CUT = "cut"
    DRIP = "drip"
    HOLD = "hold"
    RESET_FIRST = "reset_first"
    RESET_AFTER_HEADERS = "reset_after_headers"
    FLOOD = "flood"
    NO_TLS = "no_tls"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave: how the response is changed, and how its bytes are delivered.

    The class methods make the faults; their names are also the kinds that another process may ask
    for.
    """

    kind: str
    change: Change = changes.unchanged
    delivery: Delivery = Delivery.WHOLE
    keep: float = 0.5
    seconds: float | None = None
    size: int = 0
    with_headers: bool = False

    @classmethod
    def status(
        cls,
        status: int,
        *,
        body: str | None = None,
        retry_after: int | str | None = None,
    ) -> Fault:
        """Another status: 502 with a proxy's page, others with ``{status, error}``, or with a body
        of your own.

        ``retry_after`` is a number of seconds or an HTTP date.
        """
        if body is not None:
            response = Response(status, body.encode())
        elif status == HTTPStatus.BAD_GATEWAY:
            response = _page("502 Bad Gateway", status, "text/html")
        else:
            response = error_response(status, HTTPStatus(status).phrase)
        if retry_after is not None:
            response = response.with_header("Retry-After", str(retry_after))
        return cls("status", changes.to(response))

    @classmethod
    def html_page(cls, *, status: int = 200) -> Fault:
        """A web page where JSON was asked for, as a captive portal or a changed address answers."""
        page = _page("Welcome", status, "text/html;charset=UTF-8")
        return cls("html_page", changes.to(page))

    @classmethod
    def redirect(cls, to: str = "http://198.51.100.7/login", *, status: int = 302) -> Fault:
        """A redirect, by default to an address that is reserved for documentation."""
        response = Response(status, b"").with_header("Location", to)
        return cls("redirect", changes.to(response))

    @classmethod
    def empty_body(cls) -> Fault:
        """The status and the headers of the response, with an empty body."""
        return cls("empty_body", lambda response: response.with_body(b""))

    @classmethod
    def truncated(cls, *, keep: float = 0.5) -> Fault:
        """A body that stops early although its length is announced correctly; not compressed."""
        return cls("truncated", changes.truncated(keep))

    @classmethod
    def cut(cls, *, keep: float = 0.5) -> Fault:
        """A connection that ends in the middle of the body, so that less arrives than announced."""
        return cls("cut", delivery=Delivery.CUT, keep=keep)

    @classmethod
    def broken_gzip(cls) -> Fault:
        """A body that is announced as gzip and cannot be unpacked to its end."""
        return cls("broken_gzip", changes.broken_gzip)

    @classmethod
    def reset(cls, *, after_headers: bool = False) -> Fault:
        """A connection that the service resets, before the headers or after them."""
        delivery = Delivery.RESET_FIRST
        if after_headers:
            delivery = Delivery.RESET_AFTER_HEADERS
        return cls("reset", delivery=delivery)

    @classmethod
    def drip(cls, *, interval_s: float = 1.0, with_headers: bool = False) -> Fault:
        """A body that arrives byte by byte, or the whole response."""
        return cls(
            "drip",
            delivery=Delivery.DRIP,
            seconds=interval_s,
            with_headers=with_headers,
        )

    @classmethod
    def hold(cls, *, seconds: float | None = None) -> Fault:
        """No response: the connection stays open until the service closes, or for some seconds and
        then ends.
        """
        return cls(
            "hold",
            delivery=Delivery.HOLD,
            seconds=seconds,
        )

    @classmethod
    def content_type(cls, value: str = "text/plain") -> Fault:
        """The right body under a wrong type."""
        return cls("content_type", changes.content_type(value))

    @classmethod
    def shape(cls, value: Any = None) -> Fault:
        """Valid JSON of another shape than was asked for: an object in place of a list, unless a
        value is given.
        """
        if value is None:
            value = {"activities": []}
        return cls("shape", changes.to(json_response(value)))

    @classmethod
    def error_object(cls, *, status: int = 422, text: str = "Something went wrong") -> Fault:
        """The body of an error under status 200."""
        body = {"status": status, "error": text}
        return cls("error_object", changes.to(json_response(body)))

    @classmethod
    def leave_out(cls, ids: Iterable[str]) -> Fault:
        """A list without the objects of some ids."""
        return cls("leave_out", changes.without_ids(ids))

    @classmethod
    def duplicate_rows(cls, *, times: int = 1) -> Fault:
        """A list that has each row more than once."""
        return cls("duplicate_rows", changes.with_duplicates(times))

    @classmethod
    def raw_body(
        cls,
        body: bytes | str,
        *,
        status: int = 200,
        content_type: str = "application/json",
    ) -> Fault:
        """Any bytes at all."""
        if isinstance(body, str):
            body = body.encode()
        response = Response(status, body, content_type)
        return cls("raw_body", changes.to(response))

    @classmethod
    def nested(cls, *, depth: int = 100_000) -> Fault:
        """Valid JSON: lists nested so many levels deep."""
        return cls.raw_body(b"[" * depth + b"]" * depth)

    @classmethod
    def flood(cls, *, size: int = 500_000_000, announced: bool = True) -> Fault:
        """A list of rows that is ``size`` bytes long and is made while it is sent; the length may
        be left unannounced.
        """
        change = changes.to(Response(200, b""))
        return cls(
            "flood",
            change,
            Delivery.FLOOD,
            size=size,
            with_headers=announced,
        )

    @classmethod
    def bomb(cls, *, size: int = 500_000_000) -> Fault:
        """A small gzip that unpacks to ``size`` bytes."""
        return cls("bomb", changes.bomb(size))

    @classmethod
    def no_tls(cls) -> Fault:
        """Unencrypted bytes on a connection that was encrypted until now."""
        return cls("no_tls", delivery=Delivery.NO_TLS)

    @classmethod
    def values(cls, values: Mapping[str, str], *, rows: int | None = None) -> Fault:
        """Other values in the objects of a response, or in the first ``rows`` of them.

        ``values`` has a path (``data.0``) and the value as it is written in JSON, which may be what
        JSON does not allow (``NaN``).
        """
        return cls("values", changes.with_values(dict(values), rows))

    @classmethod
    def named(cls, kind: str, arguments: Mapping[str, Any]) -> Fault:
        """The fault of a kind; raises ``ValueError`` for an unknown kind."""
        if kind not in KINDS:
            raise ValueError(f"no such kind of fault: {kind!r}; one of {', '.join(KINDS)}")
        fault: Fault = getattr(cls, kind)(**arguments)
        return fault


KINDS = (
    "status",
    "html_page",
    "redirect",
    "empty_body",
    "truncated",
    "cut",
    "broken_gzip",
    "reset",
    "drip",
    "hold",
    "content_type",
    "shape",
    "error_object",
    "leave_out",
    "duplicate_rows",
    "raw_body",
    "nested",
    "flood",
    "bomb",
    "no_tls",
    "values",
)


def _page(
    title: str,
    status: int,
    content_type: str,
) -> Response:
    return Response(status, _HTML.format(title).encode(), content_type)
