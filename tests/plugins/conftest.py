"""Plugins made in memory, the entry points that name them, and entries that use them."""

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
    """An entry point as the environment would have it, which remembers how often it was
    imported.
    """

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
    """A module with these hooks, and an ``fitglue_connect`` that greets with the module's own name
    unless it has one.
    """
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
    """An ``fitglue_connect`` that answers with an account of that id."""

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
    """The plugins of these entry points; modules get the names they stand under."""

    def make(*points: Point, time_limit_s: float = 5.0, **modules: Any) -> Plugins:
        return Plugins(
            [*points, *(Point(name, module) for name, module in modules.items())],
            time_limit_s=time_limit_s,
        )

    return make


@pytest.fixture
def entry() -> Any:
    """The entry of a plugin, differing from a plain one in what the test states."""

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
    """What blocked plugins wait for; set at the end, so that no thread outlives its test for
    long.
    """
    event = threading.Event()
    yield event
    event.set()
