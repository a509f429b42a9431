"""What may lie among workouts: each is refused by name, with a reason of its own, and all workouts
arrive.
"""

from __future__ import annotations

import gzip
import os

import pytest

from fitglue_files import limits
from tests.faults.files.conftest import gpx, synced, told, zipped

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    b'<gpx version="1.1"><trk><name>&b;</name></trk></gpx>'
)


def flagged(content: bytes, local: int, central: int, value: int) -> bytes:
    """A zip whose first member has another byte in both of its headers."""
    changed = bytearray(content)
    changed[changed.index(b"PK\x03\x04") + local] = value
    changed[changed.index(b"PK\x01\x02") + central] = value
    return bytes(changed)


def nested(depth: int) -> bytes:
    content = zipped({"a.gpx": gpx(9)})
    for _ in range(depth):
        content = zipped({"next.zip": content})
    return content


#: Code → the words in which a sync says it; what lies in quarantine has its code.
SAID = {
    "FG-zip-bomb": "unpacks to hundreds of times its size",
    "FG-file-too-large": "more than 2 MB",
    "FG-zip-path": "leads out of the archive",
    "FG-zip-too-deep": "more than 3 levels deep",
    "FG-file-encrypted": "it is encrypted",
    "FG-zip-packing": "method that Python does not support",
    "FG-zip-broken": ("of the archive is damaged", "it has no index"),
    "FG-file-broken": "broken gzip",
}
PLAIN = zipped({"x.gpx": gpx(9)})
HOSTILE = {
    "a zip bomb": ("x.zip", zipped({"x.gpx": bytes(20 << 20)}), "FG-zip-bomb"),
    "a gzip bomb": ("x.gpx.gz", gzip.compress(bytes(3 << 20)), "FG-file-too-large"),
    "an entity bomb": ("x.gpx", BOMB, "FG-file-unsafe"),
    "a name that leads out of the archive": (
        "x.zip",
        zipped({"../../x.gpx": gpx(9)}),
        "FG-zip-path",
    ),
    "an absolute name in an archive": ("x.zip", zipped({"/etc/x.gpx": gpx(9)}), "FG-zip-path"),
    "zips in zips without end": ("x.zip", nested(6), "FG-zip-too-deep"),
    "an encrypted member": ("x.zip", flagged(PLAIN, 6, 8, 1), "FG-file-encrypted"),
    "a packing that is unknown": ("x.zip", flagged(PLAIN, 8, 10, 9), "FG-zip-packing"),
    "a member with a wrong check sum": (
        "x.zip",
        flagged(PLAIN, 14, 16, PLAIN[14] ^ 0xFF),
        "FG-zip-broken",
    ),
    "a cut zip": ("x.zip", PLAIN[:-30], "FG-zip-broken"),
    "a zip in a zip that is cut": ("x.zip", zipped({"y.zip": PLAIN[:-30]}), "FG-zip-broken"),
    "a cut gzip": ("x.gpx.gz", gzip.compress(gpx(9))[:-20], "FG-file-broken"),
    "a cut GPX": ("x.gpx", gpx(9)[:-30], "FG-not-gpx"),
    "an empty file": ("x.fit", b"", "FG-file-empty"),
    "a picture with the name of a workout": (
        "x.fit",
        b"\xff\xd8\xff\xe0" + bytes(100),
        "FG-not-a-workout",
    ),
    "noise with the name of a workout": (
        "x.fit",
        b"\x0e\x10\x00\x00\xff\xff\xff\xff.FIT" + bytes(range(200)),
        "FG-",
    ),
    "a file larger than any workout": ("x.gpx", b"<gpx>" + bytes(3 << 20), "FG-file-too-large"),
    "a FIFO with the name of a workout": ("x.fit", None, None),
    "a name that is not Unicode": (os.fsdecode(b"\xff.txt"), b"x", None),
}


def is_said(code: str, name: str, reasons: str, kept: list) -> bool:
    """Whether the sync named the file with its reason, or put it into quarantine under its name."""
    words = SAID.get(code)
    if words is None:
        return any(row["code"].startswith(code) and "x: " in str(row) for row in kept)
    return name in reasons and any(
        word in reasons for word in ([words] if isinstance(words, str) else words)
    )


@pytest.mark.parametrize("fault", HOSTILE)
def test_it_is_refused_by_name_and_the_rest_arrives(
    host, rides, lost, fault, reliability, monkeypatch
):
    """Each time it is asked, and no other file pays for it."""
    monkeypatch.setattr(limits, "LARGEST", 2 << 20)
    name, content, code = HOSTILE[fault]
    host.connect("files", {"paths": str(rides)})
    if content is None:
        os.mkfifo(rides / name)
    else:
        (rides / name).write_bytes(content)
    events = synced(host)
    assert len(host.activities()) == 3
    if code is not None:
        assert is_said(code, name, told(events), host.records.quarantine())
    (rides / name).unlink()
    synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        f"{fault} among the files",
        lost=gone,
        seen=f"{code or 'nothing: it is passed over'}; all others arrive",
    )
