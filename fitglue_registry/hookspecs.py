"""The hook specifications: the one page that a plugin author must read.

The values that pass through the hooks are in ``plugin_api.py``.

A plugin is a module (or an object) whose functions are marked with ``@hookimpl``. Its distribution
names it in the entry-point group ``fitglue.plugins`` under the distribution's own name, and its
registry folder in the group ``fitglue.registry``::

    [project.entry-points."fitglue.plugins"]
    fitglue-example = "fitglue_example.plugin"
    [project.entry-points."fitglue.registry"]
    fitglue-example = "fitglue_example:registry"

Rules for every hook:

* Declare only the arguments that you use, by name, without defaults and not keyword-only.
* Times are aware and in UTC unless a name contains ``local``. Durations are in seconds, and all
  other quantities have the SI units of ``model/activity.py``.
* Send every request through ``connection.http``. It authenticates, waits for the request budget,
  retries, and refuses redirects to hosts that the entry does not allow. It raises a
  ``FitglueError`` that already explains what happened: do not catch it.
* Write nothing about authentication: a key, a token that is exchanged for one, and a permission
  that the athlete gives in a browser (OAuth 2) are declared in the entry, as in
  ``auth: {scheme: exchange, secret: api_key, exchange: {url: /token}}``. The host renews tokens.
* The host may close a generator after any item and call the hook again later, so do not rely on
  state that is kept between calls.
* The host reports any other exception under your plugin's name and continues with other plugins.
"""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fitglue_registry.model import SourceActivity
    from fitglue_registry.plugin_api import (
        Accepted,
        Account,
        BoosterContext,
        CannotTell,
        Connection,
        Delivery,
        Enrichment,
        Listing,
        Location,
        NotThere,
        Opinion,
        Pair,
        Part,
        Recognized,
        Record,
        Refused,
        Rejected,
        Sent,
        Split,
        Unavailable,
        Uncertain,
        Window,
    )

#: The version of these specifications. A plugin exports the version that it was written for as
#: ``FITGLUE_HOOK_API``, and the host compares the two before it registers the plugin.
HOOK_API = 1

#: The entry-point group of plugins.
PLUGIN_GROUP = "fitglue.plugins"
#: The entry-point group of registry folders.
REGISTRY_GROUP = "fitglue.registry"
#: The entry-point group of hook wrappers (tracing, caching), which are separate plugins.
WRAPPER_GROUP = "fitglue.wrappers"

PROJECT = "fitglue"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """The specification of each hook; a new argument breaks no plugin, as they go by name."""

    @hookspec(firstresult=True)
    def fitglue_connect(self, connection: Connection) -> Account:
        """Prove the credentials with the cheapest request, and return the account they belong to.

        ``connect`` calls this before anything is stored, and ``doctor`` calls it again later.

        Args:
            connection: The connection to test. Its ``account`` is ``None`` on the first call.

        Returns:
            The account, never ``None``. Example:
                ``Account(id="i1", name="Ada", notes=("3 of 40 rows come from Strava.",))``.

        Raises:
            AthleteNeeded: The athlete must do something; give a code, a reason and a fix.
        """

    @hookspec(firstresult=True)
    def fitglue_list(
        self, connection: Connection, window: Window
    ) -> Iterator[Listing | Split | Location]:
        """Yield every record that the account holds in ``window``, newest first.

        A source of files, which has ``fitglue_read``, yields a ``Location`` for each file instead.

        A run calls this once per window. The first sync starts with a window that is open at both
        ends: list all of it, or yield one ``Split`` and nothing else. Also yield rows that make no
        sense (the host quarantines them); one bad row must not end the list.

        Args:
            connection: The connection whose account is listed.
            window: The local days to list. A source that cannot list by day may ignore it if its
                entry says ``deletions: false``.

        Yields:
            Each external id once, even if the service repeats a row. Example:
                ``Listing("i7", b'{"id": "i7"}', start_local=datetime(2026, 5, 1, 7, 30))``.
        """

    @hookspec(firstresult=True)
    def fitglue_fetch(
        self,
        connection: Connection,
        part: str,
        ids: Sequence[str],
        summaries: Mapping[str, bytes],
    ) -> Iterator[Part | Unavailable]:
        """Yield one part of each of several records, in any order.

        Raise an error only for a problem of the whole connection; the host asks again later for the
        ids that were not answered yet.

        Args:
            connection: The connection that the records belong to.
            part: The name of the part, as the entry spells it: ``detail``, ``streams`` or ``file``.
            ids: External ids, at most as many as the entry's ``bulk`` of this part.
            summaries: External id → the ``Listing.summary`` that was listed last, which may have
                what a request needs, such as the address of a file. It is read from the store when
                you ask for it.

        Yields:
            Exactly one ``Part``, or one ``Unavailable`` with the reason, per id. If the response
                has other parts of the record as well, yield them first: the host then does not ask
                for them, and takes all of them as one answer. State ``gone`` of
                the part that ``confirms`` marks a record that is no longer listed as deleted, so
                request that id on its own first. A record that is still listed is never deleted:
                ``gone`` is then a failure, and a missing part has the state ``none``. Examples:
                ``Part("i7", "streams", answer.wire, answer.wire_encoding, answer.body)``,
                ``Unavailable("i8", "streams", "none", "FG-no-streams", "entered by hand")``.
        """

    @hookspec(firstresult=True)
    def fitglue_read(
        self, connection: Connection, location: Location
    ) -> Iterator[Listing | Part | Unavailable | SourceActivity]:
        """Yield everything about the records of one file: a source of files has this hook in place
        of ``fitglue_fetch``, and needs ``fitglue_normalize`` only to apply new code to old records.

        It runs in a worker process with limits on time and memory, so a broken or malicious file
        costs only itself. The connection has no ``http`` there.

        Args:
            connection: The connection that the file belongs to.
            location: What ``fitglue_list`` yielded.

        Yields:
            For each record its ``Listing``, then its ``Part`` or the reason why it has none, then
                its source activities. Nothing, if the file contains no record. If the location is
                ``undecodable``, its bytes and no source activities that need them. Decode a part
                only after it was yielded: the host wants nothing more if it has the same record
                with the same bytes, as of a file that was moved.

        Raises:
            RecordRefused: The record whose ``Listing`` was yielded last makes no sense. The host
                quarantines it and tries it again with the plugin's next version.
        """

    @hookspec(firstresult=True)
    def fitglue_normalize(self, record: Record) -> list[SourceActivity]:
        """Turn the parts that are present into source activities with claims, one for each leg.

        This function is pure: it uses no network, clock or file. It runs after a part has arrived,
        in one thread at a time. A record with a part that the entry calls ``heavy`` is passed to it
        only in a worker process with limits. When ``rebuild`` applies new code to old records, it
        runs in several processes.

        Args:
            record: All stored parts. The summary is enough; ``completeness`` states what was read.

        Returns:
            Source activities, which the host validates against the published schema. Example:
                ``[SourceActivity(title="Run", sport="Run", claims=("example:i7",))]``

        Raises:
            RecordRefused: The record makes no sense; give a code, ``at.field`` and a fix. The host
                quarantines the record and tries it again with the plugin's next version.
        """

    @hookspec
    def fitglue_dedupe(self, pairs: Sequence[Pair]) -> Sequence[Opinion | None]:
        """State for each pair whether both are one workout, if your source knows more than a score.

        Every plugin with this hook is called, one after another, for all candidate pairs of an
        athlete, including pairs from other sources; in several calls if they are many or large.
        Equal claims already mean *same*. The call is part of the transaction that stores the pairs,
        so return quickly, and do not use the network or files.

        Args:
            pairs: Pairs of source activities, without their streams.

        Returns:
            One item per pair, in the order of ``pairs``: an opinion, or ``None`` for no opinion.
                Example: ``[Opinion("same", "a stub and its native copy"), None]``.
        """

    @hookspec
    def fitglue_recognize(self, paths: Sequence[str]) -> Sequence[Recognized | Refused]:
        """Identify the files and folders that one of your sources can read.

        ``import`` calls this hook of every plugin whose entry lists it, before anything is stored.
        Read only what identifies the content: names, first bytes, the index of an archive. If the
        content names its owner, derive the account's id from that and not from the file's name: the
        settings of a newer archive then replace those of the existing connection.

        Args:
            paths: Absolute paths that exist.

        Returns:
            What was recognized, with settings for ``fitglue_connect``, and a ``Refused`` for each
                path that would be yours, but is too large or dangerous to open; empty for nothing.
                Example:
                ``[Recognized("logbook", (path,), "Training log", {"file": path}, ("214 lines",))]``
        """

    @hookspec(firstresult=True)
    def fitglue_enrich(
        self,
        activity: SourceActivity,
        settings: Mapping[str, str],
        context: BoosterContext,
    ) -> Enrichment:
        """Compute values of an activity, or change what is sent on: an enricher has this hook.

        It is called outside any transaction when an activity, a setting or the booster itself has
        changed. It is pure, so that the same input always has the same result: it uses no network,
        clock or file. Its result is stored and used again until an input changes.

        Args:
            activity: The merged activity, as earlier boosters of the pipeline have left it. It has
                streams only if the entry's ``needs`` lists ``streams``.
            settings: The values of the entry's ``settings`` that the pipeline states.
            context: The day, the settings of the athlete on that day, and earlier results.

        Returns:
            What was computed, or what is missing. Never guess a missing value without saying so.
                Example: ``Enrichment({"training_load": 54.2}, method="power")``.
        """

    @hookspec(firstresult=True)
    def fitglue_deliver(
        self, connection: Connection, delivery: Delivery
    ) -> Sent | Accepted | Rejected | Uncertain:
        """Send one activity to a destination, or change what was sent before.

        The host has stored the intent, and calls the hook again only if the activity certainly has
        not arrived, or after ``fitglue_find_delivery`` has said so. If a request may have been
        carried out, ``connection.http`` raises FG-outcome-unknown: do not catch it.

        Args:
            connection: The connection of the athlete's account at the destination. A destination
                without an integration has no account and no ``http``.
            delivery: What to send, and what was sent before.

        Returns:
            ``Sent`` if it is there now; ``Accepted`` if the destination decides later, which the
                host then finds out with ``fitglue_find_delivery``; ``Rejected`` if it will never be
                accepted as it is; ``Uncertain`` if nobody knows. Example:
                ``Sent(Receipt("i7", "https://…/i7"), identities=("intervals:i7",))``.
        """

    @hookspec(firstresult=True)
    def fitglue_find_delivery(
        self, connection: Connection, delivery: Delivery
    ) -> Sent | Accepted | Rejected | NotThere | CannotTell:
        """Find out whether a delivery is already at its destination, without sending anything.

        The host calls this before it sends anything a second time, and until an accepted delivery
        is final.

        Args:
            connection: As for ``fitglue_deliver``.
            delivery: The same delivery that was sent, or that may have been.

        Returns:
            ``NotThere`` only if it certainly is not there and will not appear: it is then sent
                again. If the destination cannot tell, the athlete decides.
        """


#: Hooks that reach only the plugin of one entry; every plugin with one of the others is called.
ADDRESSED = (
    "fitglue_connect",
    "fitglue_list",
    "fitglue_fetch",
    "fitglue_read",
    "fitglue_normalize",
    "fitglue_enrich",
    "fitglue_deliver",
    "fitglue_find_delivery",
)
HOOK_NAMES = (*ADDRESSED, "fitglue_dedupe", "fitglue_recognize")
