"""Tests of the view of a connection that its plugin gets, without requests."""

from __future__ import annotations

import logging
import stat
import time

import pytest

from fitglue_registry.sync.view import ConnectionView


@pytest.fixture
def view(clock, tmp_path):
    return ConnectionView(
        "c1", "files", None, {}, clock, None, logging.getLogger("test"), tmp_path / "cache"
    )


def test_a_plugin_that_sends_no_requests_can_report_that_it_is_at_work(view):
    """A plugin can give a sign of life while it reads ten thousand files without yielding an
    item.
    """
    assert view.sign_of_life() == 0.0
    before = time.monotonic()
    view.alive()
    assert before <= view.sign_of_life() <= time.monotonic()


def test_each_plugin_has_a_folder_of_its_own_for_what_may_be_lost(host, tmp_path):
    """Each plugin has its own folder in the host's cache, which only the user can read."""
    (tmp_path / "rides").mkdir()
    host.connect("files", {"paths": str(tmp_path / "rides")})
    folder = host.home / "cache" / "plugins" / "fitglue-files"
    assert (stat.S_IMODE(folder.stat().st_mode), list(folder.iterdir())) == (0o700, [])
    list(host.sync())
    assert [file.name for file in folder.iterdir()] == ["kinds.sqlite"]
