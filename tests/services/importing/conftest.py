"""Hosts that can import logs, and logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fg_logs import LogPlugin
from tests.services.importing.logs import make_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fitglue_registry import Host


@pytest.fixture
def open_host(tmp_path) -> Iterator[Callable[..., Host]]:
    """Open a host with these plugins, and close it after the test."""
    opened = []

    def make(**plugins: Any) -> Host:
        opened.append(make_host(tmp_path, **plugins))
        return opened[-1]

    yield make
    for host in opened:
        host.close()


@pytest.fixture
def host(open_host) -> Host:
    """A host that imports logs."""
    return open_host(log=LogPlugin())


@pytest.fixture
def log(tmp_path) -> Callable[..., Path]:
    """Write a log of days in May 2026 for an account."""

    def write(name: str, *days: int, account: str = "ada") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join([account, *(f"2026-05-{day:02}T07:00:00" for day in days)]))
        return path

    return write
