"""The table of attacks on the reading of files: each row is one attack and its relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.files.hostile import fit, folders, names, slow, tables, xml, zips

if TYPE_CHECKING:
    from tests.faults.files.hostile.attack import Attack

#: Row → an attack and at least two relatives of it. The test suite plays the first at a tenth of
#: its size, and `make test-long` all at full size.
ROWS: dict[str, list[Attack]] = {
    "packing methods of zips": zips.PACKINGS,
    "zips in zips": zips.NESTED,
    "gzips in zips": slow.GZIPS,
    "indexes of zips": zips.INDEXES,
    "namespaces of a GPX": xml.NAMESPACES,
    "elements in elements": xml.NESTED,
    "large GPX files": xml.LARGE,
    "encodings": xml.ENCODINGS,
    "titles": xml.TITLES,
    "definitions of a FIT": fit.DEFINITIONS,
    "sessions of a FIT": fit.SESSIONS,
    "chained parts of a FIT": fit.CHAINS,
    "rows of archives": tables.BAD_ROWS,
    "cells of archives": tables.LONG_CELLS,
    "long names": names.NAMES,
    "sparse files": folders.SPARSE,
    "nested folders": folders.DEEP,
}
#: Attacks that take long at any size. tests/sync/reading/test_slow_zips.py has quick siblings.
LONG: list[list[Attack]] = [slow.ZIPS]
ALL: dict[str, Attack] = {attack.name: attack for row in [*ROWS.values(), *LONG] for attack in row}
