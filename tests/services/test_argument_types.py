"""Tests of arguments of a wrong type, which an application may pass to any public method."""

from __future__ import annotations

import inspect
from datetime import date
from pathlib import Path

import pytest

import fitglue_registry.services as services
from fitglue_registry import Host
from fitglue_registry.errors import UserMistake
from fitglue_registry.services.argument_types import CHECKS

_SERVICES = (
    Host,
    services.Activities,
    services.Athletes,
    services.Backups,
    services.Connections,
    services.Decisions,
    services.Entries,
    services.Imports,
    services.InstalledPlugins,
    services.Queries,
    services.Records,
    services.Settings,
    services.Syncs,
    services.Upkeep,
)
_VALID = {
    "str": "x",
    "bytes": b"x",
    "int": 1,
    "float": 1.0,
    "date": date(2026, 5, 1),
    "Path": Path("x"),
    "str | Path": "x",
    "str | Path | BinaryIO": "x",
    "Mapping[str, str]": {},
    "Mapping[str, bool | None]": {},
}


def _plain(parameter):
    return str(parameter.annotation).removesuffix(" | None")


def _methods():
    for service in _SERVICES:
        for name, method in vars(service).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                yield service, method


def _arguments():
    for service, method in _methods():
        for parameter in inspect.signature(method).parameters.values():
            if _plain(parameter) in CHECKS:
                yield pytest.param(
                    method,
                    parameter.name,
                    id=f"{service.__name__}.{method.__name__}.{parameter.name}",
                )


@pytest.mark.parametrize(("method", "argument"), list(_arguments()))
def test_a_value_of_a_wrong_type_is_a_mistake_that_names_the_argument(method, argument):
    """A number with a fraction where a text, a date or a list is expected, and the other way round,
    is refused before anything happens, with the name of the argument.
    """
    parameters = inspect.signature(method).parameters
    wrong = "wrong" if _plain(parameters[argument]) in ("int", "float", "date") else 0.5
    if "Path" in _plain(parameters[argument]):
        wrong = 5
    values = {
        name: _VALID.get(_plain(parameter), ["x"])
        for name, parameter in parameters.items()
        if parameter.default is parameter.empty
    }
    with pytest.raises(UserMistake) as caught:
        method(**{**values, "self": None, argument: wrong})
    assert caught.value.code == "FG-argument-type"
    assert caught.value.at.field == argument
    assert caught.value.why
    assert caught.value.fix


def test_every_argument_that_takes_text_or_bytes_is_checked():
    """A new way to annotate texts or bytes needs a check."""
    unchecked = [
        f"{service.__name__}.{method.__name__}: {parameter}"
        for service, method in _methods()
        for parameter in inspect.signature(method).parameters.values()
        if _plain(parameter) not in CHECKS
        and ("str" in str(parameter.annotation) or "bytes" in str(parameter.annotation))
        and "Callable" not in str(parameter.annotation)
    ]
    assert unchecked == []


@pytest.fixture
def host(tmp_path):
    """Yield a host with an empty store."""
    with Host(tmp_path / "home") as opened:
        yield opened


_CALLS = {
    "values[key]": (lambda host: host.connect("intervals", {"api_key": 5}), "values['api_key']"),
    "values[url]": (
        lambda host: host.connect("intervals", {"base_url": None}),
        "values['base_url']",
    ),
    "values": (lambda host: host.connect("intervals", ["a key"]), "values"),
    "integration": (lambda host: host.connect(None, {}), "integration"),
    "name": (lambda host: host.imports.add_bytes(None, b"x"), "name"),
    "content": (lambda host: host.imports.add_bytes("x.gpx", "text"), "content"),
    "athlete": (lambda host: host.athletes.add(None), "athlete"),
    "number": (lambda host: host.athletes.add(5), "athlete"),
    "references": (lambda host: host.decisions.same("1"), "references"),
    "one of them": (lambda host: host.decisions.same(["1", 2]), "references[1]"),
    "paths": (lambda host: host.import_paths("x.gpx"), "what"),
    "flag": (lambda host: host.syncs.runs(limit=True), "limit"),
}


@pytest.mark.parametrize("name", _CALLS)
def test_a_call_with_a_wrong_value_names_it_and_does_not_repeat_it(host, name):
    """The mistake names the argument, or the value in it, but never shows the value, which may be a
    key; and nothing is stored.
    """
    call, named = _CALLS[name]
    with pytest.raises(UserMistake) as caught:
        call(host)
    assert caught.value.code == "FG-argument-type"
    assert caught.value.at.field == named
    assert "a key" not in str(caught.value.as_dict())
    assert host.athletes.list() == []


def test_a_generator_is_checked_when_it_is_called(host):
    """A wrong argument of a sync is reported by the call, and not by the first event."""
    with pytest.raises(UserMistake):
        host.sync(athlete=5)
