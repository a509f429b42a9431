"""Tests of the hook ``fitglue_recognize``: which plugins are called, and which answers
are valid.
"""

from __future__ import annotations

import pytest

from fitglue_registry.plugin_api import Recognized, Refused

PATHS = ["/home/ada/export.zip", "/home/ada/rides"]


def recognizing(answer):
    def fitglue_recognize(paths):
        return answer

    return fitglue_recognize


def recognized(**changes):
    return Recognized(
        **{
            "entry": "log",
            "paths": ("/home/ada/rides",),
            "name": "Log",
            "settings": {"folder": "/home/ada/rides"},
        }
        | changes
    )


def ask(plugins, *names):
    return [
        (name, answer, error and error.code)
        for name, answer, error in plugins.broadcast(names, "fitglue_recognize", paths=PATHS)
    ]


def test_each_plugin_says_what_it_recognizes(load, plugin):
    """The plugins are called in the order of their names, and a plugin that recognizes nothing
    returns an empty list.
    """
    plugins = load(one=plugin(recognizing([recognized()])), two=plugin(recognizing([])))
    assert ask(plugins, "two", "one") == [("one", [recognized()], None), ("two", [], None)]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "zip",
        [None],
        [recognized(entry="")],
        [recognized(name=7)],
        [recognized(paths=())],
        [recognized(paths=("/etc/passwd",))],
        [recognized(paths=[PATHS[0]])],
        [recognized(settings=None)],
        [recognized(settings={"folder": 7})],
        [recognized(found="One ride.")],
        [recognized(left_out=(7,))],
        [Refused("/etc/passwd", "FG-zip-bomb", "it is a bomb")],
        [Refused(PATHS[0], "bomb", "it is a bomb")],
        [Refused(PATHS[0], "FG-zip-bomb", 7)],
        [Refused(PATHS[0], "FG-zip-bomb", "it is a bomb", fix=7)],
    ],
)
def test_an_invalid_answer_is_refused(load, plugin, answer):
    """An invalid answer becomes an error of its plugin, and the answers of other
    plugins are kept.
    """
    plugins = load(bad=plugin(recognizing(answer)), good=plugin(recognizing([recognized()])))
    assert ask(plugins, "bad", "good") == [
        ("bad", None, "FG-plugin-answer"),
        ("good", [recognized()], None),
    ]


def test_a_plugin_may_refuse_a_path_beside_what_it_recognizes(load, plugin):
    """A refused path with a code, a reason and perhaps a fix is a valid answer."""
    answer = [recognized(), Refused(PATHS[0], "FG-zip-bomb", "it is a bomb", "remove it")]
    plugins = load(one=plugin(recognizing(answer)))
    assert ask(plugins, "one") == [("one", answer, None)]
