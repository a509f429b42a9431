"""The bytes of a file → a document of plain values; YAML 1.2, and none of YAML's traps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from fitglue_registry.errors import EntryInvalid, Place
from fitglue_registry.registry.document import Document
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.registry.nodes import MAX_DEPTH, TooDeep, anchors, compose
from fitglue_registry.registry.scalars import other_reading, value_of
from fitglue_registry.validation.wording import describe, shorten

if TYPE_CHECKING:
    from fitglue_registry.validation.violation import KeyPath

MAX_BYTES = 256 * 1024


def parse(raw: bytes, file: str) -> Document:
    """Read one YAML document; ``errors`` of the result says whatever is wrong with it as YAML."""
    document = Document(file)
    try:
        text = _text(raw, file)
    except EntryInvalid as error:
        document.errors.append(error)
        return document
    try:
        _refuse_anchors(text, document)
        if not document.errors:
            document.root = compose(text)
    except TooDeep as error:
        _refuse_depth(error, document)
    except yaml.MarkedYAMLError as error:
        _refuse_syntax(error, text, document)
    except yaml.reader.ReaderError as error:
        _refuse_control_character(error, text, document)
    if document.root is not None:
        document.value = _value(document.root, (), document)
    return document


def _text(raw: bytes, file: str) -> str:
    if len(raw) > MAX_BYTES:
        raise EntryInvalid(
            "FG-entry-too-big",
            f"the file has more than {MAX_BYTES:,} bytes, and no entry has",
            at=Place(file),
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise EntryInvalid(
            "FG-entry-encoding",
            f"byte {raw[error.start]:#04x} is not UTF-8",
            at=Place(file, line),
            fix="save the file as UTF-8",
        ) from error


# -- text that is not YAML, or not the part of it that an entry may use ----------------------------


def _refuse_anchors(text: str, document: Document) -> None:
    for mark, sign in anchors(text):
        flaw = Flaw(
            "FG-entry-forbidden-yaml",
            (),
            f"{sign} is not allowed in an entry",
            why="what an entry says stands where one reads it, and a few bytes cannot become "
            "gigabytes",
            fix="write the value out, or quote it if it is text",
        )
        document.refuse(mark, flaw)


def _refuse_depth(error: TooDeep, document: Document) -> None:
    flaw = Flaw(
        "FG-entry-too-deep",
        (),
        f"this is nested more than {MAX_DEPTH} levels deep",
        fix="an entry never needs more than six levels",
    )
    document.refuse(error.mark, flaw)


def _refuse_control_character(
    error: yaml.reader.ReaderError,
    text: str,
    document: Document,
) -> None:
    line = text.count("\n", 0, error.position) + 1
    document.errors.append(
        EntryInvalid(
            "FG-entry-syntax",
            "there is a control character, which YAML does not allow",
            at=Place(document.file, line),
            fix="delete it, or write it as an escape in double quotes",
        )
    )


def _refuse_syntax(
    error: yaml.MarkedYAMLError,
    text: str,
    document: Document,
) -> None:
    mark: Any = error.problem_mark or error.context_mark
    # Something is open at the end of the file: say where it began.
    if error.context_mark and mark.index >= len(text):
        mark = error.context_mark
    what = ", ".join(part for part in (error.context, error.problem) if part)
    fix = _fix_of_syntax(what, _rest_of_line(text, mark))
    flaw = Flaw("FG-entry-syntax", (), f"this is not YAML: {what}", fix=fix)
    document.refuse(mark, flaw)


def _rest_of_line(text: str, mark: yaml.Mark) -> str:
    lines = text.splitlines()
    if mark.line >= len(lines):
        return ""
    return lines[mark.line][mark.column :]


def _fix_of_syntax(what: str, rest_of_line: str) -> str | None:
    if rest_of_line.startswith("\t"):
        return "indent with spaces: YAML does not allow tabs there"
    is_special = rest_of_line.startswith(("@", "%", "`"))
    if is_special or "mapping values" in what or "block scalar" in what:
        return "put the text in quotes"
    return None


# -- from nodes to values --------------------------------------------------------------------------


def _value(
    node: yaml.Node,
    path: KeyPath,
    document: Document,
) -> Any:
    if node.tag == "plain" and isinstance(node, yaml.ScalarNode):
        return _plain(node, path, document)
    if node.tag == "quoted" and isinstance(node, yaml.ScalarNode):
        return node.value
    if node.tag == "list" and isinstance(node, yaml.SequenceNode):
        return _list(node, path, document)
    if node.tag == "mapping" and isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document)
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    flaw = Flaw(
        "FG-entry-forbidden-yaml",
        path,
        f"tag {tag} is not allowed in an entry",
        fix="leave the tag out; quote the value if it is text",
    )
    document.refuse(node.start_mark, flaw)
    return None


def _list(
    node: yaml.SequenceNode,
    path: KeyPath,
    document: Document,
) -> list[Any]:
    values: list[Any] = []
    for number, item in enumerate(node.value):
        values.append(_value(item, (*path, number), document))
    return values


def _mapping(
    node: yaml.MappingNode,
    path: KeyPath,
    document: Document,
) -> dict[str, Any]:
    seen: dict[str, yaml.Mark] = {}
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = _key(key_node, path, document)
        if key is None:
            continue
        if key in seen:
            flaw = _key_twice((*path, key), seen[key])
            document.refuse(key_node.start_mark, flaw)
            continue
        seen[key] = key_node.start_mark
        values[key] = _value(value_node, (*path, key), document)
    return values


def _key_twice(path: KeyPath, first: yaml.Mark) -> Flaw:
    line = first.line + 1
    column = first.column + 1
    return Flaw(
        "FG-entry-duplicate-key",
        path,
        f"key {path[-1]!r} is here a second time",
        why=f"it is already in line {line}, column {column}",
        fix="keep one of the two",
    )


def _key(
    node: yaml.Node,
    path: KeyPath,
    document: Document,
) -> str | None:
    """The key, or ``None`` where it was refused."""
    if node.tag == "plain" and node.value == "<<":
        flaw = Flaw(
            "FG-entry-forbidden-yaml",
            path,
            "merge key << is not allowed in an entry",
            fix="write the keys out",
        )
        document.refuse(node.start_mark, flaw)
        return None
    key = _value(node, path, document)
    if isinstance(key, str):
        return key
    flaw = Flaw(
        "FG-entry-wrong-key",
        path,
        f"a key must be text, this is {describe(key)}",
        fix="put the key in quotes",
    )
    document.refuse(node.start_mark, flaw)
    return None


def _plain(
    node: yaml.ScalarNode,
    path: KeyPath,
    document: Document,
) -> Any:
    text = node.value
    value = value_of(text)
    other = other_reading(text, value)
    if other is None:
        return value
    shown = shorten(text)
    fix = f"write {value}, or quote it if it is text"
    if isinstance(value, str):
        fix = f'write "{shown}" if it is text'
    flaw = Flaw(
        "FG-entry-ambiguous",
        path,
        f"{shown} means different things to different readers of YAML",
        why=f"here it is {describe(value)}, to a YAML 1.1 reader {other}",
        fix=fix,
    )
    document.refuse(node.start_mark, flaw)
    return value
