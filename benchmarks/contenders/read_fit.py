"""A reader of FIT files: ``read_fit.py READER FOLDER`` reads each file of a folder, and prints the
CPU time per file and how many samples there were.

Each reader turns a file into the values that its users work with. What a process needs before its
first file (the imports, and one file as a warm-up) is not timed.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Reader(NamedTuple):
    """A function that reads a file and returns its number of samples, and its package."""

    package: str
    read: Callable[[Path], int]


def fitglue() -> Reader:
    """Return FitGlue's reader: checked columns, laps, totals and claims of each workout."""
    from fitglue_formats.reading import activities

    def read(path: Path) -> int:
        [activity] = activities(path.read_bytes(), path.name)
        return len(activity.streams[0].values)

    return Reader("fitglue-formats", read)


def fitfast_columns() -> Reader:
    """Return the quickest function of fitfast that returns samples, as columns."""
    import fitfast

    def read(path: Path) -> int:
        return len(fitfast.records(path)["timestamp"])

    return Reader("fitfast", read)


def fitfast_messages() -> Reader:
    """Return the function of fitfast that returns all messages, as dicts."""
    import fitfast

    def read(path: Path) -> int:
        return len(fitfast.parse(path)["record"])

    return Reader("fitfast", read)


def garmin_sdk() -> Reader:
    """Return the decoder of Garmin's SDK with its default options."""
    from garmin_fit_sdk import Decoder, Stream

    def read(path: Path) -> int:
        messages, errors = Decoder(Stream.from_file(str(path))).read()
        if errors:
            raise SystemExit(f"Garmin's SDK could not read {path.name}: {errors}")
        return len(messages["record_mesgs"])

    return Reader("garmin-fit-sdk", read)


def fitdecode() -> Reader:
    """Return the reader of fitdecode with its default options."""
    from fitdecode import FIT_FRAME_DATA, FitReader

    def read(path: Path) -> int:
        with FitReader(path) as frames:
            return sum(
                frame.frame_type == FIT_FRAME_DATA and frame.name == "record" for frame in frames
            )

    return Reader("fitdecode", read)


READERS: dict[str, Callable[[], Reader]] = {
    "fitglue": fitglue,
    "fitfast-columns": fitfast_columns,
    "fitfast-messages": fitfast_messages,
    "garmin-sdk": garmin_sdk,
    "fitdecode": fitdecode,
}


def main() -> None:
    """Read all files, and print what that took."""
    name, folder = sys.argv[1:]
    reader = READERS[name]()
    paths = sorted(Path(folder).glob("*.fit"))
    reader.read(paths[0])
    started = time.process_time()
    samples = sum(map(reader.read, paths))
    cpu_s = time.process_time() - started
    measured: dict[str, Any] = {
        "cpu_ms": cpu_s / len(paths) * 1000,
        "samples": samples,
        "package": f"{reader.package} {version(reader.package)}",
    }
    sys.stdout.write(json.dumps(measured))


if __name__ == "__main__":
    main()
