"""Asks the plugins what the paths are that somebody wants to import; writes nothing."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.errors import FitglueError, Place, PluginFailed, UserMistake
from fitglue_registry.services.importing.describe_path import describe
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fitglue_registry.plugin_api import Recognized as Recognized
    from fitglue_registry.registry import Catalogue, Entry
    from fitglue_registry.workspace import Workspace

HOOK = "fitglue_recognize"


@dataclass(frozen=True, slots=True)
class Recognition:
    """What plugins found at some paths.

    ``problems`` are plugins that failed, and paths that no plugin knows.
    """

    found: tuple[Recognized, ...]
    problems: tuple[FitglueError, ...] = ()


def recognize(
    workspace: Workspace,
    paths: Iterable[str | Path],
    entry: str | None = None,
) -> Recognition:
    """What ``paths`` are, by every plugin that knows; with ``entry`` only as that source.

    Raises ``UserMistake`` for a path that is missing or cannot be read, for one that two sources
    know, and where nothing is known.
    """
    readable = dict.fromkeys(map(_readable, paths))
    wanted = list(map(str, readable))
    if not wanted:
        raise UserMistake(
            "FG-path-missing", "no file or folder is named", fix="fitglue import PATH"
        )
    sources = _sources(workspace.catalogue, entry)
    found: list[Recognized] = []
    problems: list[FitglueError] = []
    for answer in _ask(workspace, sources, wanted):
        if isinstance(answer, FitglueError):
            problems.append(answer)
        else:
            found += [recognized for recognized in answer if entry in (None, recognized.entry)]
    _check_unambiguous(workspace.catalogue, found)
    covered: set[str] = set()
    for recognized in found:
        covered.update(recognized.paths)
    for path in wanted:
        if path not in covered:
            problems.append(_unknown(path, sources))
    if not found:
        raise problems[0]
    found.sort(key=lambda recognized: wanted.index(recognized.paths[0]))
    return Recognition(tuple(found), tuple(problems))


def _sources(catalogue: Catalogue, entry: str | None) -> list[Entry]:
    """The source entries whose plugins recognize files, or only the one that is named."""
    if entry is not None:
        catalogue.get("source", entry)
    sources = [source for source in catalogue.entries("source") if HOOK in source.hooks]
    if entry is None:
        return sources
    return [source for source in sources if source.id == entry]


def _ask(
    workspace: Workspace,
    sources: Sequence[Entry],
    paths: list[str],
) -> Iterator[Sequence[Recognized] | FitglueError]:
    """Yields the answer of each plugin of these sources, or why it has none.

    Raises ``UserMistake`` FG-no-importer where none of them is installed.
    """
    plugins = workspace.plugins
    named = {source.plugin.name for source in sources}
    asked = named.intersection(plugins.names())
    if not asked:
        raise _no_importer(sources)
    for plugin, answer, error in plugins.broadcast(asked, HOOK, paths=paths):
        if error is not None:
            yield error
            continue
        yield _foreign(workspace.catalogue, plugin, answer) or answer


def _foreign(
    catalogue: Catalogue,
    plugin: str,
    answer: Sequence[Recognized],
) -> PluginFailed | None:
    """The error of a plugin that has answered for a source of another plugin."""
    for recognized in answer:
        if _plugin_of(catalogue, recognized.entry) != plugin:
            return PluginFailed(
                "FG-plugin-answer",
                f"plugin {plugin} recognised something for {recognized.entry!r}, which is no "
                "source of its own",
                at=Place(field=f"{plugin}: {HOOK}"),
                fix="report it to the plugin's author",
            )
    return None


def _plugin_of(catalogue: Catalogue, entry: str) -> str | None:
    source = catalogue.find("source", entry)
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
            why=_nearest_name(path),
            fix="name one that is there",
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise UserMistake(
            "FG-path-unreadable",
            f"{path} cannot be read",
            why=getattr(error, "strerror", None) or str(error),
            fix="give your user the right to read it",
        ) from error
    return path


def _nearest_name(path: Path) -> str | None:
    try:
        names = os.listdir(path.parent)  # noqa: PTH208 - names are all that is needed
    except OSError:
        return f"nor is there a folder {path.parent}"
    near = nearest(path.name, names)
    return f"there is {near}" if near else None


def _check_unambiguous(catalogue: Catalogue, found: Sequence[Recognized]) -> None:
    """Refuse a path that two plugins cover: it would be imported twice.

    Only a person knows which is meant. One plugin may name a folder in several answers: it knows
    which of them reads what is in it.
    """
    by_path: dict[str, Recognized] = {}
    for recognized in found:
        for path in recognized.paths:
            other = by_path.setdefault(path, recognized)
            if _plugin_of(catalogue, other.entry) != _plugin_of(catalogue, recognized.entry):
                raise UserMistake(
                    "FG-import-ambiguous",
                    f"{path} is known as {other.name} and as {recognized.name}",
                    at=Place(path),
                    why=f"both {other.entry} and {recognized.entry} would read it",
                    fix=f"add --as {other.entry} or --as {recognized.entry}",
                )


def _unknown(path: str, sources: Sequence[Entry]) -> UserMistake:
    description = describe(Path(path))
    looked_for = ", ".join(source.name for source in sources)
    return UserMistake(
        "FG-not-recognized",
        f"nothing that FitGlue can read was found in {path}",
        at=Place(path),
        why=f"it is {description.what}; looked for: {looked_for}",
        fix=description.fix
        or "name the archive as it was downloaded, a workout file, or a folder of those",
    )


def _no_importer(sources: Sequence[Entry]) -> UserMistake:
    missing = sorted({source.plugin.name for source in sources})
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
