"""Tests of broken and hostile files among workouts: each is refused by name with a specific reason,
and all workouts arrive.
"""

from __future__ import annotations

import gzip
import os

import pytest

from tests.faults.files.conftest import gpx, reasons, synced, zipped

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    b'<gpx version="1.1"><trk><name>&b;</name></trk></gpx>'
)


def flagged(content: bytes, local: int, central: int, value: int) -> bytes:
    """Return the zip with another byte in both headers of its first member."""
    changed = bytearray(content)
    changed[changed.index(b"PK\x03\x04") + local] = value
    changed[changed.index(b"PK\x01\x02") + central] = value
    return bytes(changed)


def nested(depth: int) -> bytes:
    """Return a GPX file inside ``depth`` + 1 nested zips."""
    content = zipped({"a.gpx": gpx(9)})
    for _ in range(depth):
        content = zipped({"next.zip": content})
    return content


#: Code → words of its message in the events of a sync. Codes that are not listed are found in the
#: quarantine.
MESSAGES = {
    "FG-zip-bomb": "unpacks to hundreds of times its size",
    "FG-file-too-large": "more than 256 MB",
    "FG-zip-path": "leads out of the archive",
    "FG-zip-too-deep": "more than 3 levels deep",
    "FG-file-encrypted": "it is encrypted",
    "FG-zip-packing": "method that cannot be unpacked safely",
    "FG-zip-broken": ("of the archive is damaged", "the zip is cut off before its end"),
    "FG-file-broken": "the compressed file is cut off",
    "FG-file-empty": "it is empty",
    "FG-not-a-workout": "a JPEG picture",
}
#: What the page shows for codes that are not a complete code.
SEEN = {None: "nothing: it is skipped", "FG-": "an error of the FIT reader"}
#: Written as a file of one terabyte, which takes no space on the disk.
SPARSE = b"sparse"
PLAIN = zipped({"x.gpx": gpx(9)})
HOSTILE = {
    "a zip bomb": ("x.zip", zipped({"x.gpx": bytes(20 << 20)}), "FG-zip-bomb"),
    "a gzip bomb": ("x.gpx.gz", gzip.compress(bytes(1 << 20)) * 257, "FG-file-too-large"),
    "an entity bomb": ("x.gpx", BOMB, "FG-file-unsafe"),
    "a path that leads out of the archive": (
        "x.zip",
        zipped({"../../x.gpx": gpx(9)}),
        "FG-zip-path",
    ),
    "an absolute path in an archive": ("x.zip", zipped({"/etc/x.gpx": gpx(9)}), "FG-zip-path"),
    "zips nested too deeply": ("x.zip", nested(6), "FG-zip-too-deep"),
    "an encrypted member": ("x.zip", flagged(PLAIN, 6, 8, 1), "FG-file-encrypted"),
    "an unknown compression method": ("x.zip", flagged(PLAIN, 8, 10, 9), "FG-zip-packing"),
    "a member with a wrong checksum": (
        "x.zip",
        flagged(PLAIN, 14, 16, PLAIN[14] ^ 0xFF),
        "FG-zip-broken",
    ),
    "a truncated zip": ("x.zip", PLAIN[:-30], "FG-zip-broken"),
    "a truncated zip in a zip": ("x.zip", zipped({"y.zip": PLAIN[:-30]}), "FG-zip-broken"),
    "a truncated gzip": ("x.gpx.gz", gzip.compress(gpx(9))[:-20], "FG-file-broken"),
    "a GPX truncated before its first point": ("x.gpx", gpx(9)[:70], "FG-not-gpx"),
    "an empty file": ("x.fit", b"", "FG-file-empty"),
    "a picture with the extension of a workout": (
        "x.fit",
        b"\xff\xd8\xff\xe0" + bytes(100),
        "FG-not-a-workout",
    ),
    "random bytes with the extension of a workout": (
        "x.fit",
        b"\x0e\x10\x00\x00\xff\xff\xff\xff.FIT" + bytes(range(200)),
        "FG-",
    ),
    "a file larger than any workout": ("x.gpx", SPARSE, "FG-file-too-large"),
    "a FIFO with the extension of a workout": ("x.fit", None, None),
    "a name that is not Unicode": (os.fsdecode(b"\xff.txt"), b"x", None),
}


def is_reported(code: str, name: str, text: str, quarantine: list) -> bool:
    """Return whether a sync reported the file with its reason, or quarantined it under its name."""
    words = MESSAGES.get(code)
    if words is None:
        return any(row["code"].startswith(code) and "x: " in str(row) for row in quarantine)
    return name in text and any(
        word in text for word in ([words] if isinstance(words, str) else words)
    )


@pytest.mark.parametrize("fault", HOSTILE)
def test_a_broken_file_is_refused_by_name_and_the_others_arrive(
    host, rides, lost, fault, reliability
):
    """A broken or hostile file is refused by name with a reason, and all other workouts arrive."""
    name, content, code = HOSTILE[fault]
    host.connect("files", {"paths": str(rides)})
    if content is None:
        os.mkfifo(rides / name)
    elif content is SPARSE:
        with (rides / name).open("wb") as file:
            file.truncate(1 << 40)
    else:
        (rides / name).write_bytes(content)
    events = synced(host)
    assert len(host.activities()) == 3
    if code is not None:
        assert is_reported(code, name, reasons(events), host.records.quarantine())
    (rides / name).unlink()
    synced(host)
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        f"{fault} among the files",
        lost=gone,
        seen=f"{SEEN.get(code, code)}; all other files arrive",
    )


def test_a_truncated_gpx_arrives_up_to_its_end(host, rides, lost, reliability):
    """A truncated GPX is a workout up to where it ends, which states that its end is missing."""
    host.connect("files", {"paths": str(rides)})
    (rides / "x.gpx").write_bytes(gpx(9)[:-300])
    synced(host)
    assert len(host.activities()) == 4
    reasons = [
        member.activity.completeness.missing.get("intact file", "")
        for number in range(1, 5)
        for member in host.activities.get(str(number)).members
    ]
    assert sum("its end is missing" in reason for reason in reasons) == 1
    gone = lost(host, rides)
    assert gone == 0
    reliability(
        "files",
        "a truncated GPX among the files",
        lost=gone,
        seen="the workout up to there, and that its end is missing; all other files arrive",
    )
