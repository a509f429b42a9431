"""Tests of a key that is lost, damaged, exposed or inaccessible: a clear message has a fix, and
everything else continues.
"""

from __future__ import annotations

import io
import json
import os
import sys

import keyring
import keyring.backends.fail
import pytest

from fitglue_registry import Host, Policy
from fitglue_registry.cli.app import run
from fitglue_registry.errors import FitglueError
from tests.faults.secrets.conftest import KEY
from tests.faults.secrets.killed import FileKeyring
from tests.sync.builders import native


@pytest.fixture
def fitglue(capsys, monkeypatch):
    """Return a function that runs the command in this process and returns exit code, output and
    errors.
    """

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        capsys.readouterr()
        code = run(arguments)
        return (code, *capsys.readouterr())

    return call


@pytest.fixture
def with_files(home, tmp_path):
    """Add a second connection that needs no secret."""
    (tmp_path / "rides").mkdir()
    with Host(home, policy=Policy.personal()) as host:
        host.connect("files", {"paths": str(tmp_path / "rides")})


def key_file(home):
    """Return the path of the key file."""
    return home / "secrets" / "secrets.key"


def only_sealed(home):
    """Return the path of the only encrypted secret."""
    (file,) = (home / "secrets").glob("*.sealed")
    return file


def lose(home):
    """Delete the key file."""
    key_file(home).unlink()


def replace(home):
    """Replace the key file by that of another key."""
    key_file(home).write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")


def overwrite(home):
    """Overwrite the key file with zeros."""
    key_file(home).write_bytes(b"\0" * 40)


def damage(home):
    """Flip one bit of the encrypted secret."""
    content = only_sealed(home).read_bytes()
    only_sealed(home).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def remove(home):
    """Delete the encrypted secret."""
    only_sealed(home).unlink()


def put_a_folder_in_its_place(home):
    """Replace the encrypted secret by a folder."""
    path = only_sealed(home)
    path.unlink()
    path.mkdir()


DAMAGES = {
    lose: "FG-secret-key-lost",
    replace: "FG-secret-key-lost",
    overwrite: "FG-secret-key-lost",
    damage: "FG-secret-unreadable",
    remove: "FG-secret-missing",
    put_a_folder_in_its_place: "FG-secret-unreadable",
}


@pytest.mark.parametrize(
    "damage_secret",
    [
        pytest.param(damage_secret, marks=() if damage_secret is lose else pytest.mark.long)
        for damage_secret in DAMAGES
    ],
    ids=lambda damage_secret: damage_secret.__name__.replace("_", " "),
)
def test_a_lost_or_damaged_key_is_reported_and_everything_else_works(
    home, connect, service, with_files, fitglue, damage_secret, reliability
):
    """A lost or damaged key is reported with exit code 3 and a fix; reading, export, rebuild and
    the other connections work, and connecting again repairs it.
    """
    connect()
    assert fitglue("sync")[0] == 0
    damage_secret(home)
    code, out, _ = fitglue("sync", "intervals", "--json")
    error = json.loads(out.splitlines()[-1])["error"]
    assert (code, error["code"]) == (3, DAMAGES[damage_secret])
    assert "fitglue connect" in error["fix"]
    other_calls = (["activities"], ["show", "last"], ["export"], ["sync", "files"], ["rebuild"], [])
    lost = sum(fitglue(*call)[0] != 0 for call in other_calls)
    assert lost == 0
    connect()
    assert fitglue("sync")[0] == 0
    reliability(
        "secrets",
        "a key file or an encrypted secret is lost, replaced or damaged",
        lost=lost,
        seen="FG-secret-key-lost, -unreadable or -missing, exit 3; the other connections continue; "
        "connecting again repairs it",
    )


def test_a_secret_that_does_not_open_is_reported_by_rekey(home, connect, fitglue):
    """``rekey`` reports a secret that cannot be decrypted with exit code 3, and leaves its file
    unchanged.
    """
    connect()
    damage(home)
    before = only_sealed(home).read_bytes()
    code, _, err = fitglue("connections", "rekey")
    assert (code, "[FG-secret-unreadable]" in err) == (3, True)
    assert only_sealed(home).read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("what", ["folder", "key file", "sealed file"])
def test_a_link_in_place_of_a_secret_is_refused(home, connect, tmp_path, service, what):
    """A symbolic link in place of the folder, the key file or a secret is refused, because whoever
    placed it could choose what is read or where a key is written.
    """
    connect()
    path = {
        "folder": home / "secrets",
        "key file": key_file(home),
        "sealed file": only_sealed(home),
    }[what]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with Host(home, policy=Policy.personal()) as host, pytest.raises(FitglueError) as caught:
        host.connections.probe("intervals")
    assert caught.value.code in ("FG-secrets-unusable", "FG-secret-unreadable")
    assert "link" in f"{caught.value.why}"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_nothing_is_written_through_a_link(home, tmp_path, service):
    """If the folder of secrets is a symbolic link before the first secret, nothing is written to
    it.
    """
    home.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (home / "secrets").symlink_to(tmp_path / "elsewhere")
    with Host(home, policy=Policy.personal()) as host, pytest.raises(FitglueError) as caught:
        host.connect("intervals", {"api_key": KEY, "base_url": service.url})
    assert caught.value.code == "FG-secrets-unusable"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_everything_is_private_whatever_the_umask(home, connect, fitglue):
    """Only the owner can read the home, the folder of secrets and every file with a secret,
    regardless of the umask.
    """
    old = os.umask(0)
    try:
        connect()
        fitglue("connections", "rekey")
    finally:
        os.umask(old)
    modes = {
        path.relative_to(home).as_posix(): path.stat().st_mode & 0o077
        for path in (home / "secrets").rglob("*")
    }
    assert {name: mode for name, mode in modes.items() if mode} == {}
    assert (home.stat().st_mode & 0o777, (home / "secrets").stat().st_mode & 0o777) == (
        0o700,
        0o700,
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_folder_that_others_may_enter_is_closed(home, connect):
    """If others may enter the folder of secrets, as after the restore of a backup without modes,
    the next secret makes it private.
    """
    connect()
    (home / "secrets").chmod(0o755)
    connect()
    assert (home / "secrets").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such owners")
def test_a_folder_of_another_user_gets_no_secret(home, connect, monkeypatch):
    """No secret is written to a folder of secrets that another user owns."""
    connect()
    folder = home / "secrets"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    user = os.geteuid() + 1
    monkeypatch.setattr("os.geteuid", lambda: user)
    with pytest.raises(FitglueError) as caught:
        connect()
    assert "belongs to another user" in str(caught.value.as_dict())
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before


def locked(*_):
    """Imitate a keyring that is locked."""
    raise RuntimeError("no session bus: org.freedesktop.secrets")


@pytest.mark.parametrize(
    "keyring_of_the_scheduler", ["none", pytest.param("locked", marks=pytest.mark.long)]
)
def test_a_scheduler_without_a_desktop_can_sync_after_one_command(
    home, service, connect, fitglue, monkeypatch, keyring_of_the_scheduler, reliability
):
    """If a key is in the keyring of a desktop, a scheduler's sync fails with a message that names
    the command to run once, and works after that.
    """
    monkeypatch.setenv("FITGLUE_SECRETS", "keyring")
    connect()
    monkeypatch.delenv("FITGLUE_SECRETS")

    def scheduled(*arguments):
        with monkeypatch.context() as patch:
            patch.setattr(FileKeyring, "get_password", locked)
            if keyring_of_the_scheduler == "none":
                patch.setattr(keyring.core, "_keyring_backend", keyring.backends.fail.Keyring())
            return fitglue(*arguments)

    code, _, err = scheduled("sync")
    assert (
        code,
        "[FG-keyring-unavailable]" in err,
        "fitglue connections rekey --to file" in err,
    ) == (3, True, True)
    assert fitglue("connections", "rekey", "--to", "file")[0] == 0
    assert scheduled("sync")[0] == 0
    shown = json.loads(f"[{scheduled('activities', '--json')[1].strip().replace(chr(10), ',')}]")
    lost = len(native(service.account)) - len(shown)
    assert lost == 0
    reliability(
        "secrets",
        "a scheduler without access to the keyring of the desktop",
        lost=lost,
        seen="FG-keyring-unavailable, exit 3; after `connections rekey --to file` syncs work",
    )


def test_rekey_says_where_each_key_lies(home, connect, with_files, fitglue):
    """``rekey`` prints for each connection that has a key where the key is stored, also as JSON."""
    connect()
    assert (
        "intervals: its key is stored in a file, encrypted with the new key file"
        in fitglue("connections", "rekey")[1]
    )
    result = json.loads(fitglue("connections", "rekey", "--json")[1])
    assert result == {"connection": "intervals", "ok": True, "kept_in": "file", "new_key": True}
