"""Which fields of an activity ``fitglue show`` prints."""

from fitglue_registry.cli.values import ELSEWHERE, GROUPS
from fitglue_registry.model import SourceActivity


def test_every_field_has_a_place_on_the_screen():
    """Each field of an activity is in one group of ``fitglue show``, or printed elsewhere."""
    grouped = [name for fields in GROUPS.values() for name in fields]
    assert sorted([*grouped, *ELSEWHERE]) == sorted(SourceActivity.__struct_fields__)
