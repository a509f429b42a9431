"""Holds a plugin to the page of hooks before pluggy sees it: pluggy takes a typo, a default and a
coroutine in silence.
"""

from __future__ import annotations

import inspect
from typing import Any

from fitglue_registry.errors import Place, PluginFailed
from fitglue_registry.hookspecs import HOOK_API, HOOK_NAMES, WRAPPER_GROUP, Hooks
from fitglue_registry.validation.wording import nearest


def check_api(name: str, plugin: object) -> None:
    """Compare the hook API that a plugin was written for with this host's; raises ``PluginFailed``
    FG-hook-api.
    """
    api = getattr(plugin, "FITGLUE_HOOK_API", None)
    if api != HOOK_API:
        raise PluginFailed(
            "FG-hook-api",
            f"plugin {name} speaks hook API {api!r}, this host speaks {HOOK_API}",
            why=None if isinstance(api, int) else "a plugin exports FITGLUE_HOOK_API as an integer",
            fix=_api_fix(name, api),
        )


def _api_fix(name: str, api: object) -> str:
    if not isinstance(api, int):
        return f"its author adds FITGLUE_HOOK_API = {HOOK_API} to the plugin's module"
    return (
        "upgrade fitglue-registry"
        if api > HOOK_API
        else f"upgrade the plugin: fitglue plugin install --upgrade {name}"
    )


def check_hooks(name: str, plugin: object, manager: Any) -> tuple[str, ...]:
    """The hooks that a plugin implements, each held to its specification before pluggy sees it:
    pluggy accepts a typo in silence.
    """
    hooks = []
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            continue
        hook = options.get("specname") or attribute
        if hook not in HOOK_NAMES:
            close = nearest(hook, HOOK_NAMES)
            raise PluginFailed(
                "FG-hook-unknown",
                f"plugin {name} implements {hook}, which is no hook",
                at=_place(getattr(plugin, attribute)),
                why=f"did you mean {close}?" if close else f"hooks are {', '.join(HOOK_NAMES)}",
                fix="rename the function",
            )
        _check_signature(name, hook, getattr(plugin, attribute))
        if options["wrapper"] or options["hookwrapper"]:
            raise PluginFailed(
                "FG-hook-signature",
                f"{hook} of plugin {name} is a wrapper",
                at=_place(getattr(plugin, attribute)),
                why="a wrapper sees the calls of all plugins, so it is a plugin of its own",
                fix=f"move it to a module that is named in the entry-point group {WRAPPER_GROUP}",
            )
        hooks.append(hook)
    return tuple(hooks)


def _check_signature(name: str, hook: str, function: Any) -> None:
    allowed = [
        parameter
        for parameter in inspect.signature(getattr(Hooks, hook)).parameters
        if parameter != "self"
    ]
    parameters = inspect.signature(function).parameters.values()
    wrong = next(
        (
            _complaint(parameter, allowed)
            for parameter in parameters
            if _complaint(parameter, allowed)
        ),
        None,
    )
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        wrong = "is a coroutine; hooks are plain functions or generators"
    if wrong:
        raise PluginFailed(
            "FG-hook-signature",
            f"{hook} of plugin {name} {wrong}",
            at=_place(function),
            why=f"it may ask for {', '.join(allowed)}",
            fix="change the function's arguments",
        )


def _complaint(parameter: inspect.Parameter, allowed: list[str]) -> str | None:
    if parameter.name not in allowed:
        return f"asks for {parameter.name!r}"
    if (
        parameter.default is not parameter.empty
        or parameter.kind is not parameter.POSITIONAL_OR_KEYWORD
    ):
        return (
            f"gives {parameter.name!r} a default or makes it keyword-only, and would never get it"
        )
    return None


def _place(function: Any) -> Place | None:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return Place(code.co_filename, code.co_firstlineno) if code else None
