"""Tests of odd arguments: whatever a person or a script types, the answer is a result or the
explanation of a mistake, and never a bug.

The tests go through every command and every parameter that click knows, so that a new command is
tested without a line here.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys

import click
import pytest

from fitglue_registry import Filter, Host
from fitglue_registry.cli.app import EXIT_CODES, root, run
from fitglue_registry.errors import PluginFailed, UserMistake
from fitglue_registry.services import plugin_installing

#: Values of arguments that make a command get beyond its first check, by the parameter's name.
USUAL = {
    "connection": "intervals",
    "connections": "unknown",
    "external_id": "i1",
    "integration": "intervals",
    "name": "intervals",
    "number": "1",
    "out": "out.txt",
    "reference": "last",
    "references": "1",
    "source": "intervals",
    "statement": "select 1",
    "zone": "Europe/Berlin",
}
#: What is typed, by a description. The first ones are tested in `make test`.
ODD = {
    "50 kB": "x" * 50_000,
    "2**63": str(2**63),
    "not UTF-8": "\udcff\udc80",
    "a name of 300 bytes": "a" * 300,
    "spaces": "  ",
}
ODDER = {
    "empty": "",
    "a null character": "a\0b",
    "a lone surrogate": "\ud800",
    "5,000 digits": "9" * 5000,
    "-2**63-1": str(-(2**63) - 1),
    "a path of 6 kB": "/".join(["a" * 200] * 30),
    "infinite": "1e999",
    "not a number": "nan",
    "Arabic digits": "١٢",
    "a superscript digit": "²",
    "an escape sequence": "\x1b[31mred",
    "a change of direction": "\u202eabc",
    "two lines": "a\nb",
    "the root": "/",
    "the current folder": ".",
    "the folder above": "..",
    "the home of nobody": "~nobody-has-this-name/x",
    "a format": "%s{}%(x)s",
    "markup": "[bold]",
    "the first day": "0001-01-01",
    "the last day": "9999-12-31",
    "99999d": "99999d",
    "99999w": "99999w",
    "a very long distance": "9" * 400 + "km",
    "a broken URL": "http://[::1",
    "a port that does not exist": "http://x:99999999/",
    "a claim without an id": "intervals:",
    "=": "=",
    "a field without a value": "title=",
    "a field with an infinite value": "moving_s=1e400",
    "two statements": "select 1;select 2",
    "two dashes": "--",
}
#: The options of this command are those of another program, which has a test of its own.
_OF_ANOTHER_PROGRAM = ("dev", "stand-in")


def parameters(command=root, path=()):
    """Yield each command with its path, and each of its parameters that takes a value."""
    for parameter in command.params:
        if not getattr(parameter, "is_flag", False) and not getattr(parameter, "count", False):
            yield path, command, parameter
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from parameters(command.get_command(context, name), (*path, name))


PARAMETERS = [case for case in parameters() if case[0] != _OF_ANOTHER_PROGRAM]
IDS = [" ".join((*path, parameter.name)) for path, _, parameter in PARAMETERS]


def typed(path, command, odd, value):
    """Return a command line in which one parameter has an odd value and the others usual ones."""
    arguments = []
    options = (
        ["--yes"] if "--yes" in {name for each in command.params for name in each.opts} else []
    )
    for parameter in command.params:
        usual = USUAL.get(parameter.name, "unknown")
        if parameter is odd and isinstance(parameter, click.Option):
            options.append(f"{parameter.opts[-1]}={value}")
        elif isinstance(parameter, click.Option):
            options += [f"{parameter.opts[-1]}={usual}"] if parameter.required else []
        elif parameter is odd:
            arguments += [usual, value] if parameter.nargs == -1 and parameter.required else [value]
        elif parameter.required or parameter.name == "references":
            # With a reference, `export` writes one activity and not all of them.
            arguments.append(usual)
    return [*path, *options, "--", *arguments]


def refuse_to_install(_):
    """Fail as pip does without a network."""
    raise PluginFailed("FG-plugin-install-failed", "no network in this test")


@pytest.fixture
def type_oddly(synced, fitglue, monkeypatch, tmp_path):
    """Return a function that runs a command with odd values, and returns what it did wrong."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(plugin_installing, "_run", refuse_to_install)

    def call(case, values):
        faults = []
        for name, value in values.items():
            # The root of this machine is not to be imported or filled with backups.
            if name in ("the root", "the folder above") and case[0][0] in ("import", "backup"):
                continue
            said = fitglue(*typed(*case, value))
            if said.code not in EXIT_CODES or said.code == 1:
                faults.append((name, said.code, said.err[:300]))
            if "FG-bug" in said.err or len(said.err) > 10_000 or "\x1b" in said.err:
                faults.append((name, said.err[:300]))
        return faults

    return call


@pytest.mark.parametrize("case", PARAMETERS, ids=IDS)
def test_an_odd_argument_is_never_a_bug(type_oddly, case, reliability):
    """A value that is too long, too large, not UTF-8 or blank is a mistake or finds nothing, for
    each parameter of each command; the message neither repeats it at length nor prints control
    characters.
    """
    faults = type_oddly(case, ODD)
    assert faults == []
    reliability(
        "command",
        f"odd values of `{' '.join(case[0])}`: {case[2].name}",
        times=len(ODD),
        lost=len(faults),
        seen="a result, or a mistake with its fix; never FG-bug",
    )


@pytest.mark.long
@pytest.mark.parametrize("case", PARAMETERS, ids=IDS)
def test_an_odder_argument_is_never_a_bug(type_oddly, case, reliability):
    """The same is true of numbers, dates, paths and texts of every odd form."""
    faults = type_oddly(case, ODDER)
    assert faults == []
    reliability(
        "command",
        f"odder values of `{' '.join(case[0])}`: {case[2].name}",
        times=len(ODDER),
        lost=len(faults),
        seen="a result, or a mistake with its fix; never FG-bug",
    )


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["show", "x" * 50_000], "REF is too long: 50,000 bytes"),
        (["connections", "check", "\udcff"], "NAME is not UTF-8 text"),
        (["export", "--out", "a" * 300], "--out has a name of 300 bytes"),
        (["export", "--out", ""], "--out is empty"),
        (["backup", "make", "a/" + "ü" * 150 + "/b.zip"], "PATH has a name of 300 bytes"),
        (["activities", "--limit", str(2**63)], "9223372036854775808 is not in the range"),
        (["sync", "--every", "99999d"], "is not a time between one minute and a century"),
        (["x" * 5000], "the command 'xxxxx"),
    ],
)
def test_the_mistake_is_named(fitglue, tmp_path, monkeypatch, arguments, what):
    """The message says which argument is wrong and why, and the exit code is that of a mistake."""
    monkeypatch.chdir(tmp_path)
    said = fitglue(*arguments)
    assert (said.code, said.out) == (2, "")
    assert what in " ".join(said.err.split())
    assert len(said.err) < 500


def test_a_file_whose_name_is_not_utf8_can_be_named(synced, fitglue, tmp_path):
    """The names of files may be any bytes: an export can be written to one that is not UTF-8."""
    out = tmp_path / os.fsdecode(b"caf\xe9.jsonl")
    assert fitglue("export", "last", "--out", str(out)).code == 0
    assert out.read_text().startswith('{"number"')


def test_a_statement_may_be_long(fitglue):
    """A statement of SQL may be longer than a path or a name."""
    assert fitglue("sql", f"select 1 as one -- {'x' * 50_000}").code == 0


@pytest.mark.parametrize(
    "wanted",
    [
        {"limit": 2**63},
        {"text": "x" * 100_000},
        {"text": "\ud800"},
        {"sport": "a\0b"},
        {"source": "\udcff"},
        {"min_distance_m": 1e308},
    ],
    ids=str,
)
def test_an_application_can_filter_by_odd_values(synced, tmp_path, wanted):
    """A filter of an application that no activity can meet finds nothing, and a limit that is too
    large for a database is no limit.
    """
    with Host(tmp_path / "home") as host:
        found = host.activities.list(Filter(**wanted))
        assert len(found) == (len(host.activities.list()) if "limit" in wanted else 0)


@pytest.mark.parametrize("reference", ["x" * 100_000, "\udcff\ud800", "a\0b", "9" * 5000])
def test_an_application_can_refer_by_odd_values(synced, tmp_path, reference):
    """A reference of an application that is too long or not a text matches nothing."""
    with Host(tmp_path / "home") as host, pytest.raises(UserMistake) as caught:
        host.activities.get(reference)
    assert (caught.value.code, len(caught.value.what) < 500) == ("FG-activity-unknown", True)


def run_with(child_fds: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command from a shell that closes some of its standard descriptors."""
    words = " ".join(arguments)
    return subprocess.run(
        ["sh", "-c", f"{sys.executable} -m fitglue_registry {words} {child_fds}"],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [["activities", "--json"], ["--help"], ["export", "--out=x"]])
def test_a_closed_standard_output_is_a_mistake(synced, tmp_path, monkeypatch, arguments):
    """If standard output is closed, the command says so and does nothing."""
    monkeypatch.chdir(tmp_path)
    said = run_with(">&-", *arguments)
    assert (said.returncode, said.stdout) == (2, "")
    assert "FG-output-closed" in said.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("closed", ["2>&-", "<&-", "<&- 2>&-"])
def test_other_closed_streams_change_nothing(synced, closed):
    """A command whose standard error or input is closed still prints its result, and what a library
    prints does not end up in the database.
    """
    said = run_with(closed, "sql", "'select count(*) as n from activities'", "--csv")
    assert (said.returncode, said.stdout) == (0, "n\n28\n")


def test_a_closed_stream_of_an_application_is_a_mistake(fitglue, monkeypatch):
    """The same holds if an application that embeds the command has closed its stream."""
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    assert run(["activities"]) == 2


@pytest.mark.parametrize(
    "command",
    [
        ["sql", "-"],
        ["dev", "normalize", "intervals", "-"],
        ["connect", "intervals", "--key-stdin", "--base-url", "http://127.0.0.1:9/api/v1"],
    ],
    ids=["sql", "dev normalize", "connect"],
)
def test_a_standard_input_that_is_no_text_is_a_mistake(monkeypatch, capsys, command):
    """A standard input that is not UTF-8, such as the wrong file, is a mistake."""
    octets = io.BytesIO(b"wr\xff\xfeng file of sixteen")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(octets, encoding="utf-8"))
    assert run(command) in (2, 5)
    assert "FG-bug" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "65536"],
        ["--port", "-1"],
        ["--count", str(2**63)],
        ["--latency-ms", "nan"],
        ["--rows", "a" * 300],
        ["--key", "x" * 50_000],
    ],
    ids=lambda arguments: f"{arguments[0]} {arguments[1][:20]}",
)
def test_an_odd_argument_of_the_stand_in_is_a_mistake(fitglue, capsys, arguments):
    """The options of ``dev stand-in``, which are those of another program, are checked, too."""
    try:
        code = fitglue("dev", "stand-in", *arguments).code
    except SystemExit as ended:
        code = ended.code
    assert code == 2


def test_a_payload_without_an_end_is_refused(fitglue, monkeypatch, tmp_path):
    """A file or a standard input that does not end, such as ``/dev/zero``, is read only up to a
    limit.
    """
    monkeypatch.setattr("fitglue_registry.input_files.LARGEST_FILE", 1_000_000)
    saved = tmp_path / "saved.json"
    saved.write_bytes(b" " * 1_000_001)
    from_file = fitglue("dev", "normalize", "intervals", str(saved))
    from_input = fitglue("dev", "normalize", "intervals", "-", typed=" " * 1_000_001)
    endless = fitglue("sql", "-", typed="select 1 -- " + "x" * 300_000)
    for said in (from_file, from_input, endless):
        assert (said.code, "more than" in " ".join(said.err.split())) == (2, True)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FITGLUE_HOME", "a" * 300),
        ("FITGLUE_HOME", "x" * 5000),
        ("FITGLUE_HOME", "caf\udce9"),
        ("FITGLUE_HOME", "~nobody-has-this-name/x"),
        ("FITGLUE_DATABASE", f"sqlite:///{'a' * 300}"),
        ("FITGLUE_DATABASE", "sqlite:///caf\udce9.db"),
        ("FITGLUE_SECRETS", "x" * 50_000),
        ("COLUMNS", "9" * 5000),
        ("COLUMNS", "²"),
        ("LINES", "9" * 5000),
    ],
    ids=lambda value: value[:20],
)
def test_an_odd_variable_is_never_a_bug(fitglue, monkeypatch, tmp_path, variable, value):
    """An odd value of an environment variable is a mistake or works, and is never a bug."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, value)
    for command in (["activities"], ["doctor", "--offline"], ["sql", "select 1 as one"], []):
        said = fitglue(*command)
        assert said.code in set(EXIT_CODES) - {1}


@pytest.mark.parametrize("name", ["fitglue-nothing", "fitglue.nothing"])
def test_a_folder_is_never_taken_for_a_name(fitglue, tmp_path, monkeypatch, name):
    """``plugin install NAME`` installs the distribution of that name, even if a folder of that name
    is in the working directory.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    (tmp_path / name / "pyproject.toml").write_text('[project]\nname = "trap"\nversion = "1"\n')
    commands = []
    monkeypatch.setattr(plugin_installing, "_run", commands.append)
    fitglue("plugin", "install", name)
    fitglue("plugin", "install", f"./{name}")
    assert [command[-1] for command in commands] == [name, str(tmp_path / name)]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("./missing", "FG-path-missing"),
        ("missing.whl", "FG-path-missing"),
        ("--index-url=https://example.org", "FG-usage"),
        ("two words", "FG-usage"),
    ],
)
def test_what_is_neither_a_name_nor_a_path_is_not_installed(
    fitglue, tmp_path, monkeypatch, typed, code
):
    """A path at which nothing is, an option of pip, or something else is refused."""
    monkeypatch.chdir(tmp_path)
    commands = []
    monkeypatch.setattr(plugin_installing, "_run", commands.append)
    said = fitglue("plugin", "install", "--", typed)
    assert (said.code, code in said.err, commands) == (2, True, [])
