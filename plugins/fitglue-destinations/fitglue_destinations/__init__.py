"""The destinations that need no service of their own: a folder of files, and a webhook.

Start reading in ``plugin.py``, which has the hooks.
"""

from fitglue_destinations._version import __version__

__all__ = ["__version__"]
