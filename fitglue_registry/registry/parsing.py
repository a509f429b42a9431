"""The parsing of a YAML file into plain values by YAML 1.2, without YAML's ambiguous features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from fitglue_registry.errors import EntryInvalid, Place
from fitglue_registry.registry.document import ENTRY, Document, Style
from fitglue_registry.registry.flaw import Flaw
from fitglue_registry.registry.nodes import MAX_DEPTH, TooDeep, anchors, compose
from fitglue_registry.registry.scalars import is_date_or_time, value_of, yaml_1_1_meaning
from fitglue_registry.validation.wording import describe, shorten

if TYPE_CHECKING:
    from fitglue_registry.validation.violation import KeyPath

MAX_BYTES = 256 * 1024
"""Size of the largest file that is read; the largest entry so far has a tenth of it."""


def parse(
    raw: bytes,
    file: str,
    style: Style = ENTRY,
) -> Document:
    """Return the document in a file; its attribute ``errors`` lists what is wrong with the YAML.

    Args:
        raw: Content of the file.
        file: Path of the file, for messages.
        style: What documents of this kind are called, and what is allowed in them.
    """
    document = Document(file, style=style)
    try:
        text = _text(raw, document)
    except EntryInvalid as error:
        document.errors.append(error)
        return document
    try:
        # This comes before composing, because the values of nested aliases could fill the memory.
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


def _text(raw: bytes, document: Document) -> str:
    if len(raw) > MAX_BYTES:
        raise EntryInvalid(
            "FG-entry-too-big",
            f"the file has more than {MAX_BYTES:,} bytes, too many for {document.style.noun}",
            at=Place(document.file),
        )
    try:
        # utf-8-sig, because some editors on Windows begin a file with a byte order mark.
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise EntryInvalid(
            "FG-entry-encoding",
            f"byte {raw[error.start]:#04x} is not UTF-8",
            at=Place(document.file, line),
            fix="save the file as UTF-8",
        ) from error


# -- text that is not YAML, or that uses features that entries may not use -------------------------


def _refuse_anchors(text: str, document: Document) -> None:
    for mark, sign in anchors(text):
        flaw = Flaw(
            "FG-entry-forbidden-yaml",
            (),
            f"{sign} is not allowed in {document.style.noun}",
            why="an alias is hard to read, and a few bytes of aliases can expand to gigabytes",
            fix="repeat the value, or quote it if it is text",
        )
        document.refuse(mark, flaw)


def _refuse_depth(error: TooDeep, document: Document) -> None:
    flaw = Flaw(
        "FG-entry-too-deep",
        (),
        f"the document has more than {MAX_DEPTH} levels here",
        fix="use fewer levels; six are enough for most documents",
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
            "YAML does not allow the control character in this line",
            at=Place(document.file, line),
            fix="delete it, or write it as an escape sequence in double quotes",
        )
    )


def _refuse_syntax(
    error: yaml.MarkedYAMLError,
    text: str,
    document: Document,
) -> None:
    mark: Any = error.problem_mark or error.context_mark
    # At the end of the file, the useful place is where the unfinished construct begins.
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
    # These characters cannot begin a plain scalar (YAML 1.2.2, 5.3).
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
        f"the tag {tag} is not allowed in {document.style.noun}",
        fix="remove the tag; quote the value if it is text",
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
        f"key {path[-1]!r} occurs twice",
        why=f"it is already at line {line}, column {column}",
        fix="remove one of the two",
    )


def _key(
    node: yaml.Node,
    path: KeyPath,
    document: Document,
) -> str | None:
    """Return the key, or ``None`` if it is not allowed, after recording the error."""
    if node.tag == "plain" and node.value == "<<":
        flaw = Flaw(
            "FG-entry-forbidden-yaml",
            path,
            f"the merge key << is not allowed in {document.style.noun}",
            fix="repeat the keys",
        )
        document.refuse(node.start_mark, flaw)
        return None
    key = _value(node, path, document)
    if isinstance(key, str):
        return key
    flaw = Flaw(
        "FG-entry-wrong-key",
        path,
        f"a key must be text, but this is {describe(key)}",
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
    other = yaml_1_1_meaning(text, value)
    if other is None or (document.style.plain_dates and is_date_or_time(text)):
        return value
    shown = shorten(text)
    fix = f"write {value}, or quote it if it is text"
    if isinstance(value, str):
        fix = f'write "{shown}" if it is text'
    flaw = Flaw(
        "FG-entry-ambiguous",
        path,
        f"{shown} has different meanings in different versions of YAML",
        why=f"here it is {describe(value)}, but in YAML 1.1 it is {other}",
        fix=fix,
    )
    document.refuse(node.start_mark, flaw)
    return value
