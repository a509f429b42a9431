"""Limits for the size and nesting of files, which protect against decompression bombs."""

from __future__ import annotations

#: Bytes. The recording of a whole day has about 10 MB; a larger file is a mistake or a bomb.
LARGEST = 256 << 20
#: Bytes. A zip in a zip is unpacked into a temporary file; the parts of Garmin's archive have less
#: than 2 GB.
LARGEST_ZIP = 8 << 30
#: Levels of zips. Garmin's archive has two, and a zip of several archives three.
DEEPEST = 3
#: The highest compression ratio. Text reaches about 10, and a file of zeros 1,000.
BOMB_RATIO = 200
#: Bytes. Below this unpacked size, the compression ratio does not matter.
BOMB_SIZE = 16 << 20
#: The highest compression ratio of a zip in a zip, which is compressed already.
NESTED_RATIO = 4
