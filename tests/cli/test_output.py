"""Standard output contains only the results of the command."""

from __future__ import annotations

import io
import sys
import threading

from fitglue_registry.cli.text import prepare_streams


def test_what_a_plugin_prints_goes_to_standard_error(monkeypatch):
    """What a plugin prints goes to standard error, so it does not break a result in JSON."""
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    prepare_streams()
    thread = threading.Thread(target=print, args=("from a plugin",))
    thread.start()
    thread.join()
    print("an answer")
    assert (out.getvalue(), err.getvalue()) == ("an answer\n", "from a plugin\n")
