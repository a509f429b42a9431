"""Finds plugins by their entry points, imports one when its hooks are first needed, and says of
each what works and what does not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fitglue_registry.errors import FitglueError, Place, PluginFailed
from fitglue_registry.hookspecs import (
    ADDRESSED,
    PLUGIN_GROUP,
    PROJECT,
    REGISTRY_GROUP,
    WRAPPER_GROUP,
    Hooks,
)
from fitglue_registry.plugin_api import Listing
from fitglue_registry.plugins.answers import (
    LARGEST_WINDOW,
    complaint,
    opinions_complaint,
    recognized_complaint,
    weight,
)
from fitglue_registry.plugins.guard import Guard, SignOfLife, hold_count
from fitglue_registry.plugins.hookcheck import check_api, check_hooks
from fitglue_registry.plugins.scan import all_entry_points, one_of_each_name
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Record
    from fitglue_registry.registry import Entry

log = logging.getLogger(__name__)

#: How long a plugin may keep silent where a transaction waits for it; other writers wait thirty
#: seconds for theirs.
_QUICK_S = 10.0
#: Of a hook that everybody is asked: what is wrong with an answer, given the arguments.
_BROADCAST: dict[str, Callable[[Any, dict[str, Any]], str | None]] = {
    "fitglue_dedupe": lambda answer, asked: opinions_complaint(answer, len(asked["pairs"])),
    "fitglue_recognize": lambda answer, asked: recognized_complaint(answer, asked["paths"]),
}


class FoundEntryPoint(Protocol):
    """What is read of an ``importlib.metadata.EntryPoint``; a test brings its own."""

    name: str
    value: str
    group: str

    def load(self) -> Any:
        """Import what the entry point names."""


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One plugin as ``plugin list`` shows it; ``error`` says why it is left out."""

    name: str
    distribution: str | None
    version: str | None
    value: str
    loaded: bool
    hooks: tuple[str, ...] = ()
    error: FitglueError | None = None


@dataclass(frozen=True, slots=True)
class _Loaded:
    plugin: object
    hooks: tuple[str, ...]
    guard: Guard


class Plugins:
    """The plugins of this environment. Finding them imports none of them.

    ``entry_points`` replaces the environment's own (an embedding application, a test);
    ``time_limit_s`` is how long a plugin may show no sign of life.
    """

    def __init__(
        self, entry_points: Iterable[FoundEntryPoint] | None = None, *, time_limit_s: float = 120.0
    ) -> None:
        self._given = None if entry_points is None else tuple(entry_points)
        self._time_limit_s = time_limit_s
        self._loaded: dict[str, _Loaded | FitglueError] = {}
        #: Takes secrets out of what plugins say; a host puts that of its redactor here before the
        #: first plugin is loaded.
        self.redact: Callable[[str], str] = str
        self._distributions: dict[str, tuple[str | None, str | None]] = {}
        self._callers: dict[tuple[str, int], Any] = {}
        self._unreadable: list[FitglueError] = []

    @cached_property
    def _found(self) -> dict[str, dict[str, FoundEntryPoint]]:
        groups = (PLUGIN_GROUP, REGISTRY_GROUP, WRAPPER_GROUP)
        if self._given is not None:
            return {
                group: {point.name: point for point in self._given if point.group == group}
                for group in groups
            }
        # One scan serves all groups: it is the dear part, and nothing caches it for us.
        every, self._unreadable = all_entry_points(groups)
        found: dict[str, dict[str, FoundEntryPoint]] = {}
        for group in groups:
            found[group], twice = one_of_each_name(every, group)
            self._unreadable += twice
        return found

    @cached_property
    def _manager(self) -> Any:
        import pluggy

        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(Hooks)
        # Sorted, because the order of entry points is undefined and nothing may depend on it.
        for name in sorted(self._found[WRAPPER_GROUP]):
            load = self._found[WRAPPER_GROUP][name].load
            try:
                self._guard(name).call(
                    "import",
                    lambda load=load, name=name: manager.register(  # type: ignore[misc]
                        load(), name=f"wrapper {name}"
                    ),
                )
            except FitglueError as error:
                log.warning("hook wrapper %s is left out: %s", name, error)
        return manager

    def _guard(self, name: str) -> Guard:
        return Guard(name, time_limit_s=self._time_limit_s, redact=lambda text: self.redact(text))

    def registry_folders(self) -> tuple[list[tuple[str, Path]], list[FitglueError]]:
        """The folders of entries that distributions bring along, found without importing them, and
        what is wrong with the rest.
        """
        folders: list[tuple[str, Path]] = []
        registries = self._found[REGISTRY_GROUP]
        errors = list(self._unreadable)
        for name, point in sorted(registries.items()):
            path = _folder_in_package(point.value)
            if path is not None and path.is_dir():
                folders.append((name, path))
            else:
                errors.append(
                    PluginFailed(
                        "FG-registry-folder-missing",
                        f"distribution {name} names the registry folder {point.value}, which "
                        "is not there",
                        at=Place(field=f"entry point {REGISTRY_GROUP}"),
                        why="the value is a top-level package, a colon and a folder in it",
                        fix="reinstall the distribution, or tell its author",
                    )
                )
        return folders, errors

    @property
    def from_environment(self) -> bool:
        """Whether another process finds the same plugins by itself."""
        return self._given is None

    @property
    def time_limit_s(self) -> float:
        """How long a plugin may show no sign of life."""
        return self._time_limit_s

    def names(self) -> list[str]:
        """The names of the plugins that were found, in order."""
        return sorted(self._found[PLUGIN_GROUP])

    def distribution(self, name: str) -> tuple[str | None, str | None]:
        """Name and version of the distribution that brings the plugin."""
        if name not in self._distributions:  # each look reads a file of metadata
            found = getattr(self._found[PLUGIN_GROUP].get(name), "dist", None)
            try:
                self._distributions[name] = (
                    (found.name, found.version) if found is not None else (None, None)
                )
            except Exception:  # noqa: BLE001 - metadata that cannot be read: the plugin may work all the same
                self._distributions[name] = (name, None)
        return self._distributions[name]

    def info(self, name: str) -> PluginInfo:
        """What is known of a plugin after trying to load it."""
        point = self._found[PLUGIN_GROUP].get(name)
        distribution, version = self.distribution(name)
        try:
            loaded = self._load(name)
        except FitglueError as error:
            return PluginInfo(
                name, distribution, version, point.value if point else "", loaded=False, error=error
            )
        return PluginInfo(
            name,
            distribution,
            version,
            point.value if point else "",
            loaded=True,
            hooks=loaded.hooks,
        )

    # -- loading -----------------------------------------------------------------------------------

    def load(self, entry: Entry) -> None:
        """Import the plugin of an entry; raises ``PluginFailed`` where it is missing, broken, or of
        a version that does not fit.
        """
        self._load(entry.plugin.name)
        self.check_version(entry)

    def check_version(self, entry: Entry) -> None:
        """Compare the installed version with the range that the entry accepts; raises
        ``PluginFailed``.
        """
        _, version = self.distribution(entry.plugin.name)
        if version is None or not entry.plugin.version:
            return
        from packaging.specifiers import SpecifierSet

        # A version that is none is in no range.
        if not SpecifierSet(entry.plugin.version).contains(version, prereleases=True):
            raise PluginFailed(
                "FG-plugin-version",
                f"{entry.kind}/{entry.id} needs {entry.plugin.name} {entry.plugin.version}, "
                f"installed is {version}",
                fix=f"fitglue plugin install '{entry.plugin.name}{entry.plugin.version}'",
            )

    def close(self) -> None:
        """Let the threads on which plugins were called end; plugins stay loaded."""
        for loaded in self._loaded.values():
            if isinstance(loaded, _Loaded):
                loaded.guard.close()

    def _load(self, name: str) -> _Loaded:
        if name not in self._loaded:
            try:
                self._loaded[name] = self._import(name)
            except FitglueError as error:
                self._loaded[name] = error
        loaded = self._loaded[name]
        if isinstance(loaded, FitglueError):
            raise loaded.with_traceback(None)  # the same one each time: its traceback must not grow
        return loaded

    def _missing(self, name: str) -> PluginFailed:
        close = nearest(name, self.names())
        if self._given is None and _is_installed(name):
            return PluginFailed(
                "FG-plugin-missing",
                f"distribution {name} is installed and brings no plugin of that name",
                why=f"it has no entry point called {name} in the group {PLUGIN_GROUP}",
                fix="its author adds it to pyproject.toml",
            )
        return PluginFailed(
            "FG-plugin-missing",
            f"plugin {name} is not installed",
            why=f"there is {close}" if close else None,
            fix=f"did you mean {close}? Else: fitglue plugin install {name}"
            if close
            else f"fitglue plugin install {name}",
        )

    def _import(self, name: str) -> _Loaded:
        point = self._found[PLUGIN_GROUP].get(name)
        if point is None:
            raise self._missing(name)
        guard = self._guard(name)
        manager = self._manager

        def take() -> _Loaded:
            plugin = point.load()
            check_api(name, plugin)
            hooks = check_hooks(name, plugin, manager)
            twin = manager.get_name(plugin)
            if twin is not None:
                raise PluginFailed(
                    "FG-plugin-twice",
                    f"plugin {name} is the same object as plugin {twin} ({point.value})",
                    fix="name it once in the entry points",
                )
            manager.register(plugin, name=name)
            self._callers.clear()  # they name the others that are left out, and there is one more
            return _Loaded(plugin, hooks, guard)

        try:
            return guard.call("import", take)
        except PluginFailed as error:
            guard.close()
            if error.code != "FG-plugin-raised":
                raise
            said = error.what.removeprefix(f"plugin {name} ")
            raise PluginFailed(
                "FG-plugin-import-failed",
                f"plugin {name} ({point.value}) cannot be imported",
                at=error.at,
                why=f"{said}: {error.why}" if error.why else said,
                fix=f"reinstall it: fitglue plugin install --upgrade {name}",
            ) from error

    # -- calling -----------------------------------------------------------------------------------

    def implements(self, entry: Entry, hook: str) -> bool:
        """Whether the plugin of an entry has the hook; loads it."""
        return hook in self._load(entry.plugin.name).hooks

    def call(
        self,
        entry: Entry,
        hook: str,
        kind: type | tuple[type, ...],
        *,
        sign_of_life: SignOfLife | None = None,
        here: bool = False,
        then: Callable[[Any], Any] | None = None,
        **arguments: Any,
    ) -> Any:
        """The checked answer of one addressed hook; wrappers of other plugins see the call, other
        implementations do not.

        ``then`` makes something of the answer where the plugin's code may still run: on its lane,
        inside its limits. ``here`` calls it on this thread, which has to be one that ``iterate``
        runs ``then`` on.
        """
        loaded, caller = self._caller(entry, hook)
        kinds = kind if isinstance(kind, tuple) else (kind,)

        def work() -> Any:
            answer = caller(**arguments)
            _hold(loaded.guard, hook, complaint(answer, kinds))
            return then(answer) if then is not None else answer

        return (
            loaded.guard.call_here(hook, work)
            if here
            else loaded.guard.call(hook, work, sign_of_life)
        )

    def iterate(
        self,
        entry: Entry,
        hook: str,
        kinds: tuple[type, ...],
        jobs: Sequence[dict[str, Any]],
        *,
        lanes: int = 1,
        sign_of_life: SignOfLife | None = None,
        then: Callable[[Iterator[Any]], Iterable[Any]] = iter,
        weigh: Callable[[Any], int] = weight,
    ) -> Iterator[tuple[int, Any]]:
        """(job, checked item or error) of an addressed hook that yields, called once for each of
        ``jobs`` (its arguments).

        ``then`` makes something of the items of a job on the thread that they came on; it is ours,
        and raises only what they raise. ``weigh`` says how many bytes what it made holds.
        """
        loaded, caller = self._caller(entry, hook)

        def call(arguments: dict[str, Any]) -> Callable[[], Iterable[Any]]:
            return lambda: then(_held_items(loaded.guard, hook, kinds, lambda: caller(**arguments)))

        yield from loaded.guard.iterate(
            hook,
            [call(arguments) for arguments in jobs],
            lanes=lanes,
            sign_of_life=sign_of_life,
            weigh=weigh,
        )

    def on_lane(self, entry: Entry, hook: str, work: Callable[[], Iterable[Any]]) -> Iterator[Any]:
        """What ``work`` of ours yields on a thread of the entry's plugin, where it may ``call`` it
        ``here``; it never raises.
        """
        for _, item in self._load(entry.plugin.name).guard.iterate(hook, [work]):
            if isinstance(item, FitglueError):
                raise item
            yield item

    def offline_records(
        self, entry: Entry, content: bytes, name: str, streams: bytes | None
    ) -> list[Record]:
        """The records in a saved payload, if the entry's plugin can read one without its service
        (``offline_records``).
        """
        loaded = self._load(entry.plugin.name)

        def work() -> list[Record]:
            read = getattr(loaded.plugin, "offline_records", None)
            if read is None:
                raise PluginFailed(
                    "FG-plugin-not-offline",
                    f"plugin {entry.plugin.name} reads no saved payloads",
                    why="it has no function offline_records(content, name, streams)",
                )
            records = read(content=content, name=name, streams=streams)
            _hold(loaded.guard, "offline_records", complaint(records, (list,)))
            return records  # type: ignore[no-any-return]

        return loaded.guard.call("offline_records", work)

    def refuse(self, entry: Entry, hook: str, what: str) -> PluginFailed:
        """The error for an answer of the entry's plugin that breaks the hook's page."""
        return self._load(entry.plugin.name).guard.refuse(hook, what)

    def broadcast(
        self, names: Iterable[str], hook: str, **arguments: Any
    ) -> Iterator[tuple[str, Any, FitglueError | None]]:
        """(plugin, answer, error) of a hook that everybody is asked, one by one, so that one
        failure loses no other answer.

        ``fitglue_dedupe`` is asked inside a transaction: a plugin that blocks must not hold up the
        writer for longer than others wait.
        """
        limit_s = (
            min(_QUICK_S, self._time_limit_s) if hook == "fitglue_dedupe" else self._time_limit_s
        )
        for name in sorted(names):
            try:
                loaded = self._load(name)
                if hook not in loaded.hooks:
                    continue
                caller = self._subset(hook, loaded.plugin)
                answer = loaded.guard.call(
                    hook,
                    lambda loaded=loaded, caller=caller: _asked(
                        loaded.guard, hook, caller, arguments
                    ),  # type: ignore[misc]
                    time_limit_s=limit_s,
                )
            except FitglueError as error:
                if error.code == "FG-plugin-blocked":
                    # It would block again, and everybody would wait again.
                    self._loaded[name] = error
                yield name, None, error
            else:
                yield name, answer, None

    def _caller(self, entry: Entry, hook: str) -> tuple[_Loaded, Any]:
        loaded = self._load(entry.plugin.name)
        if hook not in loaded.hooks:
            raise PluginFailed(
                "FG-hook-missing",
                f"plugin {entry.plugin.name} has no {hook}, which {entry.kind}/{entry.id} needs",
                fix="report it to the plugin's author",
            )
        return loaded, self._subset(hook, loaded.plugin)

    def _subset(self, hook: str, plugin: object) -> Any:
        key = hook, id(plugin)
        if key not in self._callers:
            self._callers[key] = self._make_subset(hook, plugin)
        return self._callers[key]

    def _make_subset(self, hook: str, plugin: object) -> Any:
        # subset_hook_caller removes plugins whole, wrappers included: only those that have an
        # implementation are named.
        others = [
            impl.plugin
            for impl in getattr(self._manager.hook, hook).get_hookimpls()
            if not impl.wrapper
        ]
        caller = self._manager.subset_hook_caller(
            hook, [other for other in others if other is not plugin]
        )
        if hook in ADDRESSED:
            return caller

        def first(**arguments: Any) -> Any:
            answers = caller(**arguments)
            return answers[0] if answers else None

        return first


def _is_installed(distribution: str) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        version(distribution)
    except (PackageNotFoundError, ValueError):
        return False
    return True


def _hold(guard: Guard, hook: str, wrong: str | None) -> None:
    if wrong is not None:
        raise guard.refuse(hook, wrong)


def _held_items(
    guard: Guard, hook: str, kinds: tuple[type, ...], ask: Callable[[], Any]
) -> Iterator[Any]:
    """The items of an answer, each held to the hook's page; closed with this one, whatever the
    plugin does about it.
    """
    answer = ask()
    if not isinstance(answer, Iterable):
        raise guard.refuse(hook, f"with {type(answer).__name__}, expected Iterable")
    held = 0
    try:
        for number, item in enumerate(answer):
            hold_count(number)  # here, too: what is made of them may be fewer
            wrong = complaint(item, kinds)
            if wrong is not None:
                raise guard.refuse(hook, wrong)
            if type(item) is Listing:
                held += len(item.summary)
                if held > LARGEST_WINDOW:
                    raise guard.refuse(
                        hook,
                        f"with more than {LARGEST_WINDOW:,} bytes of rows in one window, "
                        "which is to be split",
                    )
            yield item
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()


def _asked(guard: Guard, hook: str, caller: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    answer = caller(**arguments)
    _hold(guard, hook, _BROADCAST[hook](answer, arguments))
    return answer


def _folder_in_package(value: str) -> Path | None:
    """The folder that ``package:folder`` names, inside the package; nothing is imported for a
    top-level package.
    """
    package, _, folder = value.partition(":")
    inside = Path(folder)
    if not package.isidentifier() or not folder or inside.is_absolute() or ".." in inside.parts:
        return None
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):  # found, but half imported or without a spec
        return None
    places = spec.submodule_search_locations if spec else None
    return next((Path(place) / inside for place in places), None) if places else None
