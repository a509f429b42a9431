"""The faults that the HTTP service for tests can produce."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    """The way in which the bytes of a response are sent."""

    WHOLE = "whole"  # all bytes, without a fault
    CUT = "cut"  # the connection ends in the middle of the body
    DRIP = "drip"  # one byte per interval
    HOLD = "hold"  # nothing, on a connection that stays open
    RESET_FIRST = "reset_first"  # the connection is reset before the headers
    RESET_AFTER_HEADERS = "reset_after_headers"  # the connection is reset before the body
    FLOOD = "flood"  # a large body that is made while it is sent
    NO_TLS = "no_tls"  # bytes in clear on an encrypted connection


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: a change of the response, and the way in which its bytes are sent.

    Make faults with the class methods. Their names are also the kinds that another process can
    name in a command.
    """

    kind: str  # name of the class method that made it
    change: Change = changes.unchanged  # takes the correct response and returns the one to send
    delivery: Delivery = Delivery.WHOLE  # how the bytes are sent
    keep: float = 0.5  # share of the body that ``CUT`` sends, from 0 to 1
    seconds: float | None = None  # interval of ``DRIP``, duration of ``HOLD``
    size: int = 0  # bytes of the body of ``FLOOD``
    with_headers: bool = False  # whether ``DRIP`` slows the headers and ``FLOOD`` has a length
    carried_out: bool = True  # whether the service carries out the request that meets the fault

    def before_anything(self) -> Fault:
        """Return the same fault for a request that the service does not carry out.

        Any other fault replaces only the response: what the request changes, it has changed. A
        client sees no difference between the two, and has to find out.
        """
        return replace(self, carried_out=False)

    @classmethod
    def status(
        cls,
        status: int,
        *,
        body: str | None = None,
        retry_after: int | str | None = None,
    ) -> Fault:
        """Return a fault that sends another status.

        Args:
            status: The status code.
            body: The body. Without one, 502 sends the web page of a proxy, and other statuses send
                a JSON object with ``status`` and ``error``.
            retry_after: Value of the header ``Retry-After``: seconds, or an HTTP date.
        """
        if body is not None:
            response = Response(status, body.encode())
        elif status == HTTPStatus.BAD_GATEWAY:
            response = _page("502 Bad Gateway", status, "text/html")
        else:
            response = error_response(status, HTTPStatus(status).phrase)
        if retry_after is not None:
            response = response.with_header("Retry-After", str(retry_after))
        return cls("status", changes.replaced_by(response))

    @classmethod
    def html_page(cls, *, status: int = 200) -> Fault:
        """Return a fault that sends a web page instead of JSON, as a captive portal does.

        Args:
            status: The status code of the page.
        """
        page = _page("Welcome", status, "text/html;charset=UTF-8")
        return cls("html_page", changes.replaced_by(page))

    @classmethod
    def redirect(cls, to: str = "http://198.51.100.7/login", *, status: int = 302) -> Fault:
        """Return a fault that redirects the client.

        Args:
            to: Value of the header ``Location``; the default is an address that RFC 5737 reserves
                for documentation, so no server answers there.
            status: The status code of the redirect.
        """
        response = Response(status, b"").with_header("Location", to)
        return cls("redirect", changes.replaced_by(response))

    @classmethod
    def empty_body(cls) -> Fault:
        """Return a fault that sends the correct status and headers with an empty body."""
        return cls("empty_body", lambda response: response.with_body(b""))

    @classmethod
    def truncated(cls, *, keep: float = 0.5) -> Fault:
        """Return a fault that truncates the body before its length is announced.

        The client receives as many bytes as ``Content-Length`` says, without compression.

        Args:
            keep: The share of the body that is sent, from 0 to 1.
        """
        return cls("truncated", changes.truncated(keep))

    @classmethod
    def cut(cls, *, keep: float = 0.5) -> Fault:
        """Return a fault that closes the connection in the middle of the body.

        The client receives fewer bytes than ``Content-Length`` says.

        Args:
            keep: The share of the body that is sent, from 0 to 1.
        """
        return cls("cut", delivery=Delivery.CUT, keep=keep)

    @classmethod
    def broken_gzip(cls) -> Fault:
        """Return a fault that sends a gzip body whose second half is damaged."""
        return cls("broken_gzip", changes.broken_gzip)

    @classmethod
    def reset(cls, *, after_headers: bool = False) -> Fault:
        """Return a fault that resets the connection.

        Args:
            after_headers: Whether the headers are sent before the reset.
        """
        delivery = Delivery.RESET_FIRST
        if after_headers:
            delivery = Delivery.RESET_AFTER_HEADERS
        return cls("reset", delivery=delivery)

    @classmethod
    def drip(cls, *, interval_s: float = 1.0, with_headers: bool = False) -> Fault:
        """Return a fault that sends the response byte by byte.

        Args:
            interval_s: Seconds between two bytes.
            with_headers: Whether the headers are sent byte by byte, too, and not only the body.
        """
        return cls(
            "drip",
            delivery=Delivery.DRIP,
            seconds=interval_s,
            with_headers=with_headers,
        )

    @classmethod
    def hold(cls, *, seconds: float | None = None) -> Fault:
        """Return a fault that sends nothing and keeps the connection open.

        Args:
            seconds: When the connection ends; ``None`` keeps it open until the service closes.
        """
        return cls(
            "hold",
            delivery=Delivery.HOLD,
            seconds=seconds,
        )

    @classmethod
    def content_type(cls, value: str = "text/plain") -> Fault:
        """Return a fault that sends the correct body with another ``Content-Type``."""
        return cls("content_type", changes.content_type(value))

    @classmethod
    def shape(cls, value: Any = None) -> Fault:
        """Return a fault that sends valid JSON of an unexpected shape.

        Args:
            value: The value to send; by default an object instead of a list.
        """
        if value is None:
            value = {"activities": []}
        return cls("shape", changes.replaced_by(json_response(value)))

    @classmethod
    def error_object(cls, *, status: int = 422, text: str = "Something went wrong") -> Fault:
        """Return a fault that sends the body of an error with status 200.

        Args:
            status: The status code that the body contains.
            text: The message that the body contains.
        """
        body = {"status": status, "error": text}
        return cls("error_object", changes.replaced_by(json_response(body)))

    @classmethod
    def leave_out(cls, ids: Iterable[str]) -> Fault:
        """Return a fault that removes the objects with these ids from a list."""
        return cls("leave_out", changes.without_ids(ids))

    @classmethod
    def duplicate_rows(cls, *, times: int = 1) -> Fault:
        """Return a fault that repeats each row of a list.

        Args:
            times: How many copies are added to each row.
        """
        return cls("duplicate_rows", changes.with_duplicates(times))

    @classmethod
    def raw_body(
        cls,
        body: bytes | str,
        *,
        status: int = 200,
        content_type: str = "application/json",
    ) -> Fault:
        """Return a fault that sends any body.

        Args:
            body: The bytes, or a text that is sent as UTF-8.
            status: The status code.
            content_type: Value of the header ``Content-Type``.
        """
        if isinstance(body, str):
            body = body.encode()
        response = Response(status, body, content_type)
        return cls("raw_body", changes.replaced_by(response))

    @classmethod
    def nested(cls, *, depth: int = 100_000) -> Fault:
        """Return a fault that sends valid JSON of deeply nested lists.

        Args:
            depth: The number of levels. The default is deeper than Python's parsers can recurse.
        """
        return cls.raw_body(b"[" * depth + b"]" * depth)

    @classmethod
    def flood(cls, *, size: int = 500_000_000, announced: bool = True) -> Fault:
        """Return a fault that sends a very long list of rows.

        Args:
            size: The length of the body in bytes. It is made while it is sent.
            announced: Whether ``Content-Length`` is sent.
        """
        change = changes.replaced_by(Response(200, b""))
        return cls(
            "flood",
            change,
            Delivery.FLOOD,
            size=size,
            with_headers=announced,
        )

    @classmethod
    def bomb(cls, *, size: int = 500_000_000) -> Fault:
        """Return a fault that sends a small gzip body which unpacks to ``size`` bytes."""
        return cls("bomb", changes.bomb(size))

    @classmethod
    def no_tls(cls) -> Fault:
        """Return a fault that sends bytes in clear on an encrypted connection."""
        return cls("no_tls", delivery=Delivery.NO_TLS)

    @classmethod
    def values(cls, values: Mapping[str, str], *, rows: int | None = None) -> Fault:
        """Return a fault that replaces values in the objects of a response.

        Args:
            values: Path of a value (``gear.id``, ``data.0``) → the new value as JSON text, which
                may also be text that JSON does not allow, such as ``NaN``.
            rows: How many objects of a list are changed; ``None`` changes all.
        """
        return cls("values", changes.with_values(dict(values), rows))

    @classmethod
    def named(cls, kind: str, arguments: Mapping[str, Any]) -> Fault:
        """Return the fault of a kind, for a command from another process.

        Args:
            kind: The name of a class method that makes a fault.
            arguments: The keyword arguments of that method.

        Raises:
            ValueError: The kind is unknown; the message lists the kinds that exist.
            TypeError: The method does not take these arguments.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown kind of fault: {kind!r}; use one of {', '.join(KINDS)}")
        fault: Fault = getattr(cls, kind)(**arguments)
        return fault


#: The kinds that a command may name. They are listed, because the class has other methods as well.
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
