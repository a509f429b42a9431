"""Content that an application passed to the host, in a file that exists only while it is read."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fitglue_registry.errors import ConnectionStopped
from fitglue_registry.redaction.exceptions import redact_exception

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fitglue_registry.plugin_api import Account
    from fitglue_registry.policy import Quotas


@dataclass(frozen=True, slots=True)
class Upload:
    """One file in a folder of its own, which no athlete may get to see.

    Attributes:
        folder: The folder, without symbolic links.
        name: The name of the file.
    """

    folder: Path
    name: str

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.folder / self.name

    def unnamed(self, text: str) -> str:
        """Return a text without the folder, so that only the name of the file is left."""
        return text.replace(f"{self.folder}/", "").replace(str(self.folder), "the upload")

    @contextmanager
    def without_folder(self) -> Iterator[None]:
        """Raise the errors of a block without the folder."""
        try:
            yield
        except Exception as error:
            redact_exception(error, self.unnamed)
            raise

    def cleaned_account(self, account: Account) -> Account:
        """Return an account without the folder."""
        return replace(
            account,
            id=self.unnamed(account.id),
            name=None if account.name is None else self.unnamed(account.name),
            notes=tuple(map(self.unnamed, account.notes)),
        )

    def check_count(self, quotas: Quotas, files: int) -> None:
        """Check that the upload does not have too many files.

        Args:
            quotas: The quotas of the host.
            files: How many files it has, those inside of archives included.

        Raises:
            ConnectionStopped: FG-upload-too-many-files.
        """
        most = quotas.upload_files
        if most is None or files <= most:
            return
        raise ConnectionStopped(
            "FG-upload-too-many-files",
            f"{self.name} contains {files:,} files, and this server reads {most:,} at most",
            fix="upload it in parts, or ask the operator of this server",
        )
