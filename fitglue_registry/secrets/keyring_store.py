"""A secret store in the keyring of the desktop."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import AthleteNeeded, Place
from fitglue_registry.secrets.references import (
    ENVIRONMENT,
    missing,
    new_reference,
    parse,
    split_reference,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVICE = "fitglue"
_FROM_KEYRING_TO_FILE = (
    "run `fitglue connections rekey --to file` where the keyring is open: an encrypted file "
    "needs no desktop; "
    f"or give the key once more: {ENVIRONMENT}=file fitglue connect …"
)


class KeyringSecretStore:
    """The keyring of the desktop; imported with the first use, since that takes as long as a whole
    command may.
    """

    def usable(self) -> bool:
        """Whether a real keyring answers: not the one that always fails, nor one that writes in
        clear.
        """
        import keyring

        try:
            backend = keyring.get_keyring()
            if backend.priority < 1:
                return False
            keyring.get_password(_SERVICE, "is this keyring open?")
        except Exception:  # noqa: BLE001 - backends raise what their system raises; any of it means no
            return False
        return True

    def get(self, ref: str) -> dict[str, str]:
        """The values from the keyring; raises ``AthleteNeeded`` (FG-keyring-unavailable) where it
        is absent or locked.
        """
        content = self._ask("get_password", ref)
        if content is None:
            raise missing(ref)
        return parse(ref, content)

    def put(self, owner: str, values: Mapping[str, str]) -> str:
        """Keep the values in the keyring."""
        ref = new_reference("keyring", owner)
        self.keep(ref, values)
        return ref

    def keep(self, ref: str, values: Mapping[str, str]) -> None:
        """Keep the values under a reference that was made before."""
        self._ask("set_password", ref, json.dumps(dict(values)))

    def delete(self, ref: str) -> None:
        """Take the values out of the keyring."""
        if self._ask("get_password", ref) is not None:
            self._ask("delete_password", ref)

    def _ask(self, method: str, ref: str, *more: str) -> Any:
        _, owner, token = split_reference(ref)
        import keyring
        import keyring.errors

        try:
            return getattr(keyring, method)(_SERVICE, f"{owner}/{token}", *more)
        except Exception as error:  # noqa: BLE001 - backends raise what their system raises; none of it may stop the other connections
            why = f"{type(error).__name__} of {type(keyring.get_keyring()).__module__}"
        raise AthleteNeeded(
            "FG-keyring-unavailable",
            "the keyring that holds this connection's key cannot be opened",
            at=Place(field=ref),
            why=why,
            fix=_FROM_KEYRING_TO_FILE,
        )
