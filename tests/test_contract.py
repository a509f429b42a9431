"""Contracts: one library decides, another explains, and they agree."""

import json
import subprocess
import sys
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitglue_registry.contract import Contract, Violation, nearest, one_of
from fitglue_registry.registry import default_folder
from fitglue_registry.registry.document import parse

SCHEMA = {
    "type": "object",
    "required": ["name", "size"],
    "additionalProperties": False,
    "patternProperties": {"^x_": {}},
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$", "examples": ["ride"]},
        "size": {"enum": ["small", "large"]},
        "count": {"type": ["integer", "null"], "minimum": 1},
        "either": {
            "anyOf": [
                {"type": "null"},
                {"type": "object", "required": ["id"]},
                {"type": "array", "maxItems": 1},
            ]
        },
        "tags": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
        "odd": {"multipleOf": 7},
    },
}
GOOD = {"name": "ride", "size": "small"}


def violations(**changed):
    return Contract(SCHEMA).violations(GOOD | changed)


def test_a_good_document_is_accepted_without_a_word():
    """What is accepted has no violations."""
    assert Contract(SCHEMA).accepts(GOOD)
    assert Contract(SCHEMA).violations(GOOD | {"x_anything": 1}) == []


@pytest.mark.parametrize(
    ("changed", "violation"),
    [
        (
            {"sise": 1},
            Violation(
                ("sise",),
                "additionalProperties",
                "key 'sise' is unknown",
                ("count", "either", "name", "odd", "size", "tags"),
            ),
        ),
        (
            {"size": "smal"},
            Violation(("size",), "enum", "is 'smal', must be small or large", ("small", "large")),
        ),
        ({"name": 5}, Violation(("name",), "type", "is the number 5, must be text")),
        (
            {"name": "5"},
            Violation(("name",), "pattern", "is '5', must have the form ^[a-z]+$, such as ride"),
        ),
        (
            {"name": "ride\n"},
            Violation(
                ("name",), "pattern", "is 'ride\\n', must have the form ^[a-z]+$, such as ride"
            ),
        ),
        (
            {"count": "x"},
            Violation(("count",), "type", "is 'x', must be a whole number or nothing"),
        ),
        (
            {"count": True},
            Violation(("count",), "type", "is true, must be a whole number or nothing"),
        ),
        ({"count": 0}, Violation(("count",), "minimum", "is the number 0, must be 1 or more")),
        ({"either": {}}, Violation(("either",), "required", "key 'id' is missing", ("id",))),
        (
            {"either": [1, 2]},
            Violation(("either",), "maxItems", "is a list of 2, must have at most 1 items"),
        ),
        (
            {"either": 5},
            Violation(("either",), "type", "is the number 5, must be nothing, a mapping or a list"),
        ),
        ({"tags": []}, Violation(("tags",), "minItems", "is a list of 0, must not be empty")),
        (
            {"tags": ["a", "a"]},
            Violation(
                ("tags",), "uniqueItems", "is a list of 2, must not say the same thing twice"
            ),
        ),
        ({"tags": ["a", {}]}, Violation(("tags", 1), "type", "is a mapping, must be text")),
        ({"odd": 5}, Violation(("odd",), "multipleOf", "5 is not a multiple of 7")),
    ],
)
def test_a_violation_says_what_was_found_and_what_is_allowed(changed, violation):
    """Each violation has its path, the broken keyword, our own words and the names that would
    do.
    """
    assert violations(**changed) == [violation]


def test_all_violations_are_told_at_once():
    """A document with several faults is told all of them, in the order of their paths."""
    found = Contract(SCHEMA).violations({"count": 0, "tags": [1, "a", 2]})
    assert [(violation.path, violation.allowed) for violation in found] == [
        ((), ("name",)),
        ((), ("size",)),
        (("count",), ()),
        (("tags", 0), ()),
        (("tags", 2), ()),
    ]


def test_long_values_are_cut_in_messages():
    """A message quotes the beginning of a long value."""
    assert len(violations(name="x" * 5_000 + "!")[0].message) < 160


@pytest.mark.parametrize(
    "document", [{1: 2}, {"name": object()}, {**GOOD, "x_deep": json.loads("[" * 900 + "]" * 900)}]
)
def test_what_is_not_json_is_refused(document):
    """A document that no JSON could hold is a violation, never an exception."""
    contract = Contract(SCHEMA)
    assert contract.accepts(document) is (contract.violations(document) == [])


def test_nothing_is_imported_before_the_first_question():
    """A contract costs nothing until it is asked, and jsonschema nothing until it must explain."""
    script = (
        "import sys\nfrom fitglue_registry.contract import Contract\nc = Contract({'type': "
        "'object'})\n"
        "told = ['jsonschema_rs' in sys.modules]\nc.accepts({})\n"
        "told += ['jsonschema_rs' in sys.modules, 'jsonschema' in sys.modules]\nprint(told)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert told == "[False, True, False]\n"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("overlap_day", "overlap_days"), ("TIER", "tier"), ("qqq", None), ("", None)],
)
def test_the_nearest_name_is_found(typed, meant):
    """A typo is answered with the name that was meant, and nonsense with nothing."""
    assert nearest(typed, ["overlap_days", "tier", "docs"]) == meant


def test_names_stand_in_a_sentence():
    """A list of names reads as a person would write it."""
    assert [one_of(names) for names in (["a"], ["a", "b"], ["a", "b", "c"], [])] == [
        "a",
        "a or b",
        "a, b or c",
        "nothing",
    ]


DOCUMENTS = {
    file.stem + file.parent.name: parse(file.read_bytes(), str(file)).value
    for file in default_folder().glob("*s/*.yaml")
}
ENTRY = json.loads((default_folder() / "schemas" / "entry.json").read_text())
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
    | st.sampled_from(["source", "a\n", "https://x", "integration/x", "١", "file"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "url", "x"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def paths(value, path=()):
    yield path
    steps = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for step, inner in steps:
        yield from paths(inner, (*path, step))


def mutated(document, data):
    """The document with one part replaced, removed or added."""
    *way, last = data.draw(st.sampled_from([path for path in paths(document) if path]))
    copy = deepcopy(document)
    place = copy
    for step in way:
        place = place[step]
    change = data.draw(st.sampled_from(["replace", "remove", "add"]))
    if change == "remove":
        del place[last]
    elif change == "add" and isinstance(place, dict):
        place[data.draw(st.text(max_size=3))] = data.draw(JSON)
    else:
        place[last] = data.draw(JSON)
    return copy


@given(name=st.sampled_from(sorted(DOCUMENTS)), data=st.data())
@settings(database=None, max_examples=300, deadline=None)
def test_the_one_that_decides_and_the_one_that_explains_agree(name, data):
    """On any change of a real entry both libraries give the same verdict."""
    contract = test_the_one_that_decides_and_the_one_that_explains_agree.contract
    document = mutated(DOCUMENTS[name], data)
    assert contract.accepts(document) is contract._explainer.is_valid(document)
    assert all(violation.keyword != "json" for violation in contract.violations(document))


test_the_one_that_decides_and_the_one_that_explains_agree.contract = Contract(ENTRY)
