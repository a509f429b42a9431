"""Boosters that fail: the failure is theirs by name, and what is stored stays as it is."""

from __future__ import annotations

import logging
import types

import pytest

from fitglue_registry import Host, Policy, hookimpl
from fitglue_registry.errors import PluginFailed
from fitglue_registry.plugin_api import Enrichment
from fitglue_registry.plugins import Plugins
from fitglue_registry.registry import Folder
from fitglue_registry.secrets.memory import MemorySecretStore
from fitglue_registry.services.boosting import run_booster, run_used_boosters
from tests.faults.plugins.sources import Point
from tests.library import Library

ENTRY = """\
schema: 1
kind: enricher
id: demo
name: Demo
summary: An example.
plugin: demo
tier: hobbyist
hooks: [fitglue_enrich]
"""


def booster(answer):
    """Return a plugin whose hook returns an answer, or raises it."""

    @hookimpl
    def fitglue_enrich(activity, settings, context):
        if isinstance(answer, Exception):
            raise answer
        return answer

    module = types.ModuleType("demo")
    module.FITGLUE_HOOK_API = 1
    module.fitglue_enrich = fitglue_enrich
    return module


@pytest.fixture
def host_with(tmp_path):
    """Return a function that opens a host whose booster answers like this; the store stays."""
    (tmp_path / "registry" / "enrichers").mkdir(parents=True)
    (tmp_path / "registry" / "enrichers" / "demo.yaml").write_text(ENTRY)
    (tmp_path / "registry" / "tiers.yaml").write_text(
        "schema: 1\ntiers: [{id: hobbyist, name: Hobbyist, summary: Free.}]\n"
    )
    opened = []

    def make(answer):
        host = Host(
            tmp_path / "home",
            plugins=Plugins([Point("demo", booster(answer))]),
            folders=[Folder(tmp_path / "registry")],
            secrets=MemorySecretStore(),
            policy=Policy.personal(),
        )
        if not opened:
            with host.workspace.database.write() as db:
                Library(db).activity()
        opened.append(host)
        return host

    yield make
    for host in opened:
        host.close()


def load_of(host):
    """Return the load of the only activity."""
    [row] = host.activities()
    return row["training_load"]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ValueError("no"), "FG-plugin-error"),
        ({"training_load": 5.0}, "FG-plugin-answer"),
        (Enrichment({"training_load": "hard"}), "FG-booster-value"),
        (Enrichment({"no_such_field": 5.0}), "FG-booster-value"),
        (Enrichment({"title": "Better title"}), "FG-booster-value"),
    ],
    ids=["it raises", "no enrichment", "a text", "an unknown field", "a title as a value"],
)
def test_a_broken_booster_is_named_and_changes_nothing(host_with, answer, code):
    """The error names the plugin or the booster, and nothing is stored."""
    host = host_with(answer)
    with pytest.raises(PluginFailed) as failed:
        run_booster(host.workspace, "demo", "me")
    assert "demo" in str(failed.value)
    assert load_of(host) is None


def test_a_booster_that_breaks_later_keeps_its_results(host_with, caplog):
    """A sync goes on with the earlier results, and the failure is logged."""
    host = host_with(Enrichment({"training_load": 42.0}))
    assert run_booster(host.workspace, "demo", "me") == 1
    assert load_of(host) == 42.0
    broken = host_with(ValueError("no"))
    broken.settings.set_threshold("ftp", "250")
    with caplog.at_level(logging.WARNING):
        assert run_used_boosters(broken.workspace, "me") == 0
    assert load_of(broken) == 42.0
    assert "the booster demo was not run again" in caplog.text
