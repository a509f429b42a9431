"""The original files of the stand-in, which it writes in the way in which a device would."""

from __future__ import annotations

import ast
import re
import sys
from datetime import datetime
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from garmin_fit_sdk import Decoder, Encoder, Profile, Stream

import fitglue_intervals
from fitglue_intervals.testing import Account
from fitglue_intervals.testing.files import plain_file_of
from fitglue_intervals.testing.fit_files import fit_file
from fitglue_intervals.testing.fit_profile import MESSAGES
from fitglue_intervals.testing.fit_writer import FitWriter
from fitglue_intervals.testing.plan import single_leg_plan

PACKAGE = Path(fitglue_intervals.__file__).parent
PLAN = single_leg_plan(1, "i1", datetime.fromisoformat("2026-05-01T07:00:00"), "strength", 3)


def imported(file: Path) -> set[str]:
    """Return the packages that a module imports, without those of the standard library."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    packages = {name.partition(".")[0] for name in names}
    return packages - set(sys.stdlib_module_names) - {"fitglue_intervals"}


def test_a_plain_install_has_everything_that_the_package_imports():
    """Each package that the plugin or its stand-in imports belongs to a distribution on which the
    plugin depends without an extra.
    """
    declared = {
        re.match(r"[\w.-]+", requirement)[0]
        for requirement in requires("fitglue-intervals")
        if "extra ==" not in requirement
    }
    known = packages_distributions()
    used = set().union(*(imported(file) for file in PACKAGE.rglob("*.py")))
    # An editable installation does not list its packages.
    distributions = {name: known.get(name, [name.replace("_", "-")]) for name in used}
    assert [name for name in used if declared.isdisjoint(distributions[name])] == []


def test_files_are_written_without_the_sdk_of_garmin(monkeypatch):
    """Writing files does not import Garmin's SDK, which is installed only for the tests."""
    monkeypatch.setitem(sys.modules, "garmin_fit_sdk", None)
    fit_file.cache_clear()
    account = Account.generate(8, strava_stubs=0)
    files = [plain_file_of(account.plan(id_)) for id_ in account.ids()]
    assert any(content and content[8:12] == b".FIT" for content in files)


def test_the_sdk_reads_a_whole_file():
    """Garmin's decoder reads a complete file without errors and finds the sets of a strength
    session.
    """
    content = plain_file_of(PLAN)
    messages, errors = Decoder(Stream.from_byte_array(bytearray(content))).read()
    assert errors == []
    assert len(messages["set_mesgs"]) == 6


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_the_one_that_the_sdk_writes(name):
    """Each field of a message is stored with the number, type, scale and offset of Garmin's
    profile.
    """
    values = dict.fromkeys(MESSAGES[name].fields, 3)
    writer, encoder = FitWriter(), Encoder()
    writer.write(name, values)
    encoder.write_mesg({"mesg_num": Profile["mesg_num"][name.upper()], **values})
    # The headers differ in the version of the profile, and so the checksums of the files differ.
    assert writer.content()[14:-2] == bytes(encoder.close())[14:-2]


def test_the_definition_of_a_layout_is_forgotten_after_fifteen_others():
    """A layout whose definition was replaced is defined again, because the protocol has only
    sixteen numbers for definitions.
    """
    writer = FitWriter()
    fields = list(MESSAGES["session"].fields)
    for count in [*range(1, 15), 1, 2, 3]:
        writer.write("session", dict.fromkeys(fields[:count], 1))
        writer.write("lap", dict.fromkeys(list(MESSAGES["lap"].fields)[: count % 12 + 1], 1))
    content = writer.content()
    messages, errors = Decoder(Stream.from_byte_array(bytearray(content))).read()
    assert errors == []
    assert len(messages["session_mesgs"]) == len(messages["lap_mesgs"]) == 17
