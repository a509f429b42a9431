"""Kills a process at each of its steps while it writes a delivery to a folder, and goes on.

It is a program of its own, with one thread, so that it can fork. It prints one line of JSON for
each step: its name, how the delivery ended, and what is in the folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from fitglue_destinations import plugin
from fitglue_formats.testing import ride_file
from fitglue_registry.model import SourceActivity
from fitglue_registry.plugin_api import Delivery, NotThere, OriginalFile
from fitglue_registry.testing import FakeConnection

#: The events of Python that tell of a step that changes something, or could.
_STEPS = ("open", "os.link", "os.rename", "os.remove", "os.mkdir", "os.chmod", "os.unlink")


def original(content: bytes) -> OriginalFile:
    """Return a file of a device."""
    sha256 = hashlib.sha256(content).hexdigest()
    return OriginalFile(content, "ride.fit", "fit", sha256)


def delivery(folder: Path) -> Delivery:
    """Return a delivery to a folder."""
    return Delivery(
        external_id="d-1",
        action="create",
        number=12,
        activity=SourceActivity(title="Ride", sport="Ride"),
        file=original(ride_file()),
        settings={"path": str(folder), "format": "original", "file_name": "{number}"},
    )


def killed(number: int, work: Any) -> str | None:
    """Run work in a child that is killed at a step; return its name, or ``None`` at the end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        steps = count(1)

        def hook(event: str, arguments: Any) -> None:
            if event in _STEPS and next(steps) == number:
                os.write(writing, event.encode())
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        work()
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        return pipe.read().decode() or None


def main(base: Path, action: str) -> None:
    """Kill at each step of a new delivery, or of a change, and complete it as the host does."""
    for number in count(1):
        place = base / str(number)
        folder, cache = place / "folder", place / "cache"
        folder.mkdir(parents=True)
        cache.mkdir()
        connection = FakeConnection(entry="folder", cache=cache)
        wanted = delivery(folder)
        if action == "update":
            sent = plugin.fitglue_deliver(connection=connection, delivery=wanted)
            file = original(b"changed")
            wanted = replace(wanted, action="update", file=file, receipt=sent.receipt)
        step = killed(
            number,
            lambda: plugin.fitglue_deliver(connection=connection, delivery=wanted),  # noqa: B023
        )
        # The workout may have changed before the program runs again.
        answer = plugin.fitglue_find_delivery(connection=connection, delivery=wanted)
        was_there = not isinstance(answer, NotThere)
        if not was_there:
            answer = plugin.fitglue_deliver(connection=connection, delivery=wanted)
        files = [path.name for path in folder.iterdir()]
        content = (folder / answer.receipt.remote_id).read_bytes()
        line = {
            "step": step,
            "there": was_there,
            "files": files,
            "right": content == wanted.file.content,
        }
        print(json.dumps(line), flush=True)
        shutil.rmtree(place)
        if step is None:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
