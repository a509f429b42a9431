"""Compares a plugin with the page of hooks before pluggy sees it: pluggy accepts a typo, a default
and a coroutine in silence.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from fitglue_registry.errors import Place, PluginFailed
from fitglue_registry.hookspecs import HOOK_API, HOOK_NAMES, WRAPPER_GROUP, Hooks
from fitglue_registry.validation.wording import nearest

if TYPE_CHECKING:
    import pluggy


def check_api(name: str, plugin: object) -> None:
    """Compare the hook API that a plugin was written for with this host's; raises ``PluginFailed``
    FG-hook-api.
    """
    api = getattr(plugin, "FITGLUE_HOOK_API", None)
    if api == HOOK_API:
        return
    why = None
    if not isinstance(api, int):
        why = "a plugin exports FITGLUE_HOOK_API as an integer"
        fix = f"its author adds FITGLUE_HOOK_API = {HOOK_API} to the plugin's module"
    elif api > HOOK_API:
        fix = "upgrade fitglue-registry"
    else:
        fix = f"upgrade the plugin: fitglue plugin install --upgrade {name}"
    raise PluginFailed(
        "FG-hook-api",
        f"plugin {name} speaks hook API {api!r}, this host speaks {HOOK_API}",
        why=why,
        fix=fix,
    )


def check_hooks(
    name: str,
    plugin: object,
    manager: pluggy.PluginManager,
) -> tuple[str, ...]:
    """The hooks that a plugin implements, each compared with its specification; raises
    ``PluginFailed``.
    """
    hooks: list[str] = []
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            continue
        hook = options.get("specname") or attribute
        function = getattr(plugin, attribute)
        if hook not in HOOK_NAMES:
            raise _unknown(name, hook, function)
        _check_signature(name, hook, function)
        if options["wrapper"] or options["hookwrapper"]:
            raise _is_wrapper(name, hook, function)
        hooks.append(hook)
    return tuple(hooks)


def _unknown(
    name: str,
    hook: str,
    function: Any,
) -> PluginFailed:
    close = nearest(hook, HOOK_NAMES)
    return PluginFailed(
        "FG-hook-unknown",
        f"plugin {name} implements {hook}, which is no hook",
        at=_place(function),
        why=f"did you mean {close}?" if close else f"hooks are {', '.join(HOOK_NAMES)}",
        fix="rename the function",
    )


def _is_wrapper(
    name: str,
    hook: str,
    function: Any,
) -> PluginFailed:
    return PluginFailed(
        "FG-hook-signature",
        f"{hook} of plugin {name} is a wrapper",
        at=_place(function),
        why="a wrapper sees the calls of all plugins, so it is a plugin of its own",
        fix=f"move it to a module that is named in the entry-point group {WRAPPER_GROUP}",
    )


def _check_signature(
    name: str,
    hook: str,
    function: Any,
) -> None:
    specified = inspect.signature(getattr(Hooks, hook)).parameters
    allowed = [parameter for parameter in specified if parameter != "self"]
    wrong = _complaint(function, allowed)
    if wrong:
        raise PluginFailed(
            "FG-hook-signature",
            f"{hook} of plugin {name} {wrong}",
            at=_place(function),
            why=f"it may ask for {', '.join(allowed)}",
            fix="change the function's arguments",
        )


def _complaint(function: Any, allowed: list[str]) -> str | None:
    """What is wrong with the signature of a hook's function, as the end of a sentence."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is a coroutine; hooks are plain functions or generators"
    for parameter in inspect.signature(function).parameters.values():
        name = parameter.name
        if name not in allowed:
            return f"asks for {name!r}"
        has_default = parameter.default is not parameter.empty
        if has_default or parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            return f"gives {name!r} a default or makes it keyword-only, and would never get it"
    return None


def _place(function: Any) -> Place | None:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return Place(code.co_filename, code.co_firstlineno) if code else None
