"""Tests of the answers that boosters and destinations may give."""

from __future__ import annotations

import pytest

from fitglue_registry.plugin_api import (
    Accepted,
    CannotTell,
    Enrichment,
    NotThere,
    Receipt,
    Rejected,
    Sent,
    Uncertain,
)
from fitglue_registry.plugins.answers import RESULT_TYPES, complaint

GOOD = {
    "fitglue_enrich": [
        Enrichment(),
        Enrichment({"training_load": 54.2, "metrics.trimp": 60}, method="power", tags=("a",)),
        Enrichment(how="estimated", notes=("no threshold power",), stop="indoors"),
    ],
    "fitglue_deliver": [
        Sent(),
        Sent(Receipt("i7", "https://example.org/i7", {"a": "b"}), identities=("intervals:i7",)),
        Accepted(Receipt(), 30),
        Rejected("FG-too-short", "it is too short"),
        Uncertain("the connection was cut"),
    ],
    "fitglue_find_delivery": [
        Sent(existed=True),
        Accepted(),
        Rejected("FG-too-short", "it is too short"),
        NotThere(),
        CannotTell("a folder cannot tell"),
    ],
}
BAD = {
    "values": ("fitglue_enrich", Enrichment(values=[("a", 1)])),
    "a value": ("fitglue_enrich", Enrichment({"training_load": float("nan")})),
    "a nested value": ("fitglue_enrich", Enrichment({"laps": {"a": 1}})),
    "how": ("fitglue_enrich", Enrichment(how="guessed")),
    "notes": ("fitglue_enrich", Enrichment(notes="no power")),
    "tags": ("fitglue_enrich", Enrichment(tags=["a"])),
    "title": ("fitglue_enrich", Enrichment(title=b"x")),
    "description": ("fitglue_enrich", Enrichment(description="\0")),
    "receipt": ("fitglue_deliver", Sent({"remote_id": "i7"})),
    "remote id": ("fitglue_deliver", Sent(Receipt(7))),
    "data": ("fitglue_deliver", Sent(Receipt("i7", data={"a": 1}))),
    "identities": ("fitglue_deliver", Sent(identities=("",))),
    "existed": ("fitglue_deliver", Sent(existed=1)),
    "seconds": ("fitglue_deliver", Accepted(ask_after_s=float("inf"))),
    "code": ("fitglue_deliver", Rejected("too short", "it is too short")),
    "fix": ("fitglue_deliver", Rejected("FG-too-short", "it is too short", 5)),
    "reason": ("fitglue_deliver", Uncertain(None)),
    "cannot tell": ("fitglue_find_delivery", CannotTell(3)),
    "not sent": ("fitglue_deliver", NotThere()),
    "uncertain when asked": ("fitglue_find_delivery", Uncertain("the connection was cut")),
    "nothing": ("fitglue_deliver", None),
}


@pytest.mark.parametrize(
    ("hook", "answer"),
    [(hook, answer) for hook, answers in GOOD.items() for answer in answers],
    ids=str,
)
def test_an_answer_of_the_specification_is_accepted(hook, answer):
    """Every kind of answer that the specification allows passes the check."""
    assert complaint(answer, RESULT_TYPES[hook]) is None


@pytest.mark.parametrize(("hook", "answer"), BAD.values(), ids=list(BAD))
def test_any_other_answer_is_refused_with_what_is_wrong(hook, answer):
    """A value that could not be stored, or another type, ends the sentence "plugin … answered"."""
    problem = complaint(answer, RESULT_TYPES[hook])
    assert problem is not None
    assert problem.startswith("with ")
