"""`why` says of each part whether it was received, and no more than is true."""

from __future__ import annotations

import itertools

import pytest

from fitglue_registry.cli.commands.why import _STATES, _WIDTHS, _part
from fitglue_registry.model.stored import PartName, PartState

RECEIVED = "2026-11-30T12:00:00+00:00"


def part_of(state, **differs):
    """Return a part as the store describes it."""
    values = {"part": "streams", "bytes": None, "received_at": None, "code": None, "reason": None}
    return {**values, "state": state, **differs}


@pytest.mark.parametrize(("name", "state"), list(itertools.product(PartName, _STATES)))
def test_every_state_of_every_part_fits_into_its_column(name, state):
    """No state is cut off."""
    label, _, _ = _part(part_of(state, part=name.value))
    assert len(label) <= _WIDTHS[0]


def test_a_part_that_does_not_exist_has_neither_a_size_nor_a_time():
    """If the list says that a part does not exist any more, what was received of it earlier is
    called that.
    """
    label, received, detail = _part(
        part_of(PartState.NONE, bytes=57, received_at=RECEIVED, reason="entered by hand")
    )
    assert (label, received) == ("streams does not exist", "")
    assert detail.startswith("entered by hand; until then it had 57 B, received 2026-11-30 ")


def test_a_part_that_was_received_has_its_size_and_time():
    """What was received is stated, and why it is missing otherwise."""
    label, received, detail = _part(part_of(PartState.HAVE, bytes=57, received_at=RECEIVED))
    assert (label, received[:10], detail) == ("streams received", "2026-11-30", "57 B")
    missing = part_of(PartState.NONE, code="FG-no-streams", reason="entered by hand")
    assert _part(missing) == ("streams does not exist", "", "FG-no-streams: entered by hand")
