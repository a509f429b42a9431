"""One file of a registry → one typed entry, or every reason why not, each with file, line and
column.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from fitglue_registry.errors import EntryInvalid
from fitglue_registry.redaction.control_characters import CONTROL_CHARACTER
from fitglue_registry.registry.document import MAX_BYTES, MOST_ERRORS, Document, parse
from fitglue_registry.registry.entry import SCHEMA, Entry, Tier, entry_of
from fitglue_registry.registry.folders import KIND_OF_FOLDER, default_folder
from fitglue_registry.registry.merge_rules import MergeRules
from fitglue_registry.registry.merge_rules import flaws as flaws_of_rules
from fitglue_registry.registry.rules import flaws
from fitglue_registry.validation.validator import Validator
from fitglue_registry.validation.wording import describe, nearest, one_of

if TYPE_CHECKING:
    from pathlib import Path

    from fitglue_registry.validation.violation import KeyPath, Violation

_CODES = {
    "additionalProperties": "FG-entry-unknown-key",
    "required": "FG-entry-missing-key",
    "type": "FG-entry-wrong-type",
    "enum": "FG-entry-not-allowed",
    "const": "FG-entry-not-allowed",
}
_SHOWN_NAMES = 12
_OBEYED_BY_TERMINALS = re.compile(CONTROL_CHARACTER)
#: These, and in Markdown: HTML, and links to anything but an https address.
_OBEYED = re.compile(
    CONTROL_CHARACTER
    + (
        r"|<[A-Za-z/!?][^ >]{0,20}|\]\(\s*(?!https://)[^ "
        r")]{0,20}|^\s{0,3}\[[^\]]{1,99}\]:\s*(?!https://)"
    ),
    re.MULTILINE,
)
_NEVER_SHOWN = ("pattern", "extract", "version")


@dataclass(slots=True)
class Reading:
    """What came of one file: the entry when nothing is wrong with it, and where everything stands.

    ``draft`` is what can be understood of a wrong one (``?`` for the rest), so that every further
    error is found in the same go.
    """

    file: Path
    document: Document
    entry: Entry | None = None
    draft: Entry | None = None
    errors: list[EntryInvalid] = field(default_factory=list)

    def refuse(
        self,
        code: str,
        path: KeyPath,
        what: str,
        *,
        why: str | None = None,
        fix: str | None = None,
        key: bool = False,
    ) -> None:
        """Add an error at this path of the document (at its key, if ``key``), unless there are
        enough to mend.
        """
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(
                EntryInvalid(code, what, at=self.document.place(path, key=key), why=why, fix=fix)
            )

    def refuse_duplicate(self, first: Entry) -> None:
        """Say that another file already has this kind and id."""
        self.refuse(
            "FG-entry-duplicate",
            ("id",),
            f"{first.key} is here a second time",
            why=f"it is already in {first.file} ({first.origin})",
            fix="give this one an id of its own, or remove it",
        )


def read_entry(file: Path, origin: str = "") -> Reading:
    """Read one entry; ``origin`` is the distribution that it came with."""
    reading = _read(file, "entry")
    value = _draft(reading) if reading.errors else reading.document.value
    if value is not None:
        reading.draft = entry_of(value, str(file), origin)
        for flaw in islice(flaws(reading.draft), MOST_ERRORS):
            reading.refuse(flaw.code, flaw.path, flaw.what, why=flaw.why, fix=flaw.fix)
        _refuse_place(reading, reading.draft)
        reading.entry = None if reading.errors else reading.draft
    return reading


def read_tiers(file: Path) -> tuple[tuple[Tier, ...], list[EntryInvalid]]:
    """The tiers of a ``tiers.yaml``, in order, and what is wrong with it."""
    reading = _read(file, "tiers")
    if reading.errors:
        return (), reading.errors
    return msgspec.convert(reading.document.value["tiers"], tuple[Tier, ...]), []


def read_merge_rules(file: Path) -> tuple[MergeRules | None, list[EntryInvalid]]:
    """The rules of a ``merge.yaml``, unless something is wrong with it, and what that is."""
    reading = _read(file, "merge")
    if reading.errors:
        return None, reading.errors
    rules = msgspec.convert(
        {key: value for key, value in reading.document.value.items() if key != "schema"}, MergeRules
    )
    for flaw in islice(flaws_of_rules(rules), MOST_ERRORS):
        reading.refuse(flaw.code, flaw.path, flaw.what, why=flaw.why, fix=flaw.fix)
    return (None if reading.errors else rules), reading.errors


@cache
def validator(name: str) -> Validator:
    """The published JSON Schema of that name, such as ``entry`` or ``tiers``."""
    return Validator(json.loads((default_folder() / "schemas" / f"{name}.json").read_bytes()))


def _read(file: Path, schema: str) -> Reading:
    try:
        document = parse(_content(file), str(file))
    except OSError as error:
        document = Document(str(file))
        what = f"the file cannot be read: {error.strerror or error}"
        document.errors.append(EntryInvalid("FG-entry-unreadable", what, at=document.place()))
    reading = Reading(file, document, errors=list(document.errors))
    _refuse_texts(reading)
    if document.root is None:
        if not reading.errors:
            reading.refuse(
                "FG-entry-missing-key",
                (),
                "the file is empty",
                fix="begin with schema, kind and id",
            )
    elif _is_newer(document.value):
        what = f"schema {document.value['schema']} is newer than {SCHEMA}, which this host reads"
        reading.refuse("FG-entry-schema-newer", ("schema",), what, fix="upgrade fitglue-registry")
    elif not validator(schema).accepts(document.value):
        for violation in validator(schema).violations(document.value)[:MOST_ERRORS]:
            _refuse(reading, violation)
    return reading


def _content(file: Path) -> bytes:
    """The bytes of a plain file, and no more than an entry may have: a pipe or a device would never
    end.
    """
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file")
        return opened.read(MAX_BYTES + 1)


def _refuse_texts(reading: Reading) -> None:
    """Refuse texts that a terminal or a page would obey, wherever they stand."""
    todo: list[tuple[KeyPath, Any]] = [((), reading.document.value)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict | list):
            todo += [
                ((*path, step), item)
                for step, item in (value.items() if isinstance(value, dict) else enumerate(value))
            ]
        elif isinstance(value, str):
            found = (_OBEYED_BY_TERMINALS if path and path[-1] in _NEVER_SHOWN else _OBEYED).search(
                value
            )
            if found:
                reading.refuse(
                    "FG-entry-forbidden-text",
                    path,
                    f"{describe(found[0])} is not allowed in an entry",
                    why="a terminal or a help page might obey it",
                    fix="leave it out, or write it in words",
                )


def _draft(reading: Reading) -> dict[str, Any] | None:
    """The document without the top-level keys that are wrong, if it is an entry of this format at
    all.
    """
    value, file = reading.document.value, reading.file
    if not isinstance(value, dict) or _is_newer(value):
        return None
    stand_in = {
        "schema": SCHEMA,
        "kind": KIND_OF_FOLDER.get(file.parent.name, "source"),
        "id": file.stem,
        "name": "?",
        "summary": "?",
        "plugin": "?",
        "tier": "?",
    }
    wrong = {
        violation.path[0] for violation in validator("entry").violations(value) if violation.path
    }
    draft = stand_in | {key: part for key, part in value.items() if key not in wrong}
    return draft if validator("entry").accepts(draft) else None


def _refuse_place(reading: Reading, entry: Entry) -> None:
    folder, name = reading.file.parent.name, reading.file.stem
    if entry.id != name:
        reading.refuse(
            "FG-entry-id-unlike-file",
            ("id",),
            f"id {entry.id} is not the name of its file, {name}.yaml",
            fix=f"rename the file to {entry.id}.yaml, or the id to {name}",
        )
    kind = KIND_OF_FOLDER.get(folder)
    if kind is None:
        reading.refuse(
            "FG-entry-kind-unlike-folder",
            ("kind",),
            f"folder {folder} is not one for entries",
            why=f"those are: {one_of(KIND_OF_FOLDER)}",
            fix=f"move the file to {entry.kind}s",
        )
    elif kind != entry.kind:
        reading.refuse(
            "FG-entry-kind-unlike-folder",
            ("kind",),
            f"kind {entry.kind} does not belong into folder {folder}",
            fix=f"move the file to {entry.kind}s, or say kind: {kind}",
        )


def _is_newer(value: Any) -> bool:
    return isinstance(value, dict) and type(value.get("schema")) is int and value["schema"] > SCHEMA


def _refuse(reading: Reading, violation: Violation) -> None:
    name = _name_of(violation, reading.document.value)
    near = nearest(name, violation.allowed) if name else None
    unknown = violation.keyword == "additionalProperties"
    code = _CODES.get(violation.keyword, "FG-entry-wrong-form")
    fix = f"did you mean {near}?" if near else None
    why = None
    if unknown:
        shown = violation.allowed[:_SHOWN_NAMES]
        more = (
            f" and {len(violation.allowed) - len(shown)} more"
            if len(violation.allowed) > len(shown)
            else ""
        )
        why = (
            f"allowed here: {', '.join(shown)}{more}" if more else f"allowed here: {one_of(shown)}"
        )
    reading.refuse(code, violation.path, violation.message, why=why, fix=fix, key=unknown)


def _name_of(violation: Violation, value: Any) -> str | None:
    """The name that was typed in place of an allowed one."""
    if violation.keyword == "additionalProperties":
        return str(violation.path[-1])
    if violation.keyword != "enum":
        return None
    for step in violation.path:
        value = value[step]
    return value if isinstance(value, str) else None
