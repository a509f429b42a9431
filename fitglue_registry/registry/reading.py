"""The reading of one file of a registry into a typed value, or into errors with line and column."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.errors import EntryInvalid
from fitglue_registry.input_files import open_regular
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
    """The result of reading one file.

    Attributes:
        file: File that was read.
        document: Its YAML document, which knows the place of each value.
        entry: Entry, or ``None`` if the file has errors.
        draft: Entry without its wrong keys and with ``?`` for required ones, so that further checks
            can find more errors at the same time; ``None`` if too little of the file is valid.
        errors: Errors that were found so far.
    """

    file: Path
    document: Document
    entry: Entry | None = None
    draft: Entry | None = None
    errors: list[EntryInvalid] = field(default_factory=list)

    def refuse(self, flaw: Flaw) -> None:
        """Add an error at the place of a flaw, unless there are already ``MOST_ERRORS`` of them."""
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
        """Add an error for each flaw, up to ``MOST_ERRORS``."""
        for flaw in islice(flaws, MOST_ERRORS):
            self.refuse(flaw)

    def refuse_duplicate(self, first: Entry) -> None:
        """Add the error that the entry ``first`` already has this kind and id."""
        self.refuse(
            Flaw(
                "FG-entry-duplicate",
                ("id",),
                f"{first.key} exists twice",
                why=f"{first.file} ({first.origin}) already has it",
                fix="give this entry another id, or remove it",
            )
        )


def read_entry(file: Path, origin: str = "") -> Reading:
    """Read one entry.

    Args:
        file: File of the entry.
        origin: Distribution that the file belongs to.
    """
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
    """Return the tiers in a ``tiers.yaml`` from the lowest to the highest, and its errors."""
    reading = _read(file, "tiers")
    if reading.errors:
        return (), reading.errors
    tiers = reading.document.value["tiers"]
    return msgspec.convert(tiers, tuple[Tier, ...]), []


def read_merge_rules(file: Path) -> tuple[MergeRules | None, list[EntryInvalid]]:
    """Return the rules in a ``merge.yaml``, or ``None`` if it has errors, and these errors."""
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
    # The schema of today would report every novelty of a newer format as an error.
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
    """Return the content of a regular file, up to one byte more than an entry may have."""
    with open_regular(file) as opened:
        return opened.read(MAX_BYTES + 1)


def _is_newer(document: Any) -> bool:
    if not isinstance(document, dict):
        return False
    schema = document.get("schema")
    # Not isinstance, because True is an int as well.
    return type(schema) is int and schema > SCHEMA


def _draft(file: Path, document: Any) -> dict[str, Any] | None:
    """Return the document without its wrong top-level keys, or ``None`` if that is not an entry.

    Required keys that are wrong or missing get a placeholder.
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


# -- errors of a file as a whole -------------------------------------------------------------------


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
        f"schema {schema} is newer than {SCHEMA}, the newest that this host can read",
        fix="upgrade fitglue-registry",
    )


def _flaws_of_place(file: Path, entry: Entry) -> Iterator[Flaw]:
    """Yield a flaw if a file's name differs from its id, or its folder from its kind."""
    if entry.id != file.stem:
        yield Flaw(
            "FG-entry-id-unlike-file",
            ("id",),
            f"id {entry.id} differs from the name of the file, {file.stem}.yaml",
            fix=f"rename the file to {entry.id}.yaml, or change the id to {file.stem}",
        )
    folder = file.parent.name
    kind = KIND_OF_FOLDER.get(folder)
    if kind is None:
        yield Flaw(
            "FG-entry-kind-unlike-folder",
            ("kind",),
            f"folder {folder} is not a folder for entries",
            why=f"the folders are: {one_of(KIND_OF_FOLDER)}",
            fix=f"move the file to {entry.kind}s",
        )
    elif kind != entry.kind:
        yield Flaw(
            "FG-entry-kind-unlike-folder",
            ("kind",),
            f"kind {entry.kind} does not belong in folder {folder}",
            fix=f"move the file to {entry.kind}s, or write kind: {kind}",
        )
