"""Folders of workouts to put broken files into, and a comparison with the store of an undisturbed
run.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.sync.events import Decided, Event, SyncStopped
from fitglue_registry.sync.options import Options
from tests.sync.natural import natural

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 5, 3, 6, tzinfo=UTC)


def gpx(day: int = 0) -> bytes:
    """Return a GPX file with a run of three minutes, ``day`` days after ``START``."""
    times = [START + timedelta(days=day, seconds=10 * step) for step in range(20)]
    points = "".join(
        f'<trkpt lat="{47 + step / 1000}" lon="11"><time>{time:%Y-%m-%dT%H:%M:%SZ}</time></trkpt>'
        for step, time in enumerate(times)
    )
    return (
        '<?xml version="1.0"?><gpx version="1.1" '
        f'creator="test"><trk><trkseg>{points}</trkseg></trk></gpx>'
    ).encode()


def zipped(members: dict[str, bytes], path: Path | None = None) -> bytes:
    """Return a zip with these members, and write it to ``path`` if given."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    if path is not None:
        path.write_bytes(buffer.getvalue())
    return buffer.getvalue()


@pytest.fixture
def rides(tmp_path) -> Path:
    """Return a folder with three runs, two of them in a zip."""
    folder = tmp_path / "rides"
    folder.mkdir()
    (folder / "a.gpx").write_bytes(gpx(0))
    zipped({"b.gpx": gpx(1), "part.zip": zipped({"c.gpx": gpx(2)})}, folder / "more.zip")
    return folder


@pytest.fixture
def host(tmp_path):
    """Yield a host with an empty home."""
    with Host(tmp_path / "home", secrets=MemorySecretStore(), policy=Policy.personal()) as host:
        yield host


def synced(host: Host, **options: Any) -> list[Event]:
    """Sync everything and return the events, even if the sync stops."""
    return list(host.sync(options=Options(**options)))


def reasons(events: list[Event]) -> str:
    """Return the reasons for everything that a sync did not take, one per line."""
    return "\n".join(
        [str(event.reason) for event in events if isinstance(event, Decided)]
        + [event.error.code for event in events if isinstance(event, SyncStopped)]
    )


@pytest.fixture
def lost(tmp_path):
    """Return a function that counts the differences between a store and that of a fresh host that
    reads the same folder.
    """

    def count(host: Host, *paths: Path) -> int:
        with Host(
            tmp_path / "undisturbed", secrets=MemorySecretStore(), policy=Policy.personal()
        ) as other:
            other.connect("files", {"paths": ":".join(map(str, paths))})
            synced(other, full=True)
            expected, actual = natural(other), natural(host)
        names = ("source_activities", "streams", "claims", "activities")
        return sum(len(_keys(expected[name]) ^ _keys(actual[name])) for name in names)

    return count


def _keys(values: Any) -> set[Any]:
    return (
        {(key, repr(value)) for key, value in values.items()}
        if isinstance(values, dict)
        else set(values)
    )
