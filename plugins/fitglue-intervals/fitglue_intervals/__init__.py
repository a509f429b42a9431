"""The Intervals.icu source: what its API answers becomes source activities; ``plugin.py`` is the
way in.
"""

from fitglue_intervals._version import __version__

__all__ = ["__version__"]
