"""The fast validator and the explainer agree about every document."""

import json
import subprocess
import sys
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitglue_registry.registry import default_folder
from fitglue_registry.registry.parsing import parse
from fitglue_registry.validation.explainer import Explainer
from fitglue_registry.validation.validator import Validator
from fitglue_registry.validation.violation import Violation

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
    return Validator(SCHEMA).violations(GOOD | changed)


def test_a_valid_document_has_no_violations():
    """A valid document is accepted and has no violations."""
    assert Validator(SCHEMA).accepts(GOOD)
    assert Validator(SCHEMA).violations(GOOD | {"x_anything": 1}) == []


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
            Violation(
                ("size",), "enum", "is 'smal', but must be small or large", ("small", "large")
            ),
        ),
        ({"name": 5}, Violation(("name",), "type", "is the number 5, but must be text")),
        (
            {"name": "5"},
            Violation(
                ("name",), "pattern", "is '5', but must have the form ^[a-z]+$, such as ride"
            ),
        ),
        (
            {"name": "ride\n"},
            Violation(
                ("name",), "pattern", "is 'ride\\n', but must have the form ^[a-z]+$, such as ride"
            ),
        ),
        (
            {"count": "x"},
            Violation(("count",), "type", "is 'x', but must be a whole number or nothing"),
        ),
        (
            {"count": True},
            Violation(("count",), "type", "is true, but must be a whole number or nothing"),
        ),
        ({"count": 0}, Violation(("count",), "minimum", "is the number 0, but must be 1 or more")),
        ({"either": {}}, Violation(("either",), "required", "key 'id' is missing", ("id",))),
        (
            {"either": [1, 2]},
            Violation(("either",), "maxItems", "is a list of 2, but must have at most 1 item"),
        ),
        (
            {"either": 5},
            Violation(
                ("either",), "type", "is the number 5, but must be nothing, a mapping or a list"
            ),
        ),
        ({"tags": []}, Violation(("tags",), "minItems", "is a list of 0, but must not be empty")),
        (
            {"tags": ["a", "a"]},
            Violation(("tags",), "uniqueItems", "is a list of 2, but must not have duplicates"),
        ),
        ({"tags": ["a", {}]}, Violation(("tags", 1), "type", "is a mapping, but must be text")),
        ({"odd": 5}, Violation(("odd",), "multipleOf", "5 is not a multiple of 7")),
    ],
)
def test_a_violation_says_what_was_found_and_what_is_allowed(changed, violation):
    """A violation has the path, the keyword, a message and the allowed names."""
    assert violations(**changed) == [violation]


def test_all_violations_are_reported_at_once():
    """All violations of a document are reported at once, in the order of their paths."""
    reported = Validator(SCHEMA).violations({"count": 0, "tags": [1, "a", 2]})
    assert [(violation.path, violation.allowed) for violation in reported] == [
        ((), ("name",)),
        ((), ("size",)),
        (("count",), ()),
        (("tags", 0), ()),
        (("tags", 2), ()),
    ]


def test_long_values_are_cut_in_messages():
    """A message quotes only the beginning of a long value."""
    assert len(violations(name="x" * 5_000 + "!")[0].message) < 160


@pytest.mark.parametrize(
    "document", [{1: 2}, {"name": object()}, {**GOOD, "x_deep": json.loads("[" * 900 + "]" * 900)}]
)
def test_what_is_not_json_is_refused(document):
    """A document that JSON cannot express is a violation and never an exception."""
    validator = Validator(SCHEMA)
    assert validator.accepts(document) is (validator.violations(document) == [])


def test_jsonschema_is_imported_only_to_explain():
    """Only explaining a document imports jsonschema; accepting or refusing it does not."""
    script = (
        "import sys\n"
        "from fitglue_registry.validation.validator import Validator\n"
        "validator = Validator({'type': 'object'})\n"
        "validator.accepts([])\n"
        "print('jsonschema' in sys.modules)\n"
        "validator.violations([])\n"
        "print('jsonschema' in sys.modules)\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert printed == "False\nTrue\n"


DOCUMENTS = {
    file.stem + file.parent.name: parse(file.read_bytes(), str(file)).value
    for file in default_folder().glob("*s/*.yaml")
}
ENTRY_SCHEMA = json.loads((default_folder() / "schemas" / "entry.json").read_text())
ENTRY_VALIDATOR = Validator(ENTRY_SCHEMA)
ENTRY_EXPLAINER = Explainer(ENTRY_SCHEMA)
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
    """Yield the path of every part of a document."""
    yield path
    if isinstance(value, dict):
        steps = value.items()
    elif isinstance(value, list):
        steps = enumerate(value)
    else:
        steps = ()
    for step, inner in steps:
        yield from paths(inner, (*path, step))


def mutated(document, data):
    """Return a document with one part replaced, removed or added."""
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
    """Both libraries accept the same documents, for any change of a real entry."""
    document = mutated(DOCUMENTS[name], data)
    assert ENTRY_VALIDATOR.accepts(document) is ENTRY_EXPLAINER.accepts(document)
    violations = ENTRY_VALIDATOR.violations(document)
    assert all(violation.keyword != "json" for violation in violations)
