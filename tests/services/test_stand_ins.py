"""A stand-in is found by its entry point, and run with the arguments of a command line."""

from __future__ import annotations

import socket
from importlib.metadata import entry_points
from types import SimpleNamespace

import pytest

from fitglue_registry.errors import PluginFailed
from fitglue_registry.services.stand_ins import stand_in_ids


def use_entry_points(monkeypatch, points):
    """Make these the stand-ins of this environment, by name."""
    monkeypatch.setattr(
        "fitglue_registry.services.stand_ins.entry_points",
        lambda *, group, name: [points[group, name]] if (group, name) in points else [],
    )


def test_a_stand_in_gets_the_arguments_and_gives_the_exit_code(host, monkeypatch):
    """The function of the entry point is called with a list, and its result is the exit code."""
    calls = []
    point = SimpleNamespace(load=lambda: lambda arguments: calls.append(arguments) or 3)
    use_entry_points(monkeypatch, {("fitglue.stand_ins", "intervals"): point})
    assert host.plugins.run_stand_in("intervals", ("--count", "5")) == 3
    assert calls == [["--count", "5"]]


def test_the_plugin_that_brings_a_missing_stand_in_is_named(host, monkeypatch):
    """The error for a missing stand-in names the plugin to install."""
    use_entry_points(monkeypatch, {})
    with pytest.raises(PluginFailed) as raised:
        host.plugins.run_stand_in("intervals")
    assert raised.value.code == "FG-plugin-missing"
    assert raised.value.what == "the stand-in of Intervals.icu is not installed"
    assert raised.value.fix == "fitglue plugin install fitglue-intervals"


@pytest.mark.parametrize("integration", stand_in_ids())
def test_all_stand_ins_have_the_same_options(integration, capsys):
    """Each stand-in refuses a number that makes no sense, and a port that is in use."""
    [point] = entry_points(group="fitglue.stand_ins", name=integration)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments in (["--count", "-1"], ["--count", "1", "--port", str(port)]):
            with pytest.raises(SystemExit) as ended:
                point.load()(arguments)
            assert ended.value.code == 2
    assert f"argument --port: {port} cannot be used" in capsys.readouterr().err
