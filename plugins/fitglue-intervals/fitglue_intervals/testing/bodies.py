"""The response bodies about an account's activities, as JSON bytes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.testing import json_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_intervals.testing.account import Account


class Bodies:
    """The response bodies of one account.

    The JSON of each row is kept until the row changes: without that, a benchmark would measure this
    encoder instead of the client.
    """

    def __init__(self, account: Account) -> None:
        self.account = account

    def row(self, id_: str) -> bytes:
        """Return the Activity object."""
        with self.account.records.locked():
            record = self.account.records[id_]
            if record.body is None:
                record.body = json_bytes(self.account.row(id_))
            return record.body

    def selected_fields(self, id_: str, names: Sequence[str]) -> bytes:
        """Return an Activity object with only the named fields, without those that are null.

        Seen: ``fields`` drops nulls and silently ignores unknown names, and a Strava stub keeps its
        five keys even if others are asked for.
        """
        body = self.row(id_)
        if self.account.is_stub(id_):
            return body
        wanted = tuple(dict.fromkeys(names))
        try:
            values = msgspec.structs.astuple(msgspec.json.decode(body, type=_outline(wanted)))
        except msgspec.DecodeError:  # a row of a test may hold NaN, which is not JSON
            row = self.account.row(id_)
            named = {name: value for name, value in row.items() if name in names}
            return json_bytes({name: value for name, value in named.items() if value is not None})
        members = []
        for name, value in zip(wanted, map(bytes, values), strict=True):
            if value != b"null":
                members.append(json_bytes(name) + b":" + value)
        return b"{" + b",".join(members) + b"}"

    def with_intervals(self, id_: str) -> bytes:
        """Return the Activity object with its intervals and groups; a stub has neither."""
        body = self.row(id_)
        if self.account.is_stub(id_):
            return body
        intervals, groups = self.account.intervals(id_)
        added = json_bytes({"icu_intervals": intervals, "icu_groups": groups})
        # Two JSON objects are joined at their braces, so the row is not encoded a second time.
        return body[:-1] + b"," + added[1:]

    def rows(self, ids: Iterable[str]) -> bytes:
        """Return a list of Activity objects."""
        return json_list(self.row(id_) for id_ in ids)

    def gzipped_streams(self, id_: str, types: Sequence[str] = ()) -> bytes:
        """Return the streams of these types, or all of them, as gzip-compressed JSON."""
        return self.account.records[id_].gzipped_streams(types)

    def warm(self) -> None:
        """Generate all rows and streams in advance, so that a benchmark measures only the
        client.
        """
        for id_ in self.account.ids():
            self.row(id_)
            if not self.account.is_stub(id_):
                self.gzipped_streams(id_)


def json_list(bodies: Iterable[bytes]) -> bytes:
    """Return a JSON list of values that are encoded already."""
    return b"[" + b",".join(bodies) + b"]"


@lru_cache(maxsize=16)
def _outline(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """Return a msgspec type with these fields, whose values stay undecoded bytes.

    msgspec skips every other key of a row, so that the request of three fields for thousands of
    rows, with which each sync begins, stays cheap.
    """
    null = msgspec.Raw(b"null")
    fields = []
    renamed = {}
    # The names come from the query and need not be Python identifiers, so the fields are numbered.
    for number, name in enumerate(names):
        fields.append((f"field_{number}", msgspec.Raw, null))
        renamed[f"field_{number}"] = name
    return msgspec.defstruct("Outline", fields, rename=renamed)
