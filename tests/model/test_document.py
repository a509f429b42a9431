"""A source activity survives encoding and decoding, and its schema agrees with its types."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fitglue_registry import model
from fitglue_registry.model import Column, SourceActivity, Stream
from fitglue_registry.validation.validator import Validator

SCHEMAS = Path(__file__).parents[2] / "registry" / "schemas"
VALIDATOR = Validator(model.document_schema())

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
finite = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | finite | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
edges = st.sampled_from(
    [datetime.min, datetime.max, datetime(2024, 2, 29, 23, 59, 59, 999_999)]  # noqa: DTZ001, DTZ901
)
moments = st.one_of(
    st.datetimes(timezones=offsets),
    st.datetimes(timezones=st.just(UTC)),
    edges.map(lambda moment: moment.replace(tzinfo=UTC)),
)
claims = st.builds(
    "{}:{}".format,
    st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True),
    st.text("aZ09:#@/.ü🚴-", min_size=1, max_size=9),
)
sample = st.none() | finite


def _halved_pairs(numbers):
    return Column.pairs(numbers, [number / 2 for number in numbers])


columns = st.one_of(
    st.lists(sample, max_size=5).map(Column.of),
    st.lists(finite, max_size=4).map(_halved_pairs),
    st.lists(st.none() | st.lists(finite, max_size=3), max_size=4).map(Column.lists),
)


def strategy(kind):
    """Return a strategy for any value of a struct, within the types and limits of its fields."""
    made = {
        field.name: field_strategy(kind, field) for field in msgspec.inspect.type_info(kind).fields
    }
    return st.builds(kind, **made)


def field_strategy(kind, field):
    if kind is Stream and field.name == "values":
        return columns
    return of_type(field.type)


def of_type(info):
    inspect = msgspec.inspect
    if isinstance(info, inspect.Metadata):
        return of_type(info.type)
    if isinstance(info, inspect.UnionType):
        return st.one_of(*map(of_type, info.types))
    if isinstance(info, inspect.StructType):
        return strategy(info.cls)
    if isinstance(info, inspect.VarTupleType):
        return st.lists(of_type(info.item_type), max_size=2).map(tuple)
    if isinstance(info, inspect.DictType):
        return st.dictionaries(text, of_type(info.value_type), max_size=2)
    return _SIMPLE[type(info)](info)


def _numbers(low, high, of):
    def make(info):
        least, most = (
            info.ge if info.ge is not None else low,
            info.le if info.le is not None else high,
        )
        return of(least, most)

    return make


def _texts(info):
    if info.pattern is None:
        return text if info.min_length is None else text.filter(bool)
    return {
        "^https?://": st.just("https://example.org/ü"),
        "^FG-[a-z0-9-]+$": st.just("FG-stub"),
    }.get(info.pattern, claims)


_SIMPLE = {
    msgspec.inspect.NoneType: lambda _: st.none(),
    msgspec.inspect.BoolType: lambda _: st.booleans(),
    msgspec.inspect.AnyType: lambda _: plain,
    msgspec.inspect.IntType: _numbers(-(2**53), 2**53, st.integers),
    msgspec.inspect.FloatType: _numbers(-1e300, 1e300, lambda least, most: st.floats(least, most)),
    msgspec.inspect.StrType: _texts,
    msgspec.inspect.DateTimeType: lambda info: moments if info.tz else st.datetimes() | edges,
    msgspec.inspect.LiteralType: lambda info: st.sampled_from(info.values),
}
activities = strategy(SourceActivity).filter(
    lambda activity: activity.start_utc or activity.start_local
)


def test_what_is_encoded_can_be_decoded_to_the_same(activity):
    """A minimal source activity is the same after encoding and decoding."""
    ride = activity()
    assert model.decode(model.encode(ride)) == ride


@settings(
    max_examples=60,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
@given(activities)
def test_any_source_activity_survives_a_round_trip(activity):
    """Any source activity, with any text, moment or nested value, survives a round trip."""
    assert model.decode(model.encode(activity)) == activity


@settings(
    max_examples=30,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
@given(activities)
def test_any_source_activity_meets_the_published_schema(activity):
    """Every document that the types can produce is valid in the published schema."""
    document = json.loads(model.encode(activity))
    assert VALIDATOR.violations(document) == []
    assert VALIDATOR.accepts(model.to_builtins(activity))


def test_zero_is_not_null(activity):
    """A zero, a false and an empty text are in the document; an absent field is not."""
    document = json.loads(
        model.encode(activity(average_watts=0, trainer=False, title="", training_load=None))
    )
    assert (document["average_watts"], document["trainer"], document["title"]) == (0, False, "")
    assert "training_load" not in document


@pytest.mark.parametrize("title", ["null", "1", "true", "2026-05-01", " ", "a\0b", "🚴", "\u2028"])
def test_a_text_that_looks_like_something_else_stays_a_text(activity, title):
    """A text such as "null" or "1" stays a text."""
    assert model.decode(model.encode(activity(title=title))).title == title


def test_utc_local_and_zone_are_all_kept(activity):
    """The start in UTC, the local start and the time zone are all kept."""
    local = datetime(2026, 5, 1, 7, 30)  # noqa: DTZ001
    ride = activity(start_local=local, timezone="Europe/Berlin", utc_offset_s=7200)
    activity = model.decode(model.encode(ride))
    assert (activity.start_utc.utcoffset(), activity.start_local, activity.timezone) == (
        timedelta(0),
        local,
        "Europe/Berlin",
    )


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{",
        b'{"sport": 1}',
        b'{"nothing": 1}',
        b'{"start_utc": "2026-05-01T05:30:00"}',
        b'{"start_local": "2026-05-01T05:30:00Z"}',
        b'{"laps": [{"kind": "half"}]}',
        b'{"rpe": 11}',
        b'{"utc_offset_s": 90000}',
        b'{"claims": ["no claim"]}',
        b'{"laps": null}',
        b'{"streams": [{"type": "watts", "values": ["a"]}]}',
        b'{"streams": [{"type": "watts", "values": [1, [2]]}]}',
        b'{"streams": [{"type": "watts", "values": {}}]}',
        b'{"streams": [{"type": "x", "values": [[1], [null]]}]}',
        b"\xff",
    ],
)
def test_what_is_no_source_activity_is_refused(document):
    """A document that is not a valid source activity raises ValueError."""
    with pytest.raises(ValueError, match=r"."):
        model.decode(document)


def test_a_lone_surrogate_cannot_be_encoded(activity):
    """A text with a lone surrogate is not Unicode and cannot be encoded."""
    with pytest.raises(ValueError, match="surrogates"):
        model.encode(activity(title="\ud800"))


# -- the schema ------------------------------------------------------------------------------------


def test_the_published_schema_is_that_of_the_types():
    """The published schema equals the one generated from the types."""
    assert json.loads((SCHEMAS / "source-activity.json").read_text()) == model.document_schema()


def test_every_field_is_in_the_schema_and_unknown_ones_are_refused():
    """The schema has every field of a source activity and refuses unknown ones."""
    definition = model.document_schema()["$defs"]["SourceActivity"]
    assert set(definition["properties"]) == set(SourceActivity.__struct_fields__)
    assert definition["additionalProperties"] is False


def test_a_document_without_any_start_is_refused():
    """A document without a start in UTC and without a local start is refused."""
    assert not VALIDATOR.accepts({"sport": "Ride"})
    assert VALIDATOR.accepts({"sport": "Ride", "start_local": "2026-05-01T07:30:00"})


@pytest.mark.parametrize(
    ("start", "fits"),
    [
        ("2026-05-01T05:30:00Z", True),
        ("2026-05-01T05:30:00.123456Z", True),
        ("2026-05-01T05:30:00+02:00", True),
        ("2026-05-01T05:30:00", False),
        ("2026-05-01", False),
        ("2026-13-01T05:30:00Z", False),
        ("2026-05-32T05:30:00Z", False),
        ("2026-05-01T25:30:00Z", False),
        ("2026-05-01T05:30:00Z\n", False),
        ("", False),
        ("yesterday", False),
    ],
)
def test_a_moment_is_held_to_its_form_by_every_validator(start, fits):
    """A moment of the wrong form is refused, even by a validator that ignores formats."""
    assert VALIDATOR.accepts({"start_utc": start}) is fits
    assert (
        VALIDATOR.accepts(
            {"start_local": start.removesuffix("Z").removesuffix("+02:00"), "start_utc": start}
        )
        is fits
    )


awkward = st.sampled_from(
    [
        10**400,
        -1,
        1.0,
        2.0**70,
        "2026-05-01T05:30:00Z",
        "2026-05-01T05:30:00",
        "a:b\n",
        "a:\x1c",
        "a:\xa0",
        "a:\ufeff",
        "FG-x\n",
        "http://x",
        (),
        (1, 2),
    ]
)
values = st.one_of(plain, st.floats(), awkward)


@st.composite
def mutated(draw):
    """Return the document of a source activity with one part replaced, removed or added."""
    document = copy.deepcopy(draw(_documents))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(document))
        container, key = places[draw(st.integers(0, len(places) - 1))]
        change = draw(st.sampled_from(["replace", "remove", "add"]))
        if change == "add" and isinstance(container, dict):
            container[
                draw(
                    st.sampled_from(
                        ["sport", "x", "kind", "label", "values", "start_utc", "metrics"]
                    )
                )
            ] = draw(values)
        elif change == "remove":
            del container[key]
        else:
            container[key] = draw(values)
        if not document:
            break
    return document


def _places(value):
    steps = (
        list(value.items() if isinstance(value, dict) else enumerate(value))
        if isinstance(value, dict | list)
        else []
    )
    for key, item in steps:
        yield value, key
        yield from _places(item)


_documents = activities.map(lambda activity: json.loads(model.encode(activity)))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(mutated())
def test_both_validators_give_the_same_verdict_and_the_types_agree(document):
    """Both validators accept the same documents, and every accepted document can be decoded."""
    accepted = VALIDATOR.accepts(document)
    explained = [
        violation for violation in VALIDATOR.violations(document) if violation.keyword != "json"
    ]
    if accepted:
        assert explained == []
        assert _decodes(document)
    else:
        assert explained or _beyond_json(document)


def _decodes(document):
    try:
        model.decode(json.dumps(document, allow_nan=False))
    except ValueError as error:
        return (
            _beyond_json(document)
            or "day is out of range" in str(error)
            or any(map(_is_huge, _leaves(document)))
        )
    return True


def _leaves(document):
    return (container[key] for container, key in _places(document))


def _is_huge(value):
    """Return whether an integer is too large for a double to represent it exactly."""
    return isinstance(value, int | float) and abs(value) > 2**53


def _beyond_json(document):
    """Return whether a document contains a number that JSON cannot express."""
    try:
        json.dumps(document, allow_nan=False)
    except ValueError:
        return True
    return False
