"""A folder of files as a source: the example to copy; ``plugin.py`` is the way in."""
