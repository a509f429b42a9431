"""What the API answers about an account's activities, as JSON bytes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from fitglue_registry.testing import json_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_intervals.testing.account import Account


class Bodies:
    """Makes the bodies of one account's activities; each row is kept until it changes."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def row(self, id_: str) -> bytes:
        """The Activity object."""
        with self.account.records.unchanged():
            record = self.account.records[id_]
            if record.body is None:
                record.body = json_bytes(self.account.row(id_))
            return record.body

    def fields(self, id_: str, names: Sequence[str]) -> bytes:
        """The fields of an Activity object that are named and not null; a stub is always whole."""
        body = self.row(id_)
        if self.account.is_stub(id_):
            return body
        wanted = tuple(dict.fromkeys(names))
        try:
            values = msgspec.structs.astuple(msgspec.json.decode(body, type=_outline(wanted)))
        except msgspec.DecodeError:  # a row that was given may hold what JSON does not have
            row = self.account.row(id_)
            named = {name: value for name, value in row.items() if name in names}
            return json_bytes({name: value for name, value in named.items() if value is not None})
        members = []
        for name, value in zip(wanted, map(bytes, values), strict=True):
            if value != b"null":
                members.append(json_bytes(name) + b":" + value)
        return b"{" + b",".join(members) + b"}"

    def whole(self, id_: str) -> bytes:
        """The Activity object with its intervals; a stub has none."""
        body = self.row(id_)
        if self.account.is_stub(id_):
            return body
        intervals, groups = self.account.intervals(id_)
        added = json_bytes({"icu_intervals": intervals, "icu_groups": groups})
        return body[:-1] + b"," + added[1:]

    def rows(self, ids: Iterable[str]) -> bytes:
        """A list of Activity objects."""
        return json_list(self.row(id_) for id_ in ids)

    def gzipped_streams(self, id_: str, types: Sequence[str] = ()) -> bytes:
        """The stored streams, gzip-compressed; all of them unless types are named."""
        return self.account.records[id_].gzipped_streams(types)

    def warm(self) -> None:
        """Make rows and streams beforehand, so that a benchmark measures the client and not
        this.
        """
        for id_ in self.account.ids():
            self.row(id_)
            if not self.account.is_stub(id_):
                self.gzipped_streams(id_)


def json_list(bodies: Iterable[bytes]) -> bytes:
    """A JSON list of values that are JSON already."""
    return b"[" + b",".join(bodies) + b"]"


@lru_cache(maxsize=16)
def _outline(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """A type of these fields only, whose values stay the bytes that they are: nothing else of a row
    is decoded.
    """
    null = msgspec.Raw(b"null")
    fields = []
    renamed = {}
    for number, name in enumerate(names):
        fields.append((f"field_{number}", msgspec.Raw, null))
        renamed[f"field_{number}"] = name
    return msgspec.defstruct("Outline", fields, rename=renamed)
