"""Asks the plugins what is at the paths that a person wants to import."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fitglue_registry.errors import (
    FitglueError,
    Place,
    PluginFailed,
    RecordRefused,
    UserMistake,
)
from fitglue_registry.file_counts import reported_to
from fitglue_registry.input_files import try_to_open
from fitglue_registry.plugin_api import Refused
from fitglue_registry.registry.paths import expanded
from fitglue_registry.services.importing.describe_path import Description, describe
from fitglue_registry.sync.deriving.results import result_of
from fitglue_registry.sync.reading.in_worker import recognize_in_worker
from fitglue_registry.sync.worker_limits import LISTING, WorkerDied
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fitglue_registry.file_counts import FileCounts
    from fitglue_registry.plugin_api import Recognized as Recognized
    from fitglue_registry.registry import Catalogue, Entry
    from fitglue_registry.sync.worker_limits import WorkerLimits
    from fitglue_registry.workspace import Workspace

HOOK = "fitglue_recognize"


@dataclass(frozen=True, slots=True)
class Recognition:
    """What plugins recognized at some paths.

    Attributes:
        found: The sources that can read the paths, in the order of the paths.
        problems: An error for each plugin that failed, and for each path that no plugin recognized
            or that a plugin refused to open.
    """

    found: tuple[Recognized, ...]
    problems: tuple[FitglueError, ...] = ()


def recognize(
    workspace: Workspace,
    paths: Iterable[str | Path],
    entry: str | None = None,
    limits: WorkerLimits = LISTING,
    report: Callable[[FileCounts], None] | None = None,
) -> Recognition:
    """Ask all plugins, or only that of the source ``entry``; see ``Imports.recognize``.

    Args:
        workspace: The workspace.
        paths: Files and folders.
        entry: The id of a source's entry, if only this source is wanted.
        limits: What a plugin that reads foreign files may use.
        report: Called while the plugins look through the files, from another thread.
    """
    # A dict removes duplicates and keeps the order in which the paths were typed.
    readable = dict.fromkeys(map(_readable, paths))
    wanted = list(map(str, readable))
    if not wanted:
        raise UserMistake(
            "FG-path-missing", "no file or folder is named", fix="fitglue import PATH"
        )
    sources = _sources(workspace.catalogue, entry)
    answers = _Answers()
    with reported_to(report) as counts:
        for answer in _ask(workspace, sources, wanted, limits, counts):
            answers.take(answer, entry)
    recognitions = answers.recognitions
    problems = answers.problems
    _check_unambiguous(workspace.catalogue, recognitions)
    covered: set[str] = set()
    for recognized in recognitions:
        covered.update(recognized.paths)
    for path in wanted:
        if path not in covered:
            problem = answers.refused.get(path)
            problems.append(problem or _unknown(workspace, path, sources, limits))
    # The first problem explains best why there is nothing to import.
    if not recognitions:
        raise problems[0]
    recognitions.sort(key=lambda recognized: wanted.index(recognized.paths[0]))
    return Recognition(tuple(recognitions), tuple(problems))


class _Answers:
    """The answers of the plugins.

    Attributes:
        recognitions: What they recognized.
        refused: Path → why a plugin refused to open it.
        problems: The errors of plugins that failed.
    """

    def __init__(self) -> None:
        self.recognitions: list[Recognized] = []
        self.refused: dict[str, FitglueError] = {}
        self.problems: list[FitglueError] = []

    def take(
        self,
        answer: Sequence[Recognized | Refused] | FitglueError,
        entry: str | None,
    ) -> None:
        """Take the answer of a plugin, as far as it is about the wanted source.

        Args:
            answer: The answer, or the error of the plugin.
            entry: The id of the entry of the only wanted source, or ``None`` for all.
        """
        if isinstance(answer, FitglueError):
            self.problems.append(answer)
            return
        for item in answer:
            if isinstance(item, Refused):
                self.refused[item.path] = _refusal(item)
            elif entry in (None, item.entry):
                self.recognitions.append(item)


def _refusal(refused: Refused) -> RecordRefused:
    """Return the error for a path that a plugin refuses to open."""
    return RecordRefused(
        refused.code,
        refused.reason,
        at=Place(refused.path),
        fix=refused.fix,
    )


def _sources(catalogue: Catalogue, entry: str | None) -> list[Entry]:
    """Return the source entries whose plugins recognize files, or only the named source."""
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
    limits: WorkerLimits,
    counts: str | None,
) -> Iterator[Sequence[Recognized | Refused] | FitglueError]:
    """Yield the answer of each plugin of these sources, or its error.

    Raises:
        UserMistake: FG-no-importer if none of the plugins is installed.
    """
    plugins = workspace.plugins
    named = {source.plugin.name for source in sources}
    asked = named.intersection(plugins.names())
    if not asked:
        raise _no_importer(sources)
    # One after the other, so that a plugin that breaks its worker costs only its own answer.
    for name in sorted(asked):
        work = workspace.workers().submit(
            recognize_in_worker,
            plugins.recipe(limits.wall_s),
            name,
            paths,
            counts,
            limits=limits,
        )
        # Connecting what is recognized comes next and needs them. The worker is busy meanwhile.
        _ = workspace.installed
        try:
            answer = result_of(work, name, plugins.redact)
        except FitglueError as error:
            yield error
        else:
            # It could otherwise connect a source of another plugin with settings of its choice.
            yield _foreign(workspace.catalogue, name, answer) or answer


def _foreign(
    catalogue: Catalogue,
    plugin: str,
    answer: Sequence[Recognized | Refused],
) -> PluginFailed | None:
    """Return the error for a plugin that answered for a source of another plugin."""
    for recognized in answer:
        if isinstance(recognized, Refused):
            continue
        if _plugin_of(catalogue, recognized.entry) != plugin:
            return PluginFailed(
                "FG-plugin-answer",
                f"plugin {plugin} recognized something for {recognized.entry!r}, which is not one "
                "of its sources",
                at=Place(field=f"{plugin}: {HOOK}"),
                fix="report it to the plugin's author",
            )
    return None


def _plugin_of(catalogue: Catalogue, entry: str) -> str | None:
    source = catalogue.find("source", entry)
    return source.plugin.name if source else None


def _readable(named: str | Path) -> Path:
    """Return the absolute path; raise ``UserMistake`` if it is not a readable file or folder."""
    if not str(named):
        # Path("") is the current folder, which nobody named.
        raise UserMistake(
            "FG-path-missing", "the path is empty", fix="name an existing file or folder"
        )
    path = Path(named)
    try:
        path = expanded(path).absolute()
        mode = path.stat().st_mode
        # Only opening it proves that it can be read: access rights may come from elsewhere.
        if stat.S_ISDIR(mode):
            next(path.iterdir(), None)
        elif stat.S_ISREG(mode):
            try_to_open(path)
        else:
            raise UserMistake(
                "FG-path-unreadable",
                f"{path} is neither a file nor a folder",
                fix="name a file or a folder",
            )
    except (FileNotFoundError, NotADirectoryError) as error:
        if path.is_symlink():
            raise _dangling(path) from error
        raise UserMistake(
            "FG-path-missing",
            f"{path} does not exist",
            why=_nearest_name(path),
            fix="name an existing file or folder",
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise UserMistake(
            "FG-path-unreadable",
            f"{path} cannot be read",
            why=getattr(error, "strerror", None) or str(error),
            fix="give your user the permission to read it",
        ) from error
    return path


def _dangling(path: Path) -> UserMistake:
    """Return the error for a link that leads to nothing."""
    return UserMistake(
        "FG-path-missing",
        f"{path} is a link to something that does not exist",
        why=f"it leads to {path.readlink()}",
        fix="name an existing file or folder, or correct the link",
    )


def _nearest_name(path: Path) -> str | None:
    try:
        names = os.listdir(path.parent)  # noqa: PTH208 - names are all that is needed
    except OSError:
        return f"the folder {path.parent} does not exist either"
    near = nearest(path.name, names)
    return f"a similar name exists: {near}" if near else None


def _check_unambiguous(catalogue: Catalogue, recognitions: Sequence[Recognized]) -> None:
    """Raise ``UserMistake`` for a path that two plugins recognize, as it would be imported twice.

    Only a person knows which is right. One plugin may name a folder in several answers, because it
    decides which of its sources reads which file.
    """
    by_path: dict[str, Recognized] = {}
    for recognized in recognitions:
        for path in recognized.paths:
            other = by_path.setdefault(path, recognized)
            if _plugin_of(catalogue, other.entry) != _plugin_of(catalogue, recognized.entry):
                raise UserMistake(
                    "FG-import-ambiguous",
                    f"{path} could be {other.name} or {recognized.name}",
                    at=Place(path),
                    why=f"both {other.entry} and {recognized.entry} would read it",
                    fix=f"add --as {other.entry} or --as {recognized.entry}",
                )


def _unknown(
    workspace: Workspace,
    path: str,
    sources: Sequence[Entry],
    limits: WorkerLimits,
) -> UserMistake:
    description = _describe(workspace, path, limits)
    looked_for = ", ".join(source.name for source in sources)
    return UserMistake(
        "FG-not-recognized",
        f"FitGlue found nothing that it can read in {path}",
        at=Place(path),
        why=f"it is {description.what}; looked for: {looked_for}",
        fix=description.fix
        or "name an archive as you downloaded it, a workout file, or a folder of them",
    )


def _describe(
    workspace: Workspace,
    path: str,
    limits: WorkerLimits,
) -> Description:
    """Describe a path in a worker, because a foreign file is read nowhere else."""
    work = workspace.workers().submit(
        describe,
        Path(path),
        limits=limits,
    )
    try:
        description: Description = work.result()
    except WorkerDied as died:
        return Description(f"it cannot be described: {died.reason}")
    return description


def _no_importer(sources: Sequence[Entry]) -> UserMistake:
    missing = sorted({source.plugin.name for source in sources})
    if not missing:
        return UserMistake(
            "FG-no-importer",
            "no known source can be imported from files",
            fix="see: fitglue registry list",
        )
    return UserMistake(
        "FG-no-importer",
        "no plugin that recognizes files is installed",
        why=f"missing: {', '.join(missing)}",
        fix=f"fitglue plugin install {missing[0]}",
    )
