"""Fixtures: plugins that are made in memory, their entry points, and entries that use them."""

from __future__ import annotations

import threading
import types
from dataclasses import dataclass
from typing import Any

import pytest

from fitglue_registry.hookspecs import HOOK_API, PLUGIN_GROUP, hookimpl
from fitglue_registry.plugin_api import Account
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Entry
from fitglue_registry.registry import Plugin as PluginReference


@dataclass
class Distribution:
    name: str = "example"
    version: str = "1.2.0"


class Point:
    """An entry point as in the environment, which counts how often it was imported."""

    def __init__(
        self,
        name: str,
        plugin: Any,
        *,
        group: str = PLUGIN_GROUP,
        value: str | None = None,
        version: str | None = None,
    ) -> None:
        self.name, self.group, self.value = name, group, value or f"{name}.plugin"
        self.plugin, self.imports = plugin, 0
        if version is not None:
            self.dist = Distribution(name, version)

    def load(self) -> Any:
        self.imports += 1
        if isinstance(self.plugin, BaseException):
            raise self.plugin
        if isinstance(self.plugin, types.FunctionType):
            return self.plugin()
        return self.plugin


def make_plugin(*hooks: Any, api: Any = HOOK_API, **named: Any) -> types.ModuleType:
    """Return a module with these hooks and attributes, whose hook API is the current one."""
    module = types.ModuleType("example")
    if api is not None:
        module.FITGLUE_HOOK_API = api
    for hook in hooks:
        setattr(
            module, hook.__name__, hookimpl(hook) if not hasattr(hook, "fitglue_impl") else hook
        )
    for name, value in named.items():
        setattr(module, name, value)
    return module


def greeting(name: str) -> Any:
    """Return a ``fitglue_connect`` that returns an account with that id."""

    def fitglue_connect(connection: Any) -> Account:
        return Account(name)

    return fitglue_connect


@pytest.fixture
def plugin() -> Any:
    return make_plugin


@pytest.fixture
def point() -> type[Point]:
    return Point


@pytest.fixture
def greet() -> Any:
    return greeting


@pytest.fixture
def load() -> Any:
    """A function that makes ``Plugins`` of entry points, and of modules by keyword."""

    def make(*points: Point, time_limit_s: float = 5.0, **modules: Any) -> Plugins:
        return Plugins(
            [*points, *(Point(name, module) for name, module in modules.items())],
            time_limit_s=time_limit_s,
        )

    return make


@pytest.fixture
def entry() -> Any:
    """A function that returns the entry of a plugin with the given changes."""

    def make(plugin: str = "good", *, version: str = "", **changes: Any) -> Entry:
        values: dict[str, Any] = {
            "schema": 1,
            "kind": "source",
            "id": plugin,
            "name": plugin.title(),
            "summary": "An example.",
            "plugin": PluginReference(plugin, version),
            "tier": "hobbyist",
        }
        return Entry(**(values | changes))

    return make


@pytest.fixture
def release() -> Any:
    """An event that blocked plugins wait for. It is set at the end of the test, so that its threads
    end.
    """
    event = threading.Event()
    yield event
    event.set()
