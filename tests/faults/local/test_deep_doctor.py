"""Tests that ``fitglue doctor --deep`` finds and names everything that was changed in a store
outside of FitGlue, with a fix.
"""

from __future__ import annotations

import os
import time

import pytest

from fitglue_registry import Host, Policy
from tests.faults.local.conftest import after_the_fault, complete, execute, store_of
from tests.sync.builders import finished


def broken(result):
    """Return the errors of the checks that found something broken, by the names of the checks."""
    return {
        check["name"]: check["error"]
        for check in result.document["checks"]
        if check["state"] == "broken"
    }


def blobs(home):
    """Return the paths of the original files."""
    return sorted((home / "blobs").glob("??/??/*"))


def test_nothing_is_wrong_with_a_store_that_was_synced(synced, fitglue):
    """In an intact store ``doctor --deep`` reports each check, and how many responses it read."""
    result = fitglue("doctor", "--deep", "--offline", "--json")
    assert result.code == 0
    details = {check["name"]: check["detail"] for check in result.document["checks"]}
    assert {
        "database file",
        "activities",
        "source activities",
        "aliases",
        "parts",
        "original files",
        "answers",
    } <= details.keys()
    assert details["answers"].startswith("all ")


@pytest.mark.long
def test_nothing_is_wrong_with_a_store_in_postgresql(service, postgres_url, tmp_path):
    """In an intact store in PostgreSQL ``doctor --deep=all`` finds nothing wrong."""
    with Host(tmp_path, postgres_url, policy=Policy.personal()) as host:
        host.connect("intervals", {"api_key": service.api_key, "base_url": service.url})
        finished(host, files=True)
        assert [
            check
            for check in host.upkeep.checks(offline=True, deep="all")
            if check.state == "broken"
        ] == []


def test_a_sample_is_reported_with_its_size(synced, monkeypatch, fitglue):
    """``doctor --deep`` reads a random sample of many responses and reports its size;
    ``--deep=all`` reads all of them.
    """
    monkeypatch.setattr("fitglue_registry.services.checking.SAMPLE", 4)
    sample = {
        check["name"]: check["detail"]
        for check in fitglue("doctor", "--deep", "--offline", "--json").document["checks"]
    }
    everything = {
        check["name"]: check["detail"]
        for check in fitglue("doctor", "--deep=all", "--offline", "--json").document["checks"]
    }
    assert sample["answers"].startswith("4 of ")
    assert everything["answers"].startswith("all ")


WITHOUT_KEYS = "PRAGMA foreign_keys=OFF"


@pytest.mark.parametrize(
    ("name", "code", "statement"),
    [
        (
            "activities",
            "FG-store-inconsistent",
            "UPDATE fg_source_activities SET activity_id = NULL WHERE id = 1",
        ),
        (
            "source activities",
            "FG-store-inconsistent",
            "DELETE FROM fg_activities WHERE number = 1",
        ),
        (
            "aliases",
            "FG-store-inconsistent",
            "INSERT INTO fg_aliases VALUES ('old', 'me', 99, 'nowhere')",
        ),
        ("parts", "FG-store-inconsistent", "DELETE FROM fg_raw WHERE part = 'streams'"),
        ("database file", "FG-store-damaged", "DELETE FROM fg_athletes"),
        (
            "documents and streams",
            "FG-store-damaged",
            "UPDATE fg_activities SET document = substr(document, 2) WHERE number = 1",
        ),
        (
            "documents and streams",
            "FG-store-damaged",
            "UPDATE fg_streams SET content = zeroblob(100)",
        ),
        (
            "store",
            "FG-store-damaged",
            "UPDATE fg_raw SET received_at = cast(x'deadbeef' as text) WHERE id = 1",
        ),
        ("answers", "FG-raw-damaged", "UPDATE fg_raw SET content = x'00' WHERE part = 'detail'"),
        (
            "answers",
            "FG-raw-damaged",
            (
                "UPDATE fg_raw SET sha256 = replace(sha256, substr(sha256, 1, 8), '00000000') "
                "WHERE part = 'detail'"
            ),
        ),
    ],
)
def test_a_changed_store_is_reported(synced, fitglue, name, code, statement, reliability):
    """Orphaned, dangling, missing and changed rows are reported with exit code 7, a code, an
    example and a fix.
    """
    execute(synced / "fitglue.db", WITHOUT_KEYS, statement)
    result = fitglue("doctor", "--deep", "--offline", "--json")
    assert result.code == 7
    assert broken(result)[name]["code"] == code
    assert complete(broken(result)[name])
    reliability(
        "local",
        "rows changed or deleted outside of FitGlue",
        lost=0,
        seen="`doctor --deep` names them, exit 7",
    )


def test_a_missing_original_file_is_an_error_and_an_unreferenced_one_is_not(synced, fitglue):
    """A row without its blob is an error, but a blob without a row is only reported, and
    ``--repair`` removes it once it is older than an hour.
    """
    missing, kept = blobs(synced)[:2]
    content = missing.read_bytes()
    missing.unlink()
    assert (
        broken(fitglue("doctor", "--deep", "--offline", "--json"))["original files"]["code"]
        == "FG-blob-missing"
    )
    missing.write_bytes(content)
    orphan = kept.with_name("ab" * 32)
    orphan.write_bytes(b"orphan")
    os.utime(orphan, (time.time() - 9000,) * 2)
    odd = synced / "blobs" / "ab" / "ab"
    odd.mkdir(parents=True)
    orphan.rename(odd / orphan.name)
    result = fitglue("doctor", "--deep", "--offline")
    assert result.code == 0
    assert "1 that no record names" in result.out
    fitglue("doctor", "--repair", "--offline")
    assert not (odd / orphan.name).exists()
    assert kept.exists()


@pytest.mark.parametrize(
    ("fault", "damage"),
    [
        ("an original file is missing", lambda home: blobs(home)[0].unlink()),
        pytest.param(
            "garbage in place of an original file",
            lambda home: blobs(home)[0].write_bytes(b"garbage"),
            marks=pytest.mark.long,
        ),
        pytest.param(
            "garbage in place of responses in the database",
            lambda home: execute(
                home / "fitglue.db",
                "UPDATE fg_raw SET content = x'00' WHERE part IN ('detail', 'streams')",
            ),
            marks=pytest.mark.long,
        ),
        pytest.param(
            "responses are missing from the database",
            lambda home: execute(home / "fitglue.db", "DELETE FROM fg_raw WHERE part = 'detail'"),
            marks=pytest.mark.long,
        ),
    ],
    ids=["gone", "garbage", "answers", "rows"],
)
def test_what_is_damaged_is_fetched_again(synced, fitglue, homes, fault, damage, reliability):
    """``doctor --repair`` and the next sync lead to the store of an undisturbed run."""
    damage(synced)
    assert fitglue("doctor", "--deep", "--offline").code == 7
    fitglue("doctor", "--repair", "--offline")
    gone = after_the_fault(synced, homes)
    assert gone == 0
    assert fitglue("doctor", "--deep=all", "--offline").code == 0
    reliability(
        "local",
        fault,
        lost=gone,
        seen="`doctor --deep` names it, exit 7; after `--repair` the next sync fetches it again",
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda home: blobs(home)[0].write_bytes(b"garbage"),
        lambda home: execute(
            home / "fitglue.db", "UPDATE fg_raw SET content = x'00' WHERE part = 'detail'"
        ),
    ],
    ids=["blob", "answer"],
)
def test_a_damaged_response_is_not_reported_as_a_bug(synced, fitglue, homes, damage):
    """A rebuild that reads a damaged response names it with a fix, and changes nothing."""
    before = store_of(synced)
    damage(synced)
    result = fitglue("rebuild", "--json")
    assert result.code == 7
    assert result.error["code"] in ("FG-blob-damaged", "FG-raw-damaged")
    assert "--repair" in result.error["fix"]
    assert store_of(synced) == before
