"""Paths in one setting hold from wherever the next command is typed, whatever they are called."""

from __future__ import annotations

import os

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry.paths import absolute, paths_in


def test_several_paths_stand_between_separators():
    """As in PATH; blanks are none."""
    assert paths_in(os.pathsep.join(["a", "", " ", "b"])) == ["a", "b"]


def test_a_path_that_holds_the_separator_is_one_where_it_is_there(tmp_path, monkeypatch):
    """Beside others, too; a time of day in a name, say."""
    monkeypatch.chdir(tmp_path)
    odd = f"ride 07{os.pathsep}30.fit"
    (tmp_path / odd).touch()
    setting = os.pathsep.join(["a", odd, "b"])
    assert paths_in(setting) == ["a", odd, "b"]
    assert paths_in(absolute(setting)) == [str(tmp_path / name) for name in ("a", odd, "b")]


@pytest.mark.skipif(os.name == "nt", reason="names there are text")
def test_a_name_that_is_no_text_is_refused():
    """No setting can keep it."""
    with pytest.raises(UserMistake, match="no UTF-8") as caught:
        absolute("ride \udcff.fit")
    assert caught.value.code == "FG-path-unreadable"
