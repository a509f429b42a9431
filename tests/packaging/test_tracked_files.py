"""Tests of the files in git: none names a machine, a package index or a secret."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.packaging.environment import CHECKOUT

#: Paths such as ``/home/me`` are allowed, because they are examples.
OF_A_MACHINE = [
    re.escape(f"{CHECKOUT}/"),
    rf"(?<![\w./]){re.escape(str(Path.home()))}/",
    r"(?<![\w.])/(home|Users)/(?!me\b|user\b|you\b|ada\b)\w",
]
INDEXES = [r"\bpypi\.org\b", r"\bpythonhosted\.org\b", r"\b(artifactory|devpi|codeartifact)\b"]
SECRETS = [
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"\bAKIA[0-9A-Z]{16}\b",
    r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
    r"\bgithub_pat_\w{20,}",
    r"\bsk-[A-Za-z0-9]{32,}\b",
    r"\bxox[abp]-[A-Za-z0-9-]{10,}",
    r"\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.",
]


@cache
def tracked() -> dict[str, str]:
    """Return the text of every file that git tracks, or would with the next ``git add``, except
    this file, which contains the patterns.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    paths = {name: Path(CHECKOUT, name) for name in listed.stdout.split("\0") if name}
    texts = {
        name: path.read_bytes().decode("utf-8", "replace")
        for name, path in paths.items()
        if path.is_file()
    }
    texts.pop(Path(__file__).relative_to(CHECKOUT).as_posix(), None)
    return texts


def matches(*patterns: str) -> list[str]:
    """Return where the patterns occur, as ``file:line: text``."""
    return [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for name, text in tracked().items()
        for pattern in patterns
        for match in re.finditer(pattern, text)
    ]


def test_no_path_of_a_machine():
    """No file names a folder of the machine on which it was written."""
    assert matches(*OF_A_MACHINE) == []


def test_no_package_index():
    """No file names a package index, because that is a setting of each machine's pip."""
    assert matches(*INDEXES) == []


def test_no_package_index_of_this_machine():
    """No file names the package index that pip uses on this machine."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    named = [
        value
        for name, value in os.environ.items()
        if name.startswith(("PIP_", "UV_")) and "://" in value
    ]
    hosts = {urlsplit(url).hostname for url in [*re.findall(r"https?://[^'\s]+", listed), *named]}
    hosts -= {None, "127.0.0.1", "localhost"}
    # The assertion does not show the host name, because test reports may be public.
    assert not any(host in text for host in hosts for text in tracked().values())


def test_nothing_that_looks_like_a_secret():
    """No file contains a key or a token of a well-known form."""
    assert matches(*SECRETS) == []


def test_nothing_that_was_built():
    """No file that a tool generates, such as a cache or a database, is in git."""
    assert [
        name
        for name in tracked()
        if re.search(r"(^|/)(__pycache__|dist|build|\.venv|\.demo)/|\.(pyc|whl|db)$", name)
    ] == []
