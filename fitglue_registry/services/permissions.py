"""Compares what an athlete wants to connect, and what is connected, with the policy of the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitglue_registry.errors import ConnectionStopped, Place, UserMistake
from fitglue_registry.policy.policy import BASE_URL
from fitglue_registry.registry.pasted import read_field
from fitglue_registry.services.unknown_setting import unknown_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitglue_registry.policy import Policy
    from fitglue_registry.registry import Entry, Field

_UPLOAD = "pass the content to host.imports.add_bytes(name, content)"


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the policy of a host allows an athlete at one integration.

    Attributes:
        policy: The policy of the host.
        integration: The entry of the integration.
        source: The entry of its source.
    """

    policy: Policy
    integration: Entry
    source: Entry

    def check_integration(self) -> None:
        """Raise ``UserMistake`` FG-integration-not-allowed unless athletes may connect it."""
        if self.policy.allows_integration(self.integration.id):
            return
        allowed = ", ".join(sorted(self.policy.integrations or ())) or "none"
        raise UserMistake(
            "FG-integration-not-allowed",
            f"{self.integration.name} cannot be connected at this server",
            at=Place(field=self.integration.id),
            why=f"its operator allows these integrations: {allowed}",
            fix="ask the operator of this server, who can allow it in Policy(integrations=…)",
        )

    def check_settings(self, values: Mapping[str, str]) -> None:
        """Check that an athlete sets nothing that only the operator may set.

        Args:
            values: Field → its value, as it was pasted or typed; empty values are ignored.

        Raises:
            UserMistake: FG-path-not-allowed or FG-setting-not-allowed.
        """
        for field in self._fields:
            value = values.get(field.name)
            if not value or self._may_be(field, value):
                continue
            if self._is_path(field):
                raise path_not_allowed(field.name)
            raise UserMistake(
                "FG-setting-not-allowed",
                f"an athlete of this server cannot set {field.name} of {self.integration.name}",
                at=Place(field=field.name),
                why="only the operator decides which addresses this server requests",
                fix="ask the operator of this server, who can set it in Policy(settings=…)",
            )

    def check_stored(self, settings: Mapping[str, str]) -> None:
        """Check the settings of a stored connection, which may be older than the policy.

        A setting for which the operator has a value is never used, so it does no harm.

        Args:
            settings: The settings of the connection.

        Raises:
            ConnectionStopped: FG-connection-not-allowed.
        """
        operators = self.policy.settings_of(self.integration.id)
        used = {name: value for name, value in settings.items() if name not in operators}
        if self._webhook is not None:
            # The address itself is a secret, so the settings have only its origin.
            used[self._webhook] = settings.get(BASE_URL, "")
        try:
            self.check_integration()
            self.check_settings(used)
        except UserMistake as refused:
            fix = f"connect {self.integration.id} again; the workouts stay"
            if refused.code == "FG-path-not-allowed":
                fix = _UPLOAD
            raise ConnectionStopped(
                "FG-connection-not-allowed",
                f"the policy of this server no longer allows this connection: {refused.what}",
                at=refused.at,
                why="it was made under another policy, or restored from a backup",
                fix=fix,
            ) from None

    def operators_settings(self) -> dict[str, str]:
        """Return the operator's settings, cleaned as the entry says.

        Raises:
            UserMistake: FG-field-refused if a value cannot be right, FG-setting-unknown for a name
                that the entry does not have.
        """
        values = self.policy.settings_of(self.integration.id)
        names = [field.name for field in self._fields]
        unknown = sorted(set(values).difference(names))
        if unknown:
            # A name that is mistyped would otherwise send requests to the entry's own address.
            raise unknown_setting(self.integration, unknown[0], in_policy=True)
        return {
            field.name: read_field(field, values[field.name])
            for field in self._fields
            if field.name in values
        }

    def athletes_settings(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return settings without those of the operator, and those that only the operator may set.

        Args:
            settings: Field → its value.
        """
        hidden = set(self.policy.settings_of(self.integration.id))
        for field in self._fields:
            if not self._may_be(field, settings.get(field.name, "")):
                hidden.add(field.name)
        return {name: value for name, value in settings.items() if name not in hidden}

    def has_places(self, settings: Mapping[str, str]) -> bool:
        """Return whether a connection names what to read, if its source reads files.

        Everything that it has was uploaded, if it does not.

        Args:
            settings: The settings of the connection, with those of the operator.
        """
        names = [field.name for field in self.integration.settings if field.path]
        return not names or any(settings.get(name) for name in names)

    @property
    def _fields(self) -> tuple[Field, ...]:
        return self.integration.fields

    @property
    def _webhook(self) -> str | None:
        """The name of the field that is the address of a webhook, if it is one."""
        http = self.integration.http
        return http.auth.address if http else None

    def _may_be(self, field: Field, value: str) -> bool:
        """Return whether an athlete may set a field to a value."""
        if field.name == self._webhook:
            return self.policy.allows_webhooks
        if self.policy.allows_setting(field.name, is_path=self._is_path(field)):
            return True
        # The address of the entry itself is requested for everybody.
        http = self.integration.http
        if field.name != BASE_URL or http is None:
            return False
        return value.rstrip("/") == http.base_url.rstrip("/")

    def _is_path(self, field: Field) -> bool:
        """Return whether a field may be a path of this machine.

        Only the plugin of a source of files knows what it takes for a path, so each of its fields
        counts as one.
        """
        return field.path or self.source.reads_files


def check_paths(policy: Policy) -> None:
    """Raise ``UserMistake`` FG-path-not-allowed unless athletes may name paths of this machine."""
    if not policy.allows_paths:
        raise path_not_allowed()


def check_connections(policy: Policy, existing: int) -> None:
    """Check that an athlete may have one more connection.

    Args:
        policy: The policy of the host.
        existing: How many connections the athlete has.

    Raises:
        UserMistake: FG-too-many-connections.
    """
    most = policy.quotas.connections
    if most is None or existing < most:
        return
    raise UserMistake(
        "FG-too-many-connections",
        f"an athlete of this server can have {most} connections",
        why="this athlete has that many",
        fix="remove a connection that is no longer needed, or ask the operator of this server",
    )


def path_not_allowed(field: str | None = None) -> UserMistake:
    """Return the error for a path where only content is allowed.

    Args:
        field: The setting that is a path, if there is one.
    """
    return UserMistake(
        "FG-path-not-allowed",
        "an athlete of this server cannot name its files and folders",
        at=Place(field=field),
        why="a path would read whatever the server can read",
        fix=f"{_UPLOAD}; a program that one person runs can use "
        "Host(policy=Policy.personal()) instead",
    )
