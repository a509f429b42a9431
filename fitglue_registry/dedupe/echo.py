"""What is known of a source activity that a pipeline has sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Echo:
    """That a source activity is what a pipeline has sent.

    Attributes:
        sent: Field → hash of the value that was sent.
        may_be_edited: Whether it is the record at the destination itself, and was changed there
            after it was sent.
    """

    sent: Mapping[str, str] = field(default_factory=dict)
    may_be_edited: bool = False
