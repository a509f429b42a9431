"""The first bytes of compressed content, by which it is recognized before any of it is read."""

from __future__ import annotations

#: Of a gzip (RFC 1952, 2.3.1).
GZIP = b"\x1f\x8b"
#: Of every record in a zip (PKWARE APPNOTE.TXT, 4.3).
ZIP = b"PK"
#: Of a file in a zip, and so of most zips.
ZIP_FILE = b"PK\x03\x04"
#: Of the end of the directory of a zip, and so of a zip without files.
ZIP_END = b"PK\x05\x06"
#: Of everything that a zip can begin with; the last one marks a zip that was written in parts.
ZIP_STARTS = (ZIP_FILE, ZIP_END, b"PK\x07\x08")
