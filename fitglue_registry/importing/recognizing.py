"""Asks the plugins what the paths are that somebody wants to import; reads and writes nothing
else.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, Place, PluginFailed, UserMistake
from fitglue_registry.importing.looks import looks_like

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fitglue_registry.host import Host
    from fitglue_registry.plugin_api import Recognized
    from fitglue_registry.registry import Entry

HOOK = "fitglue_recognize"


@dataclass(frozen=True, slots=True)
class Recognition:
    """What plugins found at some paths; ``problems`` are plugins that failed, and paths that none
    of them knows.
    """

    found: tuple[Recognized, ...]
    problems: tuple[FitglueError, ...] = ()


def recognize(host: Host, paths: Iterable[str | Path], entry: str | None = None) -> Recognition:
    """What ``paths`` are, by every plugin that says so; with ``entry`` as that source alone.

    Raises ``UserMistake`` for a path that is not there or cannot be read, for one that two sources
    know, and where nothing is known.
    """
    wanted = [str(path) for path in dict.fromkeys(map(_readable, paths))]
    if not wanted:
        raise UserMistake(
            "FG-path-missing", "no file or folder is named", fix="fitglue import PATH"
        )
    if entry is not None:
        host.catalogue.get("source", entry)
    known = [
        one
        for one in host.catalogue.entries("source")
        if HOOK in one.hooks and entry in (None, one.id)
    ]
    installed = set(host.plugins.names())
    asked = {one.plugin.name for one in known} & installed
    if not asked:
        raise _nobody(known)
    found: list[Recognized] = []
    problems: list[FitglueError] = []
    for plugin, answer, error in host.plugins.broadcast(asked, HOOK, paths=wanted):
        foreign = next(
            (one.entry for one in answer or () if _plugin_of(host, one.entry) != plugin), None
        )
        if error is None and foreign is not None:
            error = PluginFailed(
                "FG-plugin-answer",
                f"plugin {plugin} recognised something for {foreign!r}, which is no source "
                "of its own",
                at=Place(field=f"{plugin}: {HOOK}"),
                fix="report it to the plugin's author",
            )
        if error is not None:
            problems.append(error)
        else:
            found += (one for one in answer if entry in (None, one.entry))
    _hold_apart(host, found)
    covered = {path for one in found for path in one.paths}
    problems += [_unknown(path, known) for path in wanted if path not in covered]
    if not found:
        raise problems[0]
    return Recognition(
        tuple(sorted(found, key=lambda one: wanted.index(one.paths[0]))), tuple(problems)
    )


def _plugin_of(host: Host, entry: str) -> str | None:
    source = host.catalogue.find("source", entry)
    return source.plugin.name if source else None


def _readable(named: str | Path) -> Path:
    """The absolute path; raises ``UserMistake`` where there is nothing that can be read."""
    path = Path(named)
    try:
        path = path.expanduser().absolute()
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            next(path.iterdir(), None)
        elif stat.S_ISREG(mode):
            path.open("rb").close()
        else:
            raise UserMistake(
                "FG-path-unreadable",
                f"{path} is neither a file nor a folder",
                fix="name a file or a folder",
            )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserMistake(
            "FG-path-missing",
            f"there is no file or folder {path}",
            why=_nearest(path),
            fix="name one that is there",
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UserMistake(
            "FG-path-unreadable",
            f"{path} cannot be read",
            why=why,
            fix="give your user the right to read it",
        ) from error
    return path


def _nearest(path: Path) -> str | None:
    from fitglue_registry.validation.wording import nearest

    try:
        near = nearest(path.name, os.listdir(path.parent))  # noqa: PTH208 - names are all that is needed
    except OSError:
        return f"nor is there a folder {path.parent}"
    return f"there is {near}" if near else None


def _hold_apart(host: Host, found: Sequence[Recognized]) -> None:
    """Refuse a path that two plugins cover: it would be imported twice, and only a person knows
    which is meant.

    One plugin may name a folder in several answers: it knows which of them reads what is in it.
    """
    by_path: dict[str, Recognized] = {}
    for one in found:
        for path in one.paths:
            other = by_path.setdefault(path, one)
            if _plugin_of(host, other.entry) != _plugin_of(host, one.entry):
                raise UserMistake(
                    "FG-import-ambiguous",
                    f"{path} is known as {other.name} and as {one.name}",
                    at=Place(path),
                    why=f"both {other.entry} and {one.entry} would read it",
                    fix=f"add --as {other.entry} or --as {one.entry}",
                )


def _unknown(path: str, known: Sequence[Entry]) -> UserMistake:
    what, fix = looks_like(Path(path))
    return UserMistake(
        "FG-not-recognized",
        f"nothing that FitGlue can read was found in {path}",
        at=Place(path),
        why=f"it is {what}; looked for: {', '.join(one.name for one in known)}",
        fix=fix or "name the archive as it was downloaded, a workout file, or a folder of those",
    )


def _nobody(known: Sequence[Entry]) -> UserMistake:
    missing = sorted({one.plugin.name for one in known})
    if not missing:
        return UserMistake(
            "FG-no-importer",
            "no source that is known can be imported from files",
            fix="see: fitglue registry list",
        )
    return UserMistake(
        "FG-no-importer",
        "no plugin that recognises files is installed",
        why=f"missing: {', '.join(missing)}",
        fix=f"fitglue plugin install {missing[0]}",
    )
