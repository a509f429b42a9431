"""The model names streams and their units."""

from fitglue_registry.model import STREAM_UNITS


def test_every_named_stream_has_a_unit():
    """Every stream that the model names has a unit."""
    assert all(STREAM_UNITS.values())
