"""One file of a registry → one typed value, or every reason why not, each with file, line and
column.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.errors import EntryInvalid
from fitglue_registry.registry.conversion import entry_of
from fitglue_registry.registry.document import MOST_ERRORS, Document
from fitglue_registry.registry.entry import SCHEMA, Entry, Tier
from fitglue_registry.registry.entry_flaws import entry_flaws
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.registry.forbidden_text import forbidden_texts
from fitglue_registry.registry.kinds import KIND_OF_FOLDER
from fitglue_registry.registry.merge_flaws import merge_flaws
from fitglue_registry.registry.merge_rules import MergeRules
from fitglue_registry.registry.parsing import MAX_BYTES, parse
from fitglue_registry.registry.schemas import schema_flaws, validator
from fitglue_registry.validation.wording import one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@dataclass(slots=True)
class Reading:
    """What was made of one file: the entry when nothing is wrong with it, and where everything is.

    ``draft`` is what can be understood of a wrong one (``?`` for the rest), so that every further
    error is found in the same go.
    """

    file: Path
    document: Document
    entry: Entry | None = None
    draft: Entry | None = None
    errors: list[EntryInvalid] = field(default_factory=list)

    def refuse(self, flaw: Flaw) -> None:
        """Add an error at the place of the flaw, unless there are enough to repair."""
        if len(self.errors) < MOST_ERRORS:
            at = self.document.place(flaw.path, key=flaw.at_key)
            self.errors.append(
                EntryInvalid(
                    flaw.code,
                    flaw.what,
                    at=at,
                    why=flaw.why,
                    fix=flaw.fix,
                )
            )

    def refuse_all(self, flaws: Iterable[Flaw]) -> None:
        """Add an error for each flaw, as many as anybody repairs in one go."""
        for flaw in islice(flaws, MOST_ERRORS):
            self.refuse(flaw)

    def refuse_duplicate(self, first: Entry) -> None:
        """Say that another file already has this kind and id."""
        self.refuse(
            Flaw(
                "FG-entry-duplicate",
                ("id",),
                f"{first.key} is here a second time",
                why=f"it is already in {first.file} ({first.origin})",
                fix="give this one an id of its own, or remove it",
            )
        )


def read_entry(file: Path, origin: str = "") -> Reading:
    """Read one entry; ``origin`` is the distribution that it came with."""
    reading = _read(file, "entry")
    document = reading.document.value
    if reading.errors:
        document = _draft(file, document)
    if document is None:
        return reading
    reading.draft = entry_of(document, str(file), origin)
    reading.refuse_all(entry_flaws(reading.draft))
    reading.refuse_all(_flaws_of_place(file, reading.draft))
    if not reading.errors:
        reading.entry = reading.draft
    return reading


def read_tiers(file: Path) -> tuple[tuple[Tier, ...], list[EntryInvalid]]:
    """The tiers of a ``tiers.yaml``, in order, and what is wrong with it."""
    reading = _read(file, "tiers")
    if reading.errors:
        return (), reading.errors
    tiers = reading.document.value["tiers"]
    return msgspec.convert(tiers, tuple[Tier, ...]), []


def read_merge_rules(file: Path) -> tuple[MergeRules | None, list[EntryInvalid]]:
    """The rules of a ``merge.yaml``, unless something is wrong with it, and what that is."""
    reading = _read(file, "merge")
    if reading.errors:
        return None, reading.errors
    document = dict(reading.document.value)
    document.pop("schema", None)
    rules = msgspec.convert(document, MergeRules)
    reading.refuse_all(merge_flaws(rules))
    if reading.errors:
        return None, reading.errors
    return rules, []


def _read(file: Path, schema: str) -> Reading:
    document = _parsed(file)
    reading = Reading(file, document, errors=list(document.errors))
    reading.refuse_all(forbidden_texts(document.value))
    if document.root is None:
        if not reading.errors:
            reading.refuse(_empty_file())
    elif _is_newer(document.value):
        reading.refuse(_newer_schema(document.value["schema"]))
    else:
        reading.refuse_all(schema_flaws(schema, document.value))
    return reading


def _parsed(file: Path) -> Document:
    try:
        return parse(_content(file), str(file))
    except OSError as error:
        document = Document(str(file))
        what = f"the file cannot be read: {error.strerror or error}"
        document.errors.append(EntryInvalid("FG-entry-unreadable", what, at=document.place()))
        return document


def _content(file: Path) -> bytes:
    """The bytes of a plain file, and no more than an entry may have: a pipe or a device would never
    end.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(file, flags), "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file")
        return opened.read(MAX_BYTES + 1)


def _is_newer(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    schema = document.get("schema")
    return type(schema) is int and schema > SCHEMA


def _draft(file: Path, document: Any) -> dict[str, Any] | None:
    """The document without the top-level keys that are wrong, if it is an entry of this format at
    all.
    """
    if not isinstance(document, dict) or _is_newer(document):
        return None
    violations = validator("entry").violations(document)
    wrong = {violation.path[0] for violation in violations if violation.path}
    draft = {
        "schema": SCHEMA,
        "kind": KIND_OF_FOLDER.get(file.parent.name, "source"),
        "id": file.stem,
        "name": "?",
        "summary": "?",
        "plugin": "?",
        "tier": "?",
    }
    draft |= {key: value for key, value in document.items() if key not in wrong}
    if not validator("entry").accepts(draft):
        return None
    return draft


# -- what can be wrong with a file as a whole ------------------------------------------------------


def _empty_file() -> Flaw:
    return Flaw(
        "FG-entry-missing-key",
        (),
        "the file is empty",
        fix="begin with schema, kind and id",
    )


def _newer_schema(schema: int) -> Flaw:
    return Flaw(
        "FG-entry-schema-newer",
        ("schema",),
        f"schema {schema} is newer than {SCHEMA}, which this host reads",
        fix="upgrade fitglue-registry",
    )


def _flaws_of_place(file: Path, entry: Entry) -> Iterator[Flaw]:
    """A file is named like its entry, and is in the folder of its kind."""
    if entry.id != file.stem:
        yield Flaw(
            "FG-entry-id-unlike-file",
            ("id",),
            f"id {entry.id} is not the name of its file, {file.stem}.yaml",
            fix=f"rename the file to {entry.id}.yaml, or the id to {file.stem}",
        )
    folder = file.parent.name
    kind = KIND_OF_FOLDER.get(folder)
    if kind is None:
        yield Flaw(
            "FG-entry-kind-unlike-folder",
            ("kind",),
            f"folder {folder} is not one for entries",
            why=f"those are: {one_of(KIND_OF_FOLDER)}",
            fix=f"move the file to {entry.kind}s",
        )
    elif kind != entry.kind:
        yield Flaw(
            "FG-entry-kind-unlike-folder",
            ("kind",),
            f"kind {entry.kind} does not belong into folder {folder}",
            fix=f"move the file to {entry.kind}s, or say kind: {kind}",
        )
