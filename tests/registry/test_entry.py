"""The typed entry and the published schema agree."""

import enum
import json
import typing

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitglue_registry.registry import Clean, Entry, Field, Http, Tier, default_folder
from fitglue_registry.registry.conversion import entry_of
from fitglue_registry.registry.loading import load_catalogue
from fitglue_registry.registry.reading import read_entry
from fitglue_registry.registry.schemas import validator
from fitglue_registry.validation.validator import Validator

FIFTEEN_LINES = """\
schema: 1
kind: source
id: parkrun
name: Parkrun
summary: Saturday's five kilometers, with time and place.
plugin:
  name: fitglue-parkrun
  version: ">=0.1,<1"
tier: hobbyist
dependencies:
  - integration/parkrun
docs:
  - https://example.org/parkrun
maintainers:
  - Ada Runner
"""


def struct_of(annotation):
    """Return the struct in an annotation such as ``tuple[EntryPart, ...]`` or ``Http | None``."""
    annotations = [annotation, *typing.get_args(annotation)]
    return next(
        (
            kind
            for kind in annotations
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        ),
        None,
    )


def levels(struct, schema, name="entry"):
    """Yield each mapping of the entry as (name, struct, schema)."""
    yield name, struct, schema
    for field in msgspec.structs.fields(struct):
        inner = struct_of(field.type)
        if inner and field.encode_name in schema["properties"]:
            below = schema["properties"][field.encode_name]
            yield from levels(inner, below.get("items", below), f"{name}.{field.encode_name}")


def published(name):
    return json.loads((default_folder() / "schemas" / f"{name}.json").read_text())


LEVELS = [
    *levels(Entry, published("entry")),
    *levels(Tier, published("tiers")["properties"]["tiers"]["items"], "tier"),
]


@pytest.mark.parametrize(
    ("struct", "schema"), [level[1:] for level in LEVELS], ids=[level[0] for level in LEVELS]
)
def test_schema_and_types_have_the_same_keys(struct, schema):
    """Each mapping has the same keys and required keys in the schema and in the types."""
    fields = [
        field for field in msgspec.structs.fields(struct) if field.name not in ("file", "origin")
    ]
    assert sorted(schema["properties"]) == sorted(field.encode_name for field in fields)
    assert sorted(schema.get("required", [])) == sorted(
        field.encode_name for field in fields if field.required
    )
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("struct", "schema"), [level[1:] for level in LEVELS], ids=[level[0] for level in LEVELS]
)
def test_schema_and_types_allow_the_same_names(struct, schema):
    """A fixed list of names is the same in the schema and in the types, except for booster."""
    listed = {
        name: sorted({*part["enum"]} - {"booster"})
        for name, part in schema["properties"].items()
        if "enum" in part
    }
    typed = {
        field.encode_name: names
        for field in msgspec.structs.fields(struct)
        if (names := names_of(field.type))
    }
    assert listed == typed


def names_of(kind):
    """The names that a type allows: those of a ``Literal`` or an enum; of any other type none."""
    if typing.get_origin(kind) is typing.Literal:
        return sorted(typing.get_args(kind))
    return sorted(kind) if isinstance(kind, type) and issubclass(kind, enum.Enum) else []


@pytest.mark.parametrize("name", ["entry", "tiers"])
def test_every_key_of_a_schema_is_described(name):
    """Each key in a schema has a description, which editors can show."""
    plain = [
        key
        for _, _, schema in LEVELS
        for key, part in schema["properties"].items()
        if "description" not in part
    ]
    assert plain == []
    assert published(name)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_an_entry_of_fifteen_lines_is_valid(tmp_path):
    """An entry of fifteen lines is valid, because everything else has a default."""
    file = tmp_path / "sources" / "parkrun.yaml"
    file.parent.mkdir()
    file.write_text(FIFTEEN_LINES)
    reading = read_entry(file, "fitglue-parkrun")
    assert (reading.errors, FIFTEEN_LINES.count("\n")) == ([], 15)
    assert (reading.entry.plugin.version, reading.entry.origin, reading.entry.integration) == (
        ">=0.1,<1",
        "fitglue-parkrun",
        "parkrun",
    )
    assert [part.name for part in reading.entry.parts] == ["summary"]


def test_short_forms_are_expanded(registry):
    """A plugin, a link or a cleaning step may be one word, and booster is read as enricher."""
    file = registry.add(
        "boosters/demo.yaml",
        kind="booster",
        docs="[https://example.org]",
        dependencies="[booster/other]",
        credentials="[{name: key, clean: [strip]}]",
    )
    entry = read_entry(file).entry
    assert (entry.key, entry.dependencies, entry.plugin.name, entry.docs[0].url) == (
        "enricher/demo",
        ("enricher/other",),
        "fitglue-demo",
        "https://example.org",
    )
    assert entry.credentials[0].clean == (Clean(strip=True),)


def test_an_entry_knows_its_key_its_account_and_its_parts():
    """An entry has a key, the integration of its account, and its parts by name."""
    source = load_catalogue().get("source", "intervals")
    assert (source.key, source.integration, source.part("detail").bulk) == (
        "source/intervals",
        "intervals",
        100,
    )
    assert source.part("nothing") is None
    assert load_catalogue().get("integration", "intervals").integration == "intervals"


def test_a_field_has_an_environment_variable():
    """The environment variable of a field has the integration's id and the field's name."""
    assert Field(name="api_key").env("my-source") == "FITGLUE_MY_SOURCE_API_KEY"


def test_the_host_of_the_address_is_in_lower_case():
    """The host of an entry is that of its base URL, in lower case and without the port."""
    assert Http(base_url="https://API.Example.org:8443/v1").host == "api.example.org"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(key=st.sampled_from(sorted(published("entry")["properties"])), put=st.data())
@settings(database=None, max_examples=150, deadline=None)
def test_whatever_the_schema_accepts_becomes_a_typed_entry(key, put):
    """Every document that the schema accepts can be converted into a typed entry."""
    schema = published("entry")["properties"][key]
    known = st.fixed_dictionaries(
        {}, optional=dict.fromkeys(schema.get("items", schema).get("properties", {}), JSON)
    )
    document = {
        "schema": 1,
        "kind": "source",
        "id": "x",
        "name": "x",
        "summary": "x",
        "plugin": "x",
        "tier": "x",
    }
    document[key] = put.draw(JSON | known | st.lists(known, max_size=2))
    assert not validator("entry").accepts(document) or isinstance(entry_of(document), Entry)


def test_an_integer_may_be_written_with_a_decimal_point():
    """The number 100.0 is accepted as an integer, as in JSON Schema."""
    document = {
        "schema": 1.0,
        "kind": "source",
        "id": "x",
        "name": "x",
        "summary": "x",
        "plugin": "x",
        "tier": "x",
        "parts": [{"name": "summary", "bulk": 100.0}],
    }
    assert Validator(published("entry")).accepts(document)
    assert entry_of(document).parts[0].bulk == 100
