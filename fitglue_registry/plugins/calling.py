"""Calls the hooks of one entry's plugin through its guard, and checks the answers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import FitglueError, PluginFailed
from fitglue_registry.plugin_api import Listing
from fitglue_registry.plugins.answers import LARGEST_WINDOW, RESULT_TYPES, complaint, weight
from fitglue_registry.plugins.consumer import check_item_limit

if TYPE_CHECKING:
    from fitglue_registry.plugin_api import Record
    from fitglue_registry.plugins.guard import Guard, SignOfLife
    from fitglue_registry.plugins.loading import Loader
    from fitglue_registry.plugins.subset import Caller
    from fitglue_registry.registry import Entry

Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EntryPlugin:
    """The plugin of one entry, which is imported by the first call.

    Every method raises a ``FitglueError`` if the plugin cannot be loaded.
    """

    entry: Entry
    loader: Loader
    # Returns the moment until which the connection is known to be working.
    sign_of_life: SignOfLife | None = None

    def implements(self, hook: str) -> bool:
        """Return whether the plugin has an implementation of the hook."""
        return hook in self.loader.load(self._name).hooks

    def call(
        self,
        hook: str,
        *,
        here: bool = False,
        then: Callable[[Any], Any] | None = None,
        **arguments: Any,
    ) -> Any:
        """Call an addressed hook and return its checked answer.

        All hook wrappers see the call; the implementations of other plugins do not.

        Args:
            hook: The name of the hook.
            here: Call the hook on the current thread, which must be one on which ``iterate`` calls
                its ``then``.
            then: Converts the answer. It runs on the plugin's thread and within its time limit,
                because reading the answer may run code of the plugin.
            **arguments: The arguments of the hook, by name.

        Returns:
            The answer, or the result of ``then``.

        Raises:
            FitglueError: The plugin failed; ``PluginFailed`` unless it raised an error of ours.
        """
        guard, caller = self._caller(hook)

        def work() -> Any:
            answer = caller(**arguments)
            guard.refuse_if(hook, complaint(answer, RESULT_TYPES[hook]))
            if then is None:
                return answer
            return then(answer)

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
        """Call an addressed hook that yields, once per job, and yield the checked items.

        Args:
            hook: The name of the hook.
            jobs: The arguments of each call, by name.
            lanes: How many threads consume the iterators at the same time.
            then: Converts the items of one job on the thread that consumes them. It is code of the
                host and raises only what the items raise.
            weigh: Returns the size in bytes of an item that ``then`` made.

        Yields:
            (number of the job, item). The last item of a job that failed is its ``FitglueError``.
        """
        groups = self.iterate_in_groups(
            hook,
            jobs,
            lanes=lanes,
            then=then,
            weigh=weigh,
        )
        with closing(groups):
            for group in groups:
                yield from group

    def iterate_in_groups(
        self,
        hook: str,
        jobs: Sequence[Arguments],
        *,
        most: int = 1,
        lanes: int = 1,
        then: Callable[[Iterator[Any]], Iterable[Any]] = iter,
        weigh: Callable[[Any], int] = weight,
    ) -> Generator[list[tuple[int, Any]], None, None]:
        """Do what ``iterate`` does, and yield items that arrive together in one list.

        Args:
            hook: The name of the hook.
            jobs: The arguments of each call, by name.
            most: How many items a list has at most.
            lanes: How many threads consume the iterators at the same time.
            then: See ``iterate``.
            weigh: See ``iterate``.

        Yields:
            Pairs of the number of a job and an item. The error of a job that failed is the last
                item of its list.
        """
        guard, caller = self._caller(hook)

        def job(arguments: Arguments) -> Callable[[], Iterable[Any]]:
            return lambda: then(_checked_items(guard, hook, lambda: caller(**arguments)))

        yield from guard.iterate_in_groups(
            hook,
            [job(arguments) for arguments in jobs],
            most=most,
            lanes=lanes,
            sign_of_life=self.sign_of_life,
            weigh=weigh,
        )

    def on_lane(self, hook: str, work: Callable[[], Iterable[Any]]) -> Iterator[Any]:
        """Yield what a function of the host yields on a thread of the plugin.

        The function can use ``call`` with ``here`` there.

        Args:
            hook: The name of the hook, for errors.
            work: The function. It must not raise.
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
        """Return the records in a saved payload, which the plugin reads without its service.

        Args:
            content: The bytes of the payload.
            name: The name of its file.
            streams: The bytes of the streams of the same activity, if they were saved, too.

        Raises:
            PluginFailed: FG-plugin-not-offline if the plugin has no function ``offline_records``.
        """
        loaded = self.loader.load(self._name)

        def work() -> list[Record]:
            read = getattr(loaded.plugin, "offline_records", None)
            if read is None:
                raise PluginFailed(
                    "FG-plugin-not-offline",
                    f"plugin {self._name} cannot read saved payloads",
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
        """Return the error for an answer that the specification of the hook does not allow.

        Args:
            hook: The name of the hook.
            what: The end of a sentence that begins with "plugin … answered".
        """
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
    """Yield the items of an answer after checking each, and close the answer at the end."""
    answer = ask()
    if not isinstance(answer, Iterable):
        raise guard.refuse(hook, f"with {type(answer).__name__}, expected Iterable")
    kinds = RESULT_TYPES[hook]
    total_bytes = 0
    try:
        for count, item in enumerate(answer):
            check_item_limit(count)  # also here, because ``then`` may make fewer items of them
            guard.refuse_if(hook, complaint(item, kinds))
            if type(item) is Listing:
                total_bytes += len(item.summary)
                guard.refuse_if(hook, _complaint_of_size(total_bytes))
            yield item
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()


def _complaint_of_size(total_bytes: int) -> str | None:
    if total_bytes <= LARGEST_WINDOW:
        return None
    return f"with more than {LARGEST_WINDOW:,} bytes of rows in one window, which must be split"
