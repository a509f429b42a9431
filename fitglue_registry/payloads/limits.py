"""The limits of what is read of one response, and the error for content that exceeds one.

They hold for every source. A real account stays far below each of them; together they keep a first
sync of a lying service below 300 MB of resident memory.
"""

from __future__ import annotations

#: Bytes of a body as received, and as unpacked. An entry may state another number of megabytes as
#: ``http.max_body_mb``.
LARGEST_BODY = 64_000_000
#: Bytes of one part, as stored and as unpacked.
LARGEST_PART = 256_000_000
#: Bytes of a JSON document that is decoded as a whole. A text in it may take four bytes of memory
#: for each of its own.
LARGEST_DOCUMENT = 16_000_000
#: Values of a document that is decoded as a whole, counted as its commas and opening brackets. Each
#: takes about 100 bytes of memory.
MOST_VALUES = 500_000
#: Levels of a document that is decoded as a whole.
DEEPEST = 100
#: Rows of a list.
MOST_ROWS = 100_000
#: Bytes of one row of a list, and of one part that is a JSON object, such as a detail.
LARGEST_ROW = 4_000_000
#: Values of all rows of a list, counted as its commas and opening brackets. The rows are not
#: decoded together, so there may be more than in a document.
MOST_LIST_VALUES = 5_000_000
#: Numbers of one stream: eleven days at one sample per second.
MOST_NUMBERS = 1_000_000
#: Compressed pieces of a gzip body, each of which has a header of its own (RFC 1952, "members").
MOST_MEMBERS = 10_000


class BeyondLimits(ValueError):
    """Raised if content exceeds one of the limits; its text ends a sentence that begins with "it".

    It is a ``ValueError``, so that code that expects broken JSON need not know about limits.
    """


class TooManyMembers(BeyondLimits):
    """Raised if a gzip body has more members than ``MOST_MEMBERS``."""

    def __init__(self) -> None:
        super().__init__(f"it is packed in more than {MOST_MEMBERS:,} pieces")


class TooDeep(BeyondLimits):
    """Raised if a document has more levels than ``DEEPEST``."""

    def __init__(self) -> None:
        super().__init__(f"it is nested too deeply: more than {DEEPEST} levels")
