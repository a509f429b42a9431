"""YAML text → a plain value whose every part knows its line and column; YAML 1.2, and none of
YAML's traps.

PyYAML reads YAML 1.1 and constructs at once. Here it only composes nodes (in C where it can); the
values are made below.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from yaml.resolver import BaseResolver, Resolver

from fitglue_registry.errors import EntryInvalid, Place
from fitglue_registry.validation.wording import describe

if TYPE_CHECKING:
    from fitglue_registry.validation.violation import KeyPath

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
_LONGEST_QUOTE = 60
#: More than anybody mends in one go; a file of a quarter megabyte could hold sixty thousand.
MOST_ERRORS = 50

_NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
_BOOL = re.compile(r"(?:(true|True|TRUE)|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]+\Z")
_OTHER_INT = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_TAGS = {"NoneType": "null", "str": "str", "bool": "bool", "int": "int", "float": "float"}
_OLD_RULES: dict[str, list[tuple[str, re.Pattern[str]]]] = Resolver.yaml_implicit_resolvers


class _Composer(BaseResolver):
    """Tells plain scalars from quoted ones by their tag, so that any other tag is one that somebody
    wrote; counts the depth.
    """

    depth = 0

    def resolve(self, kind: type[yaml.Node], value: Any, implicit: Any) -> str:  # noqa: ARG002 - the names are PyYAML's
        if kind is yaml.ScalarNode:
            return "plain" if implicit[0] else "quoted"
        return "list" if kind is yaml.SequenceNode else "mapping"

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:  # noqa: ARG002
        self.depth += 1
        # Libyaml recurses in C: a hundred thousand dashes would end the process.
        if self.depth > MAX_DEPTH:
            raise _TooDeep(current_node.start_mark)

    def ascend_resolver(self) -> None:
        self.depth -= 1


if yaml.__with_libyaml__:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _Loader(CParser, _Composer):
        def __init__(self, stream: str) -> None:
            CParser.__init__(self, stream)
            _Composer.__init__(self)
else:  # pragma: no cover - PyYAML without its C part
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Loader(Reader, Scanner, Parser, Composer, _Composer):  # type: ignore[no-redef]
        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)
            _Composer.__init__(self)

        resolve, descend_resolver, ascend_resolver = (
            _Composer.resolve,
            _Composer.descend_resolver,
            _Composer.ascend_resolver,
        )


class _TooDeep(Exception):
    pass


@dataclass(slots=True)
class Document:
    """What a file says (``value``), what is wrong with its YAML (``errors``), and where each part
    of it stands.
    """

    file: str
    value: Any = None
    errors: list[EntryInvalid] = field(default_factory=list)
    root: yaml.Node | None = None

    def place(self, path: KeyPath = (), *, key: bool = False) -> Place:
        """Where the value at ``path`` stands, or its key; for a path that leads nowhere the last
        part that is there.
        """
        mark = self.root.start_mark if self.root else None
        node: yaml.Node | None = self.root
        for number, step in enumerate(path, 1):
            found = _child(node, step)
            if found is None:
                break
            at_key, node = found
            mark = (at_key if key and number == len(path) else node).start_mark
        return self._at(mark, _dotted(path)) if mark else Place(file=self.file, field=_dotted(path))

    def refuse(
        self,
        mark: Any,
        code: str,
        what: str,
        *,
        why: str | None = None,
        fix: str | None = None,
        path: KeyPath = (),
    ) -> None:
        """Note that something is wrong at this mark, unless there are enough to mend, and go on
        reading.
        """
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(
                EntryInvalid(code, what, at=self._at(mark, _dotted(path)), why=why, fix=fix)
            )

    def _at(self, mark: Any, dotted: str | None) -> Place:
        return Place(file=self.file, line=mark.line + 1, column=mark.column + 1, field=dotted)


def parse(raw: bytes, file: str) -> Document:
    """Read one YAML document; ``errors`` of the result holds whatever is wrong with it as YAML."""
    document = Document(file)
    try:
        text = _text(raw, file)
        loader = _Loader(text)
        if "&" in text or "*" in text:
            _refuse_anchors(text, document)
        if not document.errors:
            document.root = loader.get_single_node()
            document.value = _value(document.root, (), document) if document.root else None
    except EntryInvalid as error:
        document.errors.append(error)
    except _TooDeep as error:
        document.refuse(
            error.args[0],
            "FG-entry-too-deep",
            f"this is nested more than {MAX_DEPTH} levels deep",
            fix="an entry never needs more than six levels",
        )
    except yaml.MarkedYAMLError as error:
        _refuse_syntax(error, text, document)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.errors.append(
            EntryInvalid(
                "FG-entry-syntax",
                "there is a control character, which YAML does not allow",
                at=Place(file, line),
                fix="delete it, or write it as an escape in double quotes",
            )
        )
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


def _refuse_anchors(text: str, document: Document) -> None:
    for event in yaml.parse(
        text, Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    ):
        name = getattr(event, "anchor", None)
        if name is not None:
            sign = f"alias *{name}" if isinstance(event, yaml.AliasEvent) else f"anchor &{name}"
            document.refuse(
                event.start_mark,
                "FG-entry-forbidden-yaml",
                f"{sign} is not allowed in an entry",
                why="what an entry says stands where one reads it, and a few bytes cannot become "
                "gigabytes",
                fix="write the value out, or quote it if it is text",
            )


def _refuse_syntax(error: yaml.MarkedYAMLError, text: str, document: Document) -> None:
    mark: Any = error.problem_mark or error.context_mark
    # Something is open at the end of the file: say where it began.
    if error.context_mark and mark.index >= len(text):
        mark = error.context_mark
    line = text.splitlines()[mark.line] if mark.line < len(text.splitlines()) else ""
    rest = line[mark.column :]
    what = ", ".join(part for part in (error.context, error.problem) if part)
    fix = None
    if rest.startswith("\t"):
        fix = "indent with spaces: YAML does not allow tabs there"
    elif rest[:1] in ("@", "%", "`") or "mapping values" in what or "block scalar" in what:
        fix = "put the text in quotes"
    document.refuse(mark, "FG-entry-syntax", f"this is not YAML: {what}", fix=fix)


def _value(node: yaml.Node, path: KeyPath, document: Document) -> Any:
    if isinstance(node, yaml.ScalarNode) and node.tag in ("plain", "quoted"):
        return _plain(node, path, document) if node.tag == "plain" else node.value
    if isinstance(node, yaml.SequenceNode) and node.tag == "list":
        return [_value(item, (*path, number), document) for number, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode) and node.tag == "mapping":
        return _mapping(node, path, document)
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    document.refuse(
        node.start_mark,
        "FG-entry-forbidden-yaml",
        f"tag {tag} is not allowed in an entry",
        path=path,
        fix="leave the tag out; quote the value if it is text",
    )
    return None


def _mapping(node: yaml.MappingNode, path: KeyPath, document: Document) -> dict[str, Any]:
    seen: dict[str, yaml.Mark] = {}
    value: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = _key(key_node, path, document)
        if key is None:
            continue
        if key in seen:
            first = seen[key]
            document.refuse(
                key_node.start_mark,
                "FG-entry-duplicate-key",
                f"key {key!r} is here a second time",
                path=(*path, key),
                why=f"it is already in line {first.line + 1}, column {first.column + 1}",
                fix="keep one of the two",
            )
            continue
        seen[key] = key_node.start_mark
        value[key] = _value(value_node, (*path, key), document)
    return value


def _key(node: yaml.Node, path: KeyPath, document: Document) -> str | None:
    if isinstance(node, yaml.ScalarNode) and node.tag == "plain" and node.value == "<<":
        document.refuse(
            node.start_mark,
            "FG-entry-forbidden-yaml",
            "merge key << is not allowed in an entry",
            path=path,
            fix="write the keys out",
        )
        return None
    key = _value(node, path, document)
    if isinstance(key, str):
        return key
    document.refuse(
        node.start_mark,
        "FG-entry-wrong-key",
        f"a key must be text, this is {describe(key)}",
        path=path,
        fix="put the key in quotes",
    )
    return None


def _plain(node: yaml.ScalarNode, path: KeyPath, document: Document) -> Any:
    text = node.value
    shown = text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
    value = _scalar(text)
    old = _old_reading(text)
    if old != _TAGS[type(value).__name__] or (old == "int" and re.match(r"[-+]?0[0-9]", text)):
        document.refuse(
            node.start_mark,
            "FG-entry-ambiguous",
            f"{shown} means different things to different readers of YAML",
            why=f"here it is {describe(value)}, to a YAML 1.1 reader "
            f"{_OLD_NOUNS.get(old, 'something else')}",
            path=path,
            fix=f'write "{shown}" if it is text'
            if isinstance(value, str)
            else f"write {value}, or quote it if it is text",
        )
    return value


_OLD_NOUNS = {
    "bool": "true or false",
    "int": "another number",
    "float": "a number in base sixty",
    "timestamp": "a date",
    "str": "text",
    "value": "a special key",
}


def _old_reading(text: str) -> str:
    """The type that a YAML 1.1 reader sees in a plain scalar."""
    if text in ("y", "Y", "n", "N"):  # in the 1.1 standard, though PyYAML leaves them out
        return "bool"
    for tag, pattern in _OLD_RULES.get(text[:1], ()):
        if pattern.match(text):
            return str(tag.rpartition(":")[2])
    return "str"


def _scalar(text: str) -> Any:
    """A plain scalar by the core schema of YAML 1.2."""
    if _NULL.match(text):
        return None
    if found := _BOOL.match(text):
        return bool(found[1])
    if _INT.match(text):
        return int(text) if len(text) < 100 else text
    if _OTHER_INT.match(text):
        return int(text, 0) if len(text) < 100 else text
    if _FLOAT.match(text):
        return float(text)
    if _SPECIAL_FLOAT.match(text):
        return float(text.replace(".", "", 1))
    return text


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    return None


def _dotted(path: KeyPath) -> str | None:
    """``('parts', 0, 'name')`` → ``parts[0].name``."""
    return (
        "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
        or None
    )
