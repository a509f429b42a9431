"""Checks the types of the arguments of public methods, which an application may get wrong.

A value of another type would fail somewhere inside, with an exception that names no argument.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from fitglue_registry.errors import Place, UserMistake
from fitglue_registry.policy import Policy
from fitglue_registry.transport.oauth_app import App

_Service = TypeVar("_Service")
#: A function that yields what is wrong: the path of a value inside the argument, and the value.
_Check = Callable[[Any], Iterable[tuple[str, Any]]]
_OPTIONAL = " | None"


def checks_arguments(service: type[_Service]) -> type[_Service]:
    """Let a class and its public methods raise FG-argument-type for a value of a wrong type.

    Args:
        service: The class. Arguments whose annotation is one of ``CHECKS``, with or without
            ``None``, are checked before anything else happens.

    Returns:
        The same class.
    """
    for name, method in list(vars(service).items()):
        if not inspect.isfunction(method):
            continue
        if name == "__init__":
            setattr(service, name, _checking(method, service.__name__))
        elif not name.startswith("_"):
            setattr(service, name, _checking(method, name))
    return service


def _checking(method: Callable[..., Any], called: str) -> Callable[..., Any]:
    signature = inspect.signature(method)
    checks = {
        name: check
        for name, parameter in signature.parameters.items()
        if (check := _check_for(parameter)) is not None
    }
    if not checks:
        return method

    @wraps(method)
    def checked(*args: Any, **kwargs: Any) -> Any:
        # A call with a missing or unknown argument fails here as it would without the check.
        given = signature.bind(*args, **kwargs).arguments
        for name, (expected, wrong_in) in checks.items():
            for path, value in wrong_in(given[name]) if name in given else ():
                raise _wrong_type(called, f"{name}{path}", expected, value)
        return method(*args, **kwargs)

    return checked


def _check_for(parameter: inspect.Parameter) -> tuple[str, _Check] | None:
    """Return what a parameter expects, in words, and its check; ``None`` if it has none."""
    annotation = str(parameter.annotation)
    known = CHECKS.get(annotation.removesuffix(_OPTIONAL))
    if known is None or not annotation.endswith(_OPTIONAL):
        return known
    expected, check = known
    return f"{expected}, or None", lambda value: () if value is None else check(value)


def _wrong_type(
    called: str,
    argument: str,
    expected: str,
    value: Any,
) -> UserMistake:
    kind = "None" if value is None else f"a value of the type {type(value).__name__}"
    # The value itself may be a secret.
    return UserMistake(
        "FG-argument-type",
        f"{called}() cannot use {kind} as its argument {argument}",
        at=Place(field=argument),
        why=f"it takes {expected}",
        fix="correct the call in the application",
    )


# -- what is expected ------------------------------------------------------------------------------


def _instance_of(*kinds: type) -> _Check:
    def check(value: Any) -> Iterable[tuple[str, Any]]:
        # In Python, True and False are integers, too, and nobody means them.
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            yield "", value

    return check


def _texts(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        yield "", value
        return
    for position, text in enumerate(value):
        if not isinstance(text, str):
            yield f"[{position}]", text


def _named_texts(value: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield "", value
        return
    for name, text in value.items():
        if not isinstance(name, str):
            yield " (a name in it)", name
        if not isinstance(text, str):
            yield f"[{name!r:.60}]", text


def _named_choices(value: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield "", value
        return
    for name, choice in value.items():
        if not isinstance(name, str):
            yield " (a name in it)", name
        if not isinstance(choice, bool | None):
            yield f"[{name!r:.60}]", choice


def _paths(value: Any) -> Iterable[tuple[str, Any]]:
    """Check paths without consuming an iterator; what is recognized already is no path."""
    if value is None or isinstance(value, str | bytes | Path | int | float):
        yield "", value
    if isinstance(value, list | tuple):
        for position, path in enumerate(value):
            if not isinstance(path, str | Path):
                yield f"[{position}]", path


def _path_or_file(value: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, str | Path) and not hasattr(value, "read"):
        yield "", value


def _app(value: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, App):
        yield "", value
        return
    for name in ("client_id", "client_secret", "base_url"):
        text: object = getattr(value, name)
        if not isinstance(text, str):
            yield f".{name}", text


def _apps(value: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield "", value
        return
    for name, app in value.items():
        if not isinstance(name, str):
            yield " (a name in it)", name
        for path, wrong in _app(app):
            yield f"[{name!r:.60}]{path}", wrong


#: The text of an annotation, without ``None`` → what it expects in words, and its check.
CHECKS: Mapping[str, tuple[str, _Check]] = {
    "str": ("a text (str)", _instance_of(str)),
    "App": ("an App (from fitglue_registry import App)", _app),
    "bytes": ("bytes", _instance_of(bytes, bytearray, memoryview)),
    "int": ("a whole number (int)", _instance_of(int)),
    "float": ("a number", _instance_of(int, float)),
    "date": ("a date (datetime.date)", _instance_of(date)),
    "Policy": ("a Policy (from fitglue_registry import Policy)", _instance_of(Policy)),
    "Path": ("a path (pathlib.Path)", _instance_of(Path)),
    "str | Path": ("a path (str or pathlib.Path)", _instance_of(str, Path)),
    "str | Path | BinaryIO": ("a path or an open file", _path_or_file),
    "Sequence[str]": ("a list of texts", _texts),
    "Mapping[str, App]": ("a mapping of the ids of integrations to an App for each", _apps),
    "Mapping[str, bool | None]": (
        "a mapping of texts to True, False or None",
        _named_choices,
    ),
    "Mapping[str, str]": ("a mapping of texts to texts", _named_texts),
    "Iterable[str | Path]": ("a list of paths", _paths),
    "Iterable[str | Path] | Recognition": ("a list of paths, or a Recognition", _paths),
}
