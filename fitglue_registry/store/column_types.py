"""The types of columns, and the metadata that every table belongs to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, TypeDecorator
from sqlalchemy import Text as _Text

if TYPE_CHECKING:
    from sqlalchemy import Dialect

# NUL and lone surrogates: in a Python string, a code point in this range is never half of a pair.
_REFUSED = re.compile("[\0\ud800-\udfff]")

metadata = MetaData()


class Text(TypeDecorator[str]):
    """A text column that accepts every Python string.

    PostgreSQL refuses NUL, and UTF-8 cannot encode a lone surrogate, so both become U+FFFD.
    """

    impl = _Text
    cache_ok = True

    def process_bind_param(
        self,
        value: str | None,
        dialect: Dialect,  # noqa: ARG002 - the signature is SQLAlchemy's
    ) -> str | None:
        """Return the value with the characters replaced that a database would refuse."""
        return _accepted(value)

    def bind_processor(self, dialect: Dialect) -> Any:  # noqa: ARG002 - as above
        """Return the function that converts each value.

        SQLAlchemy would call the method above through another function, for every text of a sync.
        """
        return _accepted


def _accepted(value: str | None) -> str | None:
    # Nearly every value takes this path, which costs a tenth of the regular expression.
    if value is None or (value.isascii() and "\0" not in value):
        return value
    return _REFUSED.sub("\N{REPLACEMENT CHARACTER}", value)


#: The type of surrogate ids. SQLite makes a primary key an alias of its rowid, and so assigns it,
#: only if the column's type is exactly INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


def id_column() -> Column[int]:
    """Return a new column ``id`` whose values the database assigns."""
    return Column("id", Id, primary_key=True, autoincrement=True)
