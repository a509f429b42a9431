"""The formats that a database of ours has had: the numbers of the migrations, oldest first."""

from __future__ import annotations

#: Those that this version can read and bring up to date; a test holds them to the folder
#: ``migrations/versions``.
FORMATS = ("0001", "0002")
#: The newest of them.
HEAD = FORMATS[-1]
