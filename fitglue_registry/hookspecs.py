"""The hooks: the one page that a plugin author must read.

The values that are passed through them are in ``plugin_api.py``.

A plugin is a module (or an object) with functions marked ``@hookimpl``. Its distribution names it
in the entry-point group ``fitglue.plugins`` under the distribution's own name, and its registry
folder in ``fitglue.registry``::

    [project.entry-points."fitglue.plugins"]
    fitglue-example = "fitglue_example.plugin"
    [project.entry-points."fitglue.registry"]
    fitglue-example = "fitglue_example:registry"

Rules for every hook:

* Ask only for the arguments you need, by name; never with a default, never keyword-only.
* Times are UTC and aware unless a name says ``local``; durations are seconds; everything is SI as
  in ``model/activity.py``.
* Network goes through ``connection.http`` alone: it authenticates, waits for the budget, retries,
  and never follows to a host that the entry does not allow. It raises a ``FitglueError`` that
  already says what happened: let it pass.
* A generator may be stopped after any item, and is asked again later: keep no state between calls
  that matters.
* Whatever else you raise is reported under your plugin's name; the other plugins work on.
"""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import (
        Account,
        Connection,
        Listing,
        Opinion,
        Pair,
        Part,
        Recognized,
        Record,
        Split,
        Unavailable,
        Window,
    )

#: The version of this page. A plugin exports the one it was written for as ``FITGLUE_HOOK_API``,
#: compared before it is registered.
HOOK_API = 1

#: Entry-point groups: plugins, folders of entries, and wrappers around hooks (tracing, caching),
#: which are plugins of their own.
PLUGIN_GROUP, REGISTRY_GROUP, WRAPPER_GROUP = (
    "fitglue.plugins",
    "fitglue.registry",
    "fitglue.wrappers",
)

PROJECT = "fitglue"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


# -- the hooks -------------------------------------------------------------------------------------


class Hooks:
    """The specification; called by name, so it can gain an argument without breaking a plugin."""

    @hookspec(firstresult=True)
    def fitglue_connect(self, connection: Connection) -> Account:
        """Prove the credentials with the gentlest request, and say whose account it is.

        Called by ``connect``, before anything is stored, and by ``doctor``. Raise ``AthleteNeeded``
        with a code, a reason and a fix where the athlete must do something. ``None`` is an error of
        the plugin.

        Example::

            return Account(id="i1", name="Ada", notes=("3 of 40 rows come from Strava.",))
        """

    @hookspec(firstresult=True)
    def fitglue_list(self, connection: Connection, window: Window) -> Iterator[Listing | Split]:
        """Yield what the account holds in ``window``, newest first; called for each window of a
        run.

        The first call of a first sync has an open window: answer it whole, or yield one ``Split``
        and nothing else. A row that makes no sense is yielded all the same (the host keeps it and
        puts it in quarantine); one bad row never ends a list. A source that cannot list by days may
        ignore the window, if its entry says ``deletions: false``. The same external id twice in one
        window is the plugin's error, except where the source repeats it: then yield it once.

        Example::

            yield Listing("i7", b'{"id": "i7", …}', start_local=datetime(2026, 5, 1, 7, 30))
        """

    @hookspec(firstresult=True)
    def fitglue_fetch(
        self,
        connection: Connection,
        part: str,
        ids: Sequence[str],
    ) -> Iterator[Part | Unavailable]:
        """Yield ``part`` of each of ``ids``, in any order; called with as many ids at a time as the
        entry's ``bulk`` says.

        Every id is answered exactly once: with a ``Part``, or with an ``Unavailable`` that says
        why. Of the part that ``confirms``, an ``Unavailable`` with state ``gone`` makes a
        tombstone: be sure (ask for the id singly) before you say it. Raise only for what concerns
        the connection: the ids that were not answered yet stay wanted.

        Example::

            yield Part("i7", "streams", answer.wire, "gzip", answer.body)
            yield Unavailable("i8", "streams", "none", "FG-no-streams", "entered by hand")
        """

    @hookspec(firstresult=True)
    def fitglue_normalize(self, record: Record) -> list[SourceActivity]:
        """Turn the parts that are there into source activities with claims: one, or one a leg.

        Pure: no network, no clock, no file. Called when a part has arrived, on the thread that
        fetched it and never twice at once; of a part that the entry calls ``heavy``, and by
        ``rebuild`` for old records with new code, in several processes. A summary alone must do;
        ``completeness`` says what was read. Raise ``RecordRefused`` with code, what, ``at.field``
        and fix for a record that makes no sense: it goes to quarantine and is tried again with the
        next version. The host checks every value against the published schema before it stores it.

        Example::

            return [SourceActivity(title="Run", sport="Run", start_utc=…, claims=("example:i7",))]
        """

    @hookspec
    def fitglue_dedupe(self, pairs: Sequence[Pair]) -> Sequence[Opinion | None]:
        """For each pair: same, different, or ``None`` where you know nothing special, in the order
        of ``pairs``.

        Every plugin that has it is asked, one by one, about every candidate pair of an athlete,
        also pairs of other sources. Equal claims already say *same*; say only what a source knows
        beyond them. Called inside the transaction that stores: be quick, and touch neither network
        nor files.

        Example::

            copy = Opinion("same", "a stub and its native copy")
            return [copy if is_copy(pair) else None for pair in pairs]
        """

    @hookspec
    def fitglue_recognize(self, paths: Sequence[str]) -> Sequence[Recognized]:
        """Say which of these files and folders a source of yours can read, and what to connect it
        with; nothing where it knows none.

        Called by ``import`` before anything is connected or stored; every plugin that has it, and
        says so in an entry, is asked, one by one. The paths are absolute and are there. Only read,
        and only what tells you what it is: names, first bytes, the index of an archive. The
        settings go to ``fitglue_connect``; of the same account later, with a newer archive, they
        take the place of those that are there, so let the account's id not depend on the file's
        name where the content says whose it is.

        Example::

            found = ("214 lines since 2019.",)
            return [Recognized("logbook", (path,), "Training log", {"file": path}, found)]
        """


#: Hooks that reach the implementation of one entry's plugin; the others are asked of every plugin.
ADDRESSED = ("fitglue_connect", "fitglue_list", "fitglue_fetch", "fitglue_normalize")
HOOK_NAMES = (*ADDRESSED, "fitglue_dedupe", "fitglue_recognize")
