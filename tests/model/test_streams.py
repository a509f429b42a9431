"""The streams that the model names."""

from fitglue_registry.model import STREAM_UNITS


def test_every_named_stream_has_a_unit():
    """No channel of ours is without."""
    assert all(STREAM_UNITS.values())
