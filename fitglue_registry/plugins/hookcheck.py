"""Compares a plugin with the hook specifications before it is registered, because pluggy silently
accepts misspelled hooks, defaults and coroutines.
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
    """Raise an error unless the plugin was written for the hook API of this host.

    Args:
        name: The name of the plugin.
        plugin: The imported module or object.

    Raises:
        PluginFailed: FG-hook-api; the fix says which side must be upgraded.
    """
    api = getattr(plugin, "FITGLUE_HOOK_API", None)
    if api == HOOK_API:
        return
    why = None
    if not isinstance(api, int):
        why = "a plugin must export FITGLUE_HOOK_API as an integer"
        fix = f"ask its author to add FITGLUE_HOOK_API = {HOOK_API} to the plugin's module"
    elif api > HOOK_API:
        fix = "upgrade fitglue-registry"
    else:
        fix = f"upgrade the plugin: fitglue plugin install --upgrade {name}"
    raise PluginFailed(
        "FG-hook-api",
        f"plugin {name} is written for hook API {api!r}, but this host has {HOOK_API}",
        why=why,
        fix=fix,
    )


def check_hooks(
    name: str,
    plugin: object,
    manager: pluggy.PluginManager,
) -> tuple[str, ...]:
    """Return the names of the hooks that a plugin implements, after checking each implementation.

    Args:
        name: The name of the plugin.
        plugin: The imported module or object.
        manager: Reads the ``@hookimpl`` markers.

    Raises:
        PluginFailed: FG-hook-unknown or FG-hook-signature for the first invalid implementation.
    """
    hooks: list[str] = []
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            continue
        # A marker may name the hook (``specname``) of a function with another name.
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
    why = f"the hooks are {', '.join(HOOK_NAMES)}"
    if close:
        why = f"did you mean {close}?"
    return PluginFailed(
        "FG-hook-unknown",
        f"plugin {name} implements {hook}, which is not a hook",
        at=_place(function),
        why=why,
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
        why="a wrapper sees the calls of all plugins, so it must be a plugin of its own",
        fix=f"move it to a module that the entry-point group {WRAPPER_GROUP} names",
    )


def _check_signature(
    name: str,
    hook: str,
    function: Any,
) -> None:
    specified = inspect.signature(getattr(Hooks, hook)).parameters
    allowed = [parameter for parameter in specified if parameter != "self"]
    problem = _complaint(function, allowed)
    if problem:
        raise PluginFailed(
            "FG-hook-signature",
            f"{hook} of plugin {name} {problem}",
            at=_place(function),
            why=f"the hook has the arguments {', '.join(allowed)}",
            fix="change the arguments of the function",
        )


def _complaint(function: Any, allowed: list[str]) -> str | None:
    """Return what is wrong with the signature of an implementation, as the end of a sentence."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return "is a coroutine; hooks must be plain functions or generators"
    for parameter in inspect.signature(function).parameters.values():
        name = parameter.name
        if name not in allowed:
            return f"has an unknown argument {name!r}"
        # pluggy passes only positional arguments without a default, and no others.
        has_default = parameter.default is not parameter.empty
        if has_default or parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            return f"gives {name!r} a default or makes it keyword-only, so it would not be passed"
    return None


def _place(function: Any) -> Place | None:
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return None
    return Place(code.co_filename, code.co_firstlineno)
