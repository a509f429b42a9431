"""Tests of the secret stores: where secrets are, who can read them, and which errors are raised."""

import base64
import json
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keyring
import keyring.backend
import keyring.errors
import pytest

from fitglue_registry.errors import AthleteNeeded, StoreFailed, UserMistake
from fitglue_registry.secrets import references
from fitglue_registry.secrets.chain import ChainSecretStore
from fitglue_registry.secrets.file_store import FileSecretStore
from fitglue_registry.secrets.keyring_store import KeyringSecretStore
from fitglue_registry.secrets.memory import MemorySecretStore

VALUES = {"api_key": "planted-Secret-42", "söt": "snow☃"}


class DesktopKeyring(keyring.backend.KeyringBackend):
    """A keyring that works."""

    priority = 5
    locked = False

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        if self.locked:
            raise keyring.errors.KeyringLocked("the desktop is locked")
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


@pytest.fixture
def desktop(monkeypatch):
    """Install a working keyring."""
    backend = DesktopKeyring()
    monkeypatch.delenv("FITGLUE_SECRETS", raising=False)
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    return backend


@pytest.fixture
def sealed(tmp_path):
    """Return a store of encrypted files in a new folder."""
    return FileSecretStore(tmp_path / "secrets")


@pytest.fixture(params=["memory", "file", "keyring"])
def store(request, tmp_path, desktop):
    """Return each kind of secret store in turn."""
    return {
        "memory": MemorySecretStore(),
        "file": FileSecretStore(tmp_path / "secrets"),
        "keyring": KeyringSecretStore(),
    }[request.param]


def chain_of(tmp_path, **others):
    """Return the store of a machine with this home."""
    return ChainSecretStore(
        lambda: FileSecretStore(tmp_path / "secrets"), KeyringSecretStore, others
    )


def refused(call, *arguments, kind=AthleteNeeded):
    """Return the error that a call raises."""
    with pytest.raises(kind) as caught:
        call(*arguments)
    return caught.value


def key_file(tmp_path):
    """Return the path of the key file."""
    return tmp_path / "secrets" / "secrets.key"


def only_sealed(tmp_path):
    """Return the path of the only sealed file."""
    (file,) = (tmp_path / "secrets").glob("*.sealed")
    return file


def test_stored_values_are_returned(store):
    """The values are returned under their reference, which names their owner and their store."""
    ref = store.put("intervals me", VALUES)
    assert store.get(ref) == VALUES
    assert ref.partition("/")[0] in (
        "memory:intervals-me",
        "file:intervals-me",
        "keyring:intervals-me",
    )


def test_each_put_has_a_reference_of_its_own(store):
    """Every put makes a new reference, so a key is renewed by storing the new one, committing it,
    and deleting the old one.
    """
    old, new = store.put("me", {"k": "old"}), store.put("me", {"k": "new"})
    store.delete(old)
    assert store.get(new) == {"k": "new"}


@pytest.mark.parametrize("where", ["file", "keyring"])
def test_what_an_older_version_stored_is_opened(where, sealed, desktop, monkeypatch):
    """The values that a version without a format and without origins stored are returned."""
    old = json.dumps(VALUES)
    monkeypatch.setattr(f"fitglue_registry.secrets.{where}_store.encode_values", lambda _: old)
    store = sealed if where == "file" else KeyringSecretStore()
    assert store.get(store.put("me", VALUES)) == VALUES


def test_what_a_newer_version_stored_is_not_misread():
    """Values of a newer format are refused, and the error says that a newer version wrote them."""
    newer = references.encode_values(VALUES).replace(
        f'"secret-format": {references.SECRET_FORMAT}', '"secret-format": 99'
    )
    error = refused(references.decode_values, "file:me/0", newer)
    assert (error.code, error.why) == (
        "FG-secret-unreadable",
        "a newer version of FitGlue wrote it",
    )


def test_a_deleted_secret_is_missing(store):
    """Reading a deleted secret raises an error with a fix; deleting it again is not an error."""
    ref = store.put("me", VALUES)
    store.delete(ref)
    store.delete(ref)
    error = refused(store.get, ref)
    assert (error.code, "fitglue connect" in error.fix) == ("FG-secret-missing", True)


def test_files_show_nothing(sealed, tmp_path):
    """A sealed file contains neither values nor names in plain text, and only its owner can read
    it.
    """
    ref = sealed.put("me", VALUES)
    files = [
        path for path in (tmp_path / "secrets").iterdir() if path.suffix in (".key", ".sealed")
    ]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    content = b"".join(path.read_bytes() for path in files)
    assert not [
        word
        for word in (b"planted", b"api_key", base64.b64encode(b"planted-Se")[:12])
        if word in content
    ]
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert "planted" not in ref


def test_another_process_opens_it(sealed, tmp_path):
    """Another process opens a secret with only the key file."""
    ref = sealed.put("me", VALUES)
    assert FileSecretStore(tmp_path / "secrets").get(ref) == VALUES


@pytest.mark.parametrize("lost", ["gone", "another", "nonsense", "empty"])
def test_a_lost_key_file_is_a_clear_message(sealed, tmp_path, lost):
    """If the key file is missing, was replaced or overwritten, the error names it and says what to
    do.
    """
    ref = sealed.put("me", VALUES)
    file = key_file(tmp_path)
    if lost == "gone":
        file.unlink()
    else:
        file.write_bytes(
            {"another": base64.b64encode(os.urandom(32)), "nonsense": b"\xff\x00key", "empty": b""}[
                lost
            ]
        )
    error = refused(sealed.get, ref)
    assert (error.code, error.at.file) == ("FG-secret-key-lost", str(file))
    assert "fitglue connect" in error.fix


def test_after_a_lost_key_file_new_secrets_can_be_kept(sealed, tmp_path):
    """After a lost key file, new secrets can be stored, and an unusable key file is set aside, not
    destroyed.
    """
    old = sealed.put("me", VALUES)
    key_file(tmp_path).write_bytes(b"nonsense")
    assert sealed.get(sealed.put("me", {"k": "new"})) == {"k": "new"}
    assert refused(sealed.get, old).code == "FG-secret-key-lost"
    assert [
        path.read_bytes() for path in (tmp_path / "secrets").glob("secrets.key.unusable-*")
    ] == [b"nonsense"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[:20],
        lambda _: b"",
        lambda content: b"x" + content,
    ],
    ids=["bit", "cut", "empty", "shifted"],
)
def test_a_damaged_file_is_distinguished_from_a_lost_key(sealed, tmp_path, damage):
    """A sealed file with one changed bit is reported as damaged, not as a lost key."""
    ref = sealed.put("me", VALUES)
    file = only_sealed(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    assert refused(sealed.get, ref).code == "FG-secret-unreadable"


def test_a_secret_does_not_open_for_another_connection(sealed, tmp_path):
    """A sealed file is bound to its reference: it does not open under that of another connection or
    with another owner.
    """
    mine, yours = sealed.put("me", VALUES), sealed.put("you", {"k": "theirs"})
    paths = [tmp_path / "secrets" / f"{ref.partition('/')[2]}.sealed" for ref in (mine, yours)]
    paths[0].write_bytes(paths[1].read_bytes())
    assert refused(sealed.get, mine).code == "FG-secret-unreadable"
    assert refused(sealed.get, yours.replace("you", "me")).code == "FG-secret-unreadable"


@pytest.mark.parametrize(
    "ref",
    [
        "file:me/../../etc/passwd",
        "file:me/",
        "",
        "file:" + "a" * 99,
        "keyring:me/" + "0" * 32,
        "file:m/e/" + "0" * 32,
    ],
)
def test_what_is_no_reference_never_becomes_a_path(sealed, ref):
    """A text that is not a reference is rejected before it becomes a path, since it comes from a
    database that anyone may have written.
    """
    assert refused(sealed.get, ref).code == "FG-secret-unreadable"


def test_a_key_file_that_others_may_read_is_repaired_with_a_warning(sealed, tmp_path, caplog):
    """The mode of a key file that others can read is corrected, and a warning says that the keys
    may be known.
    """
    ref = sealed.put("me", VALUES)
    key_file(tmp_path).chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert sealed.get(ref) == VALUES
    assert key_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert "renew your keys" in caplog.text


def test_a_key_file_that_cannot_be_made_private_is_refused(sealed, tmp_path, monkeypatch):
    """A key file that others can read, and whose mode cannot be changed, is refused."""

    def fail(*_):
        raise PermissionError(1, "Operation not permitted")

    ref = sealed.put("me", VALUES)
    key_file(tmp_path).chmod(0o644)
    monkeypatch.setattr(type(tmp_path), "chmod", fail)
    assert refused(sealed.get, ref, kind=StoreFailed).code == "FG-secret-key-exposed"


def test_a_full_disk_leaves_nothing_half_written(sealed, tmp_path, monkeypatch):
    """If the disk is full, the error names the folder, and existing secrets do not change."""

    def fail(_):
        raise OSError(28, "No space left on device")

    ref = sealed.put("me", VALUES)
    monkeypatch.setattr(os, "fsync", fail)
    error = refused(sealed.put, "me", {"k": "new"}, kind=StoreFailed)
    assert (error.code, error.why) == ("FG-secrets-unusable", "No space left on device")
    assert sealed.get(ref) == VALUES
    assert not list((tmp_path / "secrets").glob(".unfinished-*"))


def test_many_first_secrets_at_once_share_one_key(tmp_path):
    """If several processes store the first secret at the same moment, all of the secrets can be
    opened.
    """
    stores = [FileSecretStore(tmp_path / "secrets") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        refs = list(pool.map(lambda store: store.put("me", VALUES), stores))
    assert [stores[0].get(ref) for ref in refs] == [VALUES] * 8


def test_the_desktop_s_keyring_is_the_best_place(desktop, tmp_path):
    """With a working keyring, a new secret is stored there under a name that people recognize."""
    ref = chain_of(tmp_path).put("intervals-1", VALUES)
    ((service, name),) = desktop.kept
    assert (ref.startswith("keyring:"), service, name.startswith("intervals-1/")) == (
        True,
        "fitglue",
        True,
    )


@pytest.mark.parametrize("trouble", [{"priority": 0.5}, {"locked": True}])
def test_without_a_real_keyring_secrets_go_to_a_file(desktop, tmp_path, monkeypatch, trouble):
    """A keyring that writes plain text or stays locked is not used, and new secrets are stored in
    files.
    """
    for name, value in trouble.items():
        monkeypatch.setattr(DesktopKeyring, name, value)
    assert chain_of(tmp_path).scheme == "file"


@pytest.mark.parametrize(("wanted", "scheme"), [("file", "file"), ("KEYRING", "keyring")])
def test_the_environment_decides(desktop, tmp_path, monkeypatch, wanted, scheme):
    """``FITGLUE_SECRETS`` chooses between the keyring and files."""
    monkeypatch.setenv("FITGLUE_SECRETS", wanted)
    assert chain_of(tmp_path).scheme == scheme


def test_another_word_in_the_environment_is_a_mistake(tmp_path, monkeypatch):
    """An unknown value of ``FITGLUE_SECRETS`` is an error; it is not treated as the default."""
    monkeypatch.setenv("FITGLUE_SECRETS", "vault")
    assert (
        refused(chain_of(tmp_path).put, "me", VALUES, kind=UserMistake).code == "FG-secrets-setting"
    )


def test_a_locked_keyring_says_what_a_scheduler_can_do(desktop, monkeypatch):
    """The error of a locked keyring names the command that moves the secrets to files, which need
    no desktop.
    """
    ref = KeyringSecretStore().put("me", VALUES)
    monkeypatch.setattr(DesktopKeyring, "locked", True)
    error = refused(KeyringSecretStore().get, ref)
    assert (error.code, "FITGLUE_SECRETS=file" in error.fix) == ("FG-keyring-unavailable", True)


def test_a_scheduler_reads_files_without_importing_a_keyring(tmp_path):
    """Opening a secret in a file does not import the keyring."""
    ref = FileSecretStore(tmp_path / "secrets").put("me", VALUES)
    code = (
        "import sys; from fitglue_registry import Host\n"
        f"print(len(Host({str(tmp_path)!r}).workspace.secrets.get({ref!r})), "
        "'keyring' in sys.modules)"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "2 False\n"
    )


def test_a_chain_opens_each_reference_with_its_own_store(desktop, tmp_path):
    """A reference of an embedder's store is opened with that store, and one of an unknown kind is
    an error.
    """
    memory = MemorySecretStore()
    chain = chain_of(tmp_path, memory=memory)
    refs = [
        memory.put("a", VALUES),
        FileSecretStore(tmp_path / "secrets").put("b", VALUES),
        chain.put("c", VALUES),
    ]
    assert [chain.get(ref) for ref in refs] == [VALUES] * 3
    for ref in refs:
        chain.delete(ref)
    assert {refused(chain.get, ref).code for ref in refs} == {"FG-secret-missing"}
    assert refused(chain.get, "vault:me/" + "0" * 32).code == "FG-secret-unreadable"


def test_a_keyring_entry_of_somebody_else_is_refused(desktop):
    """An entry of the keyring that another program wrote under our name is refused."""
    ref = KeyringSecretStore().put("me", VALUES)
    for name in desktop.kept:
        desktop.kept[name] = "hand written"
    assert refused(KeyringSecretStore().get, ref).code == "FG-secret-unreadable"
    assert references.split_reference(ref)[1] == "me"
