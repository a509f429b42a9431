"""The boosters: each computes something from a workout and the settings of its athlete.

Start reading in ``plugin.py``, which has the hook.
"""

from fitglue_boosters._version import __version__

__all__ = ["__version__"]
