"""The formats that the database has had: the revision ids of the migrations, oldest first.

They are written here as constants, so that opening an up-to-date database needs no import of
Alembic.
"""

from __future__ import annotations

#: The formats that this version can open and upgrade. A test compares them with the files in
#: ``migrations/versions``.
FORMATS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
#: The newest format.
HEAD = FORMATS[-1]
