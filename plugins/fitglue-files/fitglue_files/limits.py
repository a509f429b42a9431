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
#: Bytes. The index of a zip has about 100 for each member; that of ten years has less than 4 MB.
LARGEST_INDEX = 32 << 20
#: The highest share of a file that the index of a zip in it takes, if it is not small.
INDEX_SHARE = 0.25
#: Bytes. A smaller index may be in a file of any size.
SMALL_INDEX = 2 << 20
#: Below this number, it does not matter how small the members of a file and of its zips are.
MANY_MEMBERS = 10_000
#: Bytes of the file for each member. The smallest recordings take about 1,000, with their entry in
#: the index.
SMALLEST_MEMBER = 500
#: The zips on the disk that stay open at a time, and the members of all zips that stay open. A
#: folder can have thousands of zips, and a process few open files.
MOST_OPEN = 32
MOST_OPEN_MEMBERS = 300_000
