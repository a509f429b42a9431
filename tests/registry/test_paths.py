"""A setting can name several paths with any names, and is valid in any working directory."""

from __future__ import annotations

import os

import pytest

from fitglue_registry.errors import UserMistake
from fitglue_registry.registry.paths import absolute, paths_in


def test_several_paths_stand_between_separators():
    """A setting can name several paths, as PATH does; empty ones are ignored."""
    assert paths_in(os.pathsep.join(["a", "", " ", "b"])) == ["a", "b"]


def test_a_path_that_holds_the_separator_is_one_where_it_is_there(tmp_path, monkeypatch):
    """A path that contains the separator, as in a time of day, is one path if it exists."""
    monkeypatch.chdir(tmp_path)
    odd = f"ride 07{os.pathsep}30.fit"
    (tmp_path / odd).touch()
    setting = os.pathsep.join(["a", odd, "b"])
    assert paths_in(setting) == ["a", odd, "b"]
    assert paths_in(absolute(setting)) == [str(tmp_path / name) for name in ("a", odd, "b")]


@pytest.mark.skipif(os.name == "nt", reason="names there are text")
def test_a_name_that_is_not_text_is_refused():
    """A path that is not UTF-8 is refused, because a setting cannot store it."""
    with pytest.raises(UserMistake, match="not UTF-8") as caught:
        absolute("ride \udcff.fit")
    assert caught.value.code == "FG-path-unreadable"
