"""Parsing turns YAML text into values that know their line and column."""

import pytest

from fitglue_registry.registry.parsing import MAX_BYTES, parse


def value(text):
    document = parse(text.encode(), "x.yaml")
    return document.value, [error.code for error in document.errors]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        (".inf", float("inf")),
        ("'no'", "no"),
        ('"12:30"', "12:30"),
        ("'010'", "010"),
        ("plain text", "plain text"),
        ("2x", "2x"),
    ],
)
def test_scalars_are_read_by_the_core_schema_of_yaml_1_2(text, meant):
    """An unquoted scalar has its meaning in YAML 1.2, and a quoted scalar is text."""
    assert value(f"key: {text}") == ({"key": meant}, [])


@pytest.mark.parametrize(
    ("text", "meant", "in_yaml_1_1"),
    [
        ("no", "no", "true or false"),
        ("on", "on", "true or false"),
        ("y", "y", "true or false"),
        ("12:30", "12:30", "another number"),
        ("010", 10, "another number"),
        ("0o10", 8, "text"),
        ("1e3", 1000.0, "text"),
        ("1_000", "1_000", "another number"),
        ("2026-02-08", "2026-02-08", "a date"),
        ("0b11", "0b11", "another number"),
        ("=", "=", "a special key"),
    ],
)
def test_a_scalar_that_yaml_1_1_reads_differently_is_refused(text, meant, in_yaml_1_1):
    """A scalar that YAML 1.1 and 1.2 read differently gives the value of 1.2, and an error."""
    document = parse(f"key: {text}".encode(), "x.yaml")
    [error] = document.errors
    assert document.value == {"key": meant}
    assert str(error) == (
        f"FG-entry-ambiguous: {text} has different meanings in different versions of YAML "
        "(x.yaml:1:6, key)"
    )
    assert error.why.endswith(f"in YAML 1.1 it is {in_yaml_1_1}")


def test_an_ambiguous_key_is_refused_too():
    """The key ``on`` is an error, because it is ``true`` in YAML 1.1."""
    assert value("on: push") == ({"on": "push"}, ["FG-entry-ambiguous"])


def test_values_and_keys_have_positions():
    """The document knows the line and column of every value and key, counted from one."""
    document = parse(b"a: 1\nb:\n  - c: x\n    dd: {e: 5}\n", "x.yaml")
    assert str(document.place(("b", 0, "dd", "e"))) == "x.yaml:4:13, b[0].dd.e"
    assert str(document.place(("b", 0, "dd"), key=True)) == "x.yaml:4:5, b[0].dd"
    assert str(document.place(("b", 0, "missing"))) == "x.yaml:3:5, b[0].missing"


def test_a_duplicate_key_names_both_places():
    """A duplicate key keeps its first value, and its second place is an error."""
    document = parse(b"a: 1\nb: 2\na: 3\n", "x.yaml")
    [error] = document.errors
    assert document.value == {"a": 1, "b": 2}
    assert str(error) == "FG-entry-duplicate-key: key 'a' occurs twice (x.yaml:3:1, a)"
    assert error.why == "it is already at line 1, column 1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1", "FG-entry-forbidden-yaml: anchor &x is not allowed in an entry (x.yaml:1:4)"),
        ("b: *x", "FG-entry-forbidden-yaml: alias *x is not allowed in an entry (x.yaml:1:4)"),
        (
            "a: {<<: {b: 1}}",
            "FG-entry-forbidden-yaml: the merge key << is not allowed in an entry (x.yaml:1:5, a)",
        ),
        (
            "a: !!python/none x",
            (
                "FG-entry-forbidden-yaml: the tag !!python/none is not allowed in an entry "
                "(x.yaml:1:4, a)"
            ),
        ),
        (
            "a: !secret x",
            "FG-entry-forbidden-yaml: the tag !secret is not allowed in an entry (x.yaml:1:4, a)",
        ),
        ("1: x", "FG-entry-wrong-key: a key must be text, but this is the number 1 (x.yaml:1:1)"),
        ("[a]: x", "FG-entry-wrong-key: a key must be text, but this is a list of 1 (x.yaml:1:1)"),
        (
            "a: b\n c: d",
            (
                "FG-entry-syntax: this is not YAML: mapping values are not allowed in this "
                "context (x.yaml:2:3)"
            ),
        ),
        (
            "a: 1\nb: 'x\n",
            (
                "FG-entry-syntax: this is not YAML: while scanning a quoted scalar, found "
                "unexpected end of stream (x.yaml:2:4)"
            ),
        ),
        (
            "a: b: c",
            (
                "FG-entry-syntax: this is not YAML: mapping values are not allowed in this "
                "context (x.yaml:1:5)"
            ),
        ),
        (
            "a:\n---\nb:",
            (
                "FG-entry-syntax: this is not YAML: expected a single document in the stream, "
                "but found another document (x.yaml:2:1)"
            ),
        ),
        (
            "a: 1\nb: \x01",
            "FG-entry-syntax: YAML does not allow the control character in this line (x.yaml:2)",
        ),
    ],
)
def test_what_yaml_allows_and_an_entry_does_not(text, message):
    """Features of YAML that entries may not use, and invalid YAML, are errors with their place."""
    assert [str(error) for error in parse(text.encode(), "x.yaml").errors][-1] == message


def test_a_tab_is_called_a_tab():
    """The fix for a tab in the indentation asks for spaces."""
    assert (
        parse(b"a:\n\tb: 1", "x.yaml").errors[0].fix
        == "indent with spaces: YAML does not allow tabs there"
    )


def test_an_unquoted_range_is_told_to_be_quoted():
    """The fix for an unquoted version range, which is not YAML, asks for quotes."""
    assert parse(b"version: >=0.1,<1", "x.yaml").errors[0].fix == "put the text in quotes"


def test_a_yaml_bomb_is_refused_before_it_is_built():
    """A document whose aliases would expand to gigabytes is refused before it is expanded."""
    bomb = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    document = parse(bomb, "x.yaml")
    assert document.value is None
    assert {error.code for error in document.errors} == {"FG-entry-forbidden-yaml"}


@pytest.mark.parametrize(
    "text", ["- " * 100_000 + "a", "[" * 5_000, "a: " + "{b: " * 30 + "1" + "}" * 30]
)
def test_deep_nesting_is_refused(text):
    """A document that is nested too deep is an error and does not crash the process."""
    document = parse(text.encode(), "x.yaml")
    assert [error.code for error in document.errors] == ["FG-entry-too-deep"]
    assert document.errors[0].at.line == 1


def test_a_file_that_is_too_big_is_refused():
    """A file that is larger than the limit is an error and is not parsed."""
    assert str(parse(b"#" * (MAX_BYTES + 1), "x.yaml").errors[0]) == (
        "FG-entry-too-big: the file has more than 262,144 bytes, too many for an entry (x.yaml)"
    )


def test_a_byte_order_mark_is_no_error():
    """A byte order mark at the beginning of a file is ignored."""
    assert value("\ufeffa: 1") == ({"a": 1}, [])


def test_another_encoding_is_refused_with_the_line():
    """A byte that is not UTF-8 is an error that states the byte and its line."""
    assert (
        str(parse("a: 1\nb: München".encode("latin-1"), "x.yaml").errors[0])
        == "FG-entry-encoding: byte 0xfc is not UTF-8 (x.yaml:2)"
    )
