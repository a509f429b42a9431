"""Opens a connection as its plugin sees it, and asks the plugin whose account it is."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from fitglue_registry.policy.policy import BASE_URL
from fitglue_registry.services.addresses import http_of, proven_http
from fitglue_registry.services.granting.issuing import issuer_of
from fitglue_registry.services.granting.keys import StoredKeys
from fitglue_registry.services.permissions import Permissions
from fitglue_registry.services.plugin_cache import plugin_cache
from fitglue_registry.sync.deriving.results import result_of
from fitglue_registry.sync.reading.in_worker import FileConnection, Task, connect_in_worker
from fitglue_registry.sync.view import ConnectionView
from fitglue_registry.sync.worker_limits import LISTING
from fitglue_registry.transport.budget import budget_of
from fitglue_registry.transport.policy import policy_from_entry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.plugin_api import Account
    from fitglue_registry.registry import Entry, Http
    from fitglue_registry.services.granting.keys import Keys, NewKeys
    from fitglue_registry.store.connections import ConnectionRow
    from fitglue_registry.sync.worker_limits import WorkerLimits
    from fitglue_registry.transport.session import HttpSession
    from fitglue_registry.workspace import Workspace


class _Seen(NamedTuple):
    """What a plugin sees of a connection."""

    connection_id: str
    source: Entry
    account: Account | None
    settings: Mapping[str, str]


class PluginViews:
    """Creates the views through which plugins see connections: settings, session and clock."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def of(self, connected: ConnectionRow, source: Entry) -> ConnectionView:
        """Return the view of a stored connection."""
        return self._view(
            _Seen(connected.id, source, connected.account, connected.settings),
            self.http_of(source),
            StoredKeys(self._workspace, connected.id),
        )

    def of_new(
        self,
        connection_id: str,
        source: Entry,
        settings: Mapping[str, str],
        keys: NewKeys,
    ) -> ConnectionView:
        """Return the view of a connection that is not stored yet."""
        # Of the installed entry and not of the cache, because the secret is not bound yet.
        http = http_of(self._workspace.installed, source)
        return self._view(_Seen(connection_id, source, None, settings), http, keys)

    def prove(
        self,
        source: Entry,
        view: ConnectionView,
        limits: WorkerLimits = LISTING,
    ) -> Account:
        """Ask the plugin of a source whose account a connection belongs to, and close the view.

        Args:
            source: The entry of the source.
            view: The connection.
            limits: What a plugin that reads foreign files may use.

        Returns:
            The account.

        Raises:
            PluginFailed: The plugin is missing or broken.
            FitglueError: What the plugin raises for rejected credentials or a failed request.
        """
        plugins = self._workspace.plugins
        try:
            plugins.load(source)
            if source.reads_files:
                return self._prove_in_worker(source, view, limits)
            plugin = plugins.of(source, view.sign_of_life)
            account: Account = plugin.call("fitglue_connect", connection=view)
        finally:
            view.close()
        return account

    def _prove_in_worker(
        self,
        source: Entry,
        view: ConnectionView,
        limits: WorkerLimits,
    ) -> Account:
        """Ask a plugin that reads foreign files, which it does only in a worker."""
        plugins = self._workspace.plugins
        task = Task(source, FileConnection.of(view), plugins.recipe(limits.wall_s))
        work = self._workspace.workers().submit(connect_in_worker, task, limits=limits)
        account: Account = result_of(work, source.plugin.name, plugins.redact)
        return account

    def http_of(self, source: Entry) -> Http | None:
        """Return the ``http`` block for a source, or ``None`` if it needs no service."""
        return http_of(self._workspace.catalogue, source)

    def permissions_of(self, source: Entry) -> Permissions:
        """Return what the policy allows an athlete at the integration of a source."""
        integration = self._workspace.catalogue.get("integration", source.integration or source.id)
        return Permissions(self._workspace.policy, integration, source)

    def _view(
        self,
        seen: _Seen,
        http: Http | None,
        keys: Keys,
    ) -> ConnectionView:
        workspace = self._workspace
        source = seen.source
        permissions = self.permissions_of(source)
        in_use = {**seen.settings, **permissions.operators_settings()}

        def open_http() -> HttpSession:
            assert http is not None
            # Here, because every request goes through it: a sync, a check, a new key.
            permissions.check_stored(seen.settings)
            base_url = in_use.get(BASE_URL) or None
            proven = proven_http(workspace, source, http)
            policy = policy_from_entry(proven, base_url, workspace.policy)
            # The budget is shared by all processes of this home through a file.
            budget = budget_of(
                policy,
                workspace.home / "budget",
                integration=source.integration or source.id,
                account=seen.connection_id,
                clock=workspace.clock,
            )
            issuer = issuer_of(http, base_url)
            tokens = None
            if issuer is not None:
                tokens = keys.tokens(policy.origin, issuer)
            # The session asks for the secret of the only origin to which it may send it.
            return workspace.http_session(
                policy,
                lambda: keys.secrets(policy.origin),
                budget,
                tokens,
            )

        return ConnectionView(
            seen.connection_id,
            source.id,
            seen.account,
            MappingProxyType(in_use),
            workspace.clock,
            # The session is opened by the first request, because requests is slow to import.
            open_http if http else None,
            # Each plugin has a folder of its own, so that plugins cannot disturb each other.
            cache=plugin_cache(workspace.home / "cache" / "plugins" / source.plugin.name),
            renewed_ref=keys.stored_ref,
        )
