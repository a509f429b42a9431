"""Tests that a broken distribution is reported by name and does not hide the plugins of other
distributions.
"""

from __future__ import annotations

import sys

import pytest

from fitglue_registry.plugins import Plugins
from tests.sampling import sampled


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return a function that adds a distribution to the environment: its ``.dist-info`` and one
    module.
    """
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def add(
        name,
        *,
        metadata=None,
        points="[fitglue.plugins]\n{name} = {module}\n",
        module="import sys\n",
        **files,
    ):
        code = name.replace("-", "_")
        info = tmp_path / f"{code}-1.0.dist-info"
        info.mkdir()
        (tmp_path / f"{code}.py").write_text(module)
        if metadata is None:
            metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        (info / "METADATA").write_bytes(
            metadata if isinstance(metadata, bytes) else metadata.encode()
        )
        text = (
            points if isinstance(points, bytes) else points.format(name=name, module=code).encode()
        )
        (info / "entry_points.txt").write_bytes(text)

    yield add
    for name in sys.modules.keys() - before:
        if name.startswith("fg_"):
            del sys.modules[name]


BROKEN = {
    "bytes that are not text": b"\xff\xfe[fitglue.plugins]\nbad = x\n",
    "lines before any group": b"bad = x\n[fitglue.plugins\nbad",
    "lines that are not entries": b"[fitglue.plugins]\n= = =\n\0\0\n",
}


@pytest.mark.parametrize("points", sampled(BROKEN))
def test_a_distribution_whose_entry_points_are_broken_hides_no_other(site, reliability, points):
    """A distribution with an unreadable ``entry_points.txt`` does not hide the plugins of other
    distributions.
    """
    site("fg-bad", points=BROKEN[points])
    names = Plugins().names()
    assert "fitglue-intervals" in names
    lost = 0 if "fitglue-files" in names else 1
    reliability(
        "plugins",
        "distribution: broken entry points",
        lost=lost,
        seen="FG-distribution-broken, or nothing",
    )


def test_a_distribution_whose_entry_points_cannot_be_read_is_named(site):
    """The error about an unreadable ``entry_points.txt`` names the folder of the distribution and
    has a fix.
    """
    site("fg-bad", points=BROKEN["bytes that are not text"])
    _, errors = Plugins().registry_folders()
    [error] = [error for error in errors if error.code == "FG-distribution-broken"]
    assert "fg_bad-1.0.dist-info" in error.at.file
    assert error.fix


@pytest.mark.parametrize(
    "broken",
    sampled(
        [
            ("[fitglue.plugins]\nfg-bad = nowhere.at.all\n", ""),
            ("[fitglue.plugins]\nfg-bad = fg_bad:missing\n", ""),
            ("[fitglue.plugins]\nfg-bad = not a name!\n", ""),
            ("[fitglue.plugins]\nfg-bad = fg_bad\n", "raise SystemExit(3)"),
            ("[fitglue.plugins]\nfg-bad = fg_bad\n", "import fg_bad.itself"),
            ("[fitglue.plugins]\nfg-bad = fg_bad\n", "def ("),
            ("[fitglue.plugins]\nfg-bad = fg_bad\n", "\0"),
        ],
        ids=list("abcdefg"),
    ),
)
def test_a_plugin_that_cannot_be_imported_is_named(site, reliability, broken):
    """A plugin that cannot be imported is reported with a code, a reason and a fix, and the other
    plugins load.
    """
    points, module = broken
    site("fg-bad", points=points.encode(), module=module)
    plugins = Plugins()
    error = plugins.info("fg-bad").error
    assert error.code == "FG-plugin-import-failed"
    assert error.why
    good = plugins.info("fitglue-files").error
    assert good is None
    reliability(
        "plugins",
        "distribution: a plugin that cannot be imported",
        lost=1 if good else 0,
        seen="FG-plugin-import-failed, exit 8",
    )


@pytest.mark.parametrize(
    "metadata",
    sampled(
        [
            b"",
            b"Name\n",
            b"\xff\xff",
            b"Metadata-Version: 2.1\nName: fg-bad\n",
            b"Metadata-Version: 2.1\nName: fg-bad\nVersion: not a version at all\n",
        ]
    ),
)
def test_metadata_that_makes_no_sense_ends_nothing(site, reliability, metadata):
    """A distribution with unusable metadata is left out, and the other plugins load."""
    site("fg-bad", metadata=metadata)
    plugins = Plugins()
    plugins.distribution("fg-bad")
    good = plugins.info("fitglue-files").error
    assert good is None
    reliability(
        "plugins",
        "distribution: metadata that makes no sense",
        lost=1 if good else 0,
        seen="nothing, or the plugin is left out",
    )


def test_two_distributions_with_one_plugin_name_are_distinguished(site, reliability):
    """When two distributions claim one plugin name, the distribution that is named like the plugin
    has it, and the error names the other one.
    """
    site("fg-aaa", points="[fitglue.plugins]\nfg-zzz = {module}\n")
    site("fg-zzz")
    plugins = Plugins()
    _, errors = plugins.registry_folders()
    [error] = [error for error in errors if error.code == "FG-plugin-name-taken"]
    assert "fg-aaa (fg_aaa) is ignored" in error.what
    assert plugins.distribution("fg-zzz") == ("fg-zzz", "1.0")
    reliability(
        "plugins",
        "distribution: two with the same plugin name",
        lost=0,
        seen="FG-plugin-name-taken",
    )
