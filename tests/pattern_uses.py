"""Finds every regular expression in the code of the packages, and the methods it is used with."""

from __future__ import annotations

import ast
import functools
import importlib
import json
import pkgutil
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fitglue_boosters
import fitglue_destinations
import fitglue_files
import fitglue_formats
import fitglue_garmin
import fitglue_intervals
import fitglue_registry
from fitglue_registry.registry.folders import default_folder
from fitglue_registry.registry.reading import read_merge_rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

PACKAGES = (
    fitglue_registry,
    fitglue_boosters,
    fitglue_destinations,
    fitglue_garmin,
    fitglue_intervals,
    fitglue_files,
    fitglue_formats,
)
#: These run the program when they are imported.
_NOT_IMPORTED = frozenset({"__main__"})
_MATCHING = frozenset({"match", "fullmatch"})
#: Methods that begin again at each character.
_SEARCHING = frozenset({"search", "sub", "subn", "split", "findall", "finditer"})
_METHODS = _MATCHING | _SEARCHING


@dataclass(frozen=True)
class Use:
    """One place in the code that makes or uses a regular expression.

    Attributes:
        place: Module and name of the variable, or module and function.
        pattern: The expression, or ``None`` if it exists only while the program runs.
        methods: The methods that are called.
    """

    place: str
    pattern: re.Pattern[Any] | None
    methods: frozenset[str]


def uses_in_code() -> Iterator[Use]:
    """Yield each use of ``re`` in the packages."""
    modules = list(_modules())
    for module in modules:
        # Most modules use no expression, and parsing all of them takes seconds.
        if "import re\n" not in _source(module):
            continue
        for call, name, function in _calls(_tree(module)):
            if call.func.attr != "compile":
                methods = frozenset({call.func.attr})
            elif name:
                methods = _methods_of(name, module, modules)
            else:
                methods = _METHODS
            place = f"{module.__name__}.{name or function}"
            yield Use(place, _evaluated(call, module), methods)


def uses_in_schemas() -> Iterator[Use]:
    """Yield the patterns of the JSON Schemas, which validators search for."""
    texts = set()
    for path in (default_folder() / "schemas").glob("*.json"):
        texts |= set(_schema_patterns(json.loads(path.read_text(encoding="utf-8"))))
    for number, text in enumerate(sorted(texts)):
        yield Use(f"schema-{number}", re.compile(text, re.ASCII), _SEARCHING)


def uses_in_merge_rules() -> Iterator[Use]:
    """Yield the patterns of default titles, which meet the titles of workouts."""
    rules, _ = read_merge_rules(default_folder() / "merge.yaml")
    assert rules is not None
    titles = rules.default_titles
    for number, text in enumerate((*titles.patterns, *titles.derived)):
        yield Use(f"merge-{number}", re.compile(text), frozenset({"fullmatch"}))


def _modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name.rpartition(".")[2] not in _NOT_IMPORTED:
                yield importlib.import_module(found.name)


@functools.cache
def _source(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


@functools.cache
def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(_source(module))


def _calls(tree: ast.Module) -> Iterator[tuple[Any, str, str]]:
    """Yield each call of ``re``, the variable that gets its result, and the function around it."""
    for statement in ast.walk(tree):
        for child in ast.iter_child_nodes(statement):
            name, function = getattr(statement, "place", ("", ""))
            if isinstance(child, ast.Assign) and isinstance(statement, ast.Module):
                name = ast.unparse(child.targets[0])
            elif isinstance(child, ast.FunctionDef):
                function = child.name
            child.place = (name, function)  # type: ignore[attr-defined]
            if _is_call_of_re(child):
                yield child, name, function


def _is_call_of_re(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) == "re"
        and node.func.attr != "escape"
    )


def _evaluated(call: Any, module: ModuleType) -> re.Pattern[Any] | None:
    """Return the expression of a call, or ``None`` if it depends on variables of a function."""
    arguments = call.args if call.func.attr == "compile" else call.args[:1]
    flags = [keyword for keyword in call.keywords if keyword.arg == "flags"]
    compiling = ast.Call(ast.parse("re.compile", mode="eval").body, arguments, flags)
    expression = ast.fix_missing_locations(ast.Expression(compiling))
    try:
        return eval(compile(expression, "<pattern>", "eval"), vars(module))
    except NameError:
        return None


def _methods_of(
    name: str,
    module: ModuleType,
    modules: list[ModuleType],
) -> frozenset[str]:
    """Return the methods that are called of a variable; all of them, if it is passed elsewhere."""
    methods = set()
    for other in modules:
        if vars(other).get(name) is not vars(module).get(name):
            continue
        nodes = list(ast.walk(_tree(other)))
        called = set()
        for node in nodes:
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == name:
                called.add(node.value)
                methods.add(node.attr)
        for node in nodes:
            is_read = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
            if is_read and node.id == name and node not in called:
                methods |= _METHODS
    return frozenset(methods & _METHODS) or _METHODS


def _schema_patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _schema_patterns(item)
    elif isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        yield from schema.get("patternProperties", {})
        for value in schema.values():
            yield from _schema_patterns(value)
