"""How large and how deep a file may be."""

from __future__ import annotations

#: A workout of a day is some 10 MB; what unpacks to more than this is a mistake or a bomb.
LARGEST = 256 << 20
#: A zip in a zip is unpacked into a temporary file, up to so many bytes; the parts of Garmin's
#: archive have less than 2 GB.
LARGEST_ZIP = 8 << 30
#: So deep may zips lie in zips; Garmin's archive has two levels, somebody's zip of archives three.
DEEPEST = 3
#: Text packs to a tenth, a file of zeros to a thousandth.
BOMB_RATIO = 200
BOMB_SIZE = 16 << 20
