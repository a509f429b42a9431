"""Calls the hooks of one entry's plugin, under its guard, and checks what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError, PluginFailed
from fitglue_registry.plugin_api import Listing
from fitglue_registry.plugins.answers import KINDS, LARGEST_WINDOW, complaint, weight
from fitglue_registry.plugins.pump import check_item_limit

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Record
    from fitglue_registry.plugins.guard import Guard, SignOfLife
    from fitglue_registry.plugins.loading import Loader
    from fitglue_registry.plugins.subset import Caller
    from fitglue_registry.registry import Entry

Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EntryPlugin:
    """The plugin of one entry, ready to be called; loaded when it is first asked something.

    Every method raises ``FitglueError`` where the plugin cannot be loaded. ``sign_of_life`` says
    until when the connection that it works for is known to be at work.
    """

    entry: Entry
    loader: Loader
    sign_of_life: SignOfLife | None = None

    def implements(self, hook: str) -> bool:
        """Whether the plugin has the hook."""
        return hook in self.loader.load(self._name).hooks

    def call(
        self,
        hook: str,
        *,
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
        guard, caller = self._caller(hook)

        def work() -> Any:
            answer = caller(**arguments)
            guard.refuse_if(hook, complaint(answer, KINDS[hook]))
            return answer if then is None else then(answer)

        if here:
            return guard.call_here(hook, work)
        return guard.call(hook, work, self.sign_of_life)

    def iterate(
        self,
        hook: str,
        jobs: Sequence[Arguments],
        *,
        lanes: int = 1,
        then: Callable[[Iterator[Any]], Iterable[Any]] = iter,
        weigh: Callable[[Any], int] = weight,
    ) -> Iterator[tuple[int, Any]]:
        """(job, checked item or error) of an addressed hook that yields, called once for each of
        ``jobs`` (its arguments).

        ``then`` makes something of the items of a job on the thread that they came on; it is ours,
        and raises only what they raise. ``weigh`` says how many bytes what it made holds.
        """
        guard, caller = self._caller(hook)

        def job(arguments: Arguments) -> Callable[[], Iterable[Any]]:
            return lambda: then(_checked_items(guard, hook, lambda: caller(**arguments)))

        yield from guard.iterate(
            hook,
            [job(arguments) for arguments in jobs],
            lanes=lanes,
            sign_of_life=self.sign_of_life,
            weigh=weigh,
        )

    def on_lane(self, hook: str, work: Callable[[], Iterable[Any]]) -> Iterator[Any]:
        """What ``work`` of ours yields on a thread of the plugin's, where it may ``call`` it
        ``here``; it never raises.
        """
        for _, item in self._guard.iterate(hook, [work]):
            if isinstance(item, FitglueError):
                raise item
            yield item

    def offline_records(
        self,
        content: bytes,
        name: str,
        streams: bytes | None,
    ) -> list[Record]:
        """The records in a saved payload, if the plugin can read one without its service (it has a
        function ``offline_records``).
        """
        loaded = self.loader.load(self._name)

        def work() -> list[Record]:
            read = getattr(loaded.plugin, "offline_records", None)
            if read is None:
                raise PluginFailed(
                    "FG-plugin-not-offline",
                    f"plugin {self._name} reads no saved payloads",
                    why="it has no function offline_records(content, name, streams)",
                )
            records: list[Record] = read(
                content=content,
                name=name,
                streams=streams,
            )
            loaded.guard.refuse_if("offline_records", complaint(records, (list,)))
            return records

        return loaded.guard.call("offline_records", work)

    def refuse(self, hook: str, what: str) -> PluginFailed:
        """The error for an answer that breaks the hook's page."""
        return self._guard.refuse(hook, what)

    @property
    def _name(self) -> str:
        return self.entry.plugin.name

    @property
    def _guard(self) -> Guard:
        return self.loader.load(self._name).guard

    def _caller(self, hook: str) -> tuple[Guard, Caller]:
        loaded = self.loader.load(self._name)
        if hook not in loaded.hooks:
            raise PluginFailed(
                "FG-hook-missing",
                f"plugin {self._name} has no {hook}, which {self.entry.key} needs",
                fix="report it to the plugin's author",
            )
        return loaded.guard, self.loader.callers.caller(hook, loaded.plugin)


def _checked_items(
    guard: Guard,
    hook: str,
    ask: Callable[[], Any],
) -> Iterator[Any]:
    """The items of an answer, each checked; closed with this one, whatever the plugin does about
    it.
    """
    answer = ask()
    if not isinstance(answer, Iterable):
        raise guard.refuse(hook, f"with {type(answer).__name__}, expected Iterable")
    kinds = KINDS[hook]
    held = 0
    try:
        for count, item in enumerate(answer):
            check_item_limit(count)  # here, too: what is made of them may be fewer
            guard.refuse_if(hook, complaint(item, kinds))
            if type(item) is Listing:
                held += len(item.summary)
                guard.refuse_if(hook, _complaint_of_size(held))
            yield item
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()


def _complaint_of_size(held: int) -> str | None:
    if held <= LARGEST_WINDOW:
        return None
    return f"with more than {LARGEST_WINDOW:,} bytes of rows in one window, which is to be split"
