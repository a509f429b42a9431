"""The Intervals.icu source, which turns the responses of its API into source activities.

Start reading in ``plugin.py``, which has the hooks.
"""

from fitglue_intervals._version import __version__

__all__ = ["__version__"]
