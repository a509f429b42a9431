"""The Garmin Connect source, which turns the responses of its Personal API into source activities.

Start reading in ``plugin.py``, which has the hooks.
"""

from fitglue_garmin._version import __version__

__all__ = ["__version__"]
