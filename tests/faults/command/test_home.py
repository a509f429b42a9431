"""Tests of the data folder on a machine with other users: they can read nothing in it, and what
they can have written is not trusted.
"""

from __future__ import annotations

import ast
import json
import logging
import os
import stat
from pathlib import Path

import pytest

import fitglue_registry
from fitglue_registry import Host
from fitglue_registry.errors import StoreFailed
from fitglue_registry.redaction.redactor import Redactor
from fitglue_registry.registry.http import Budget as Limit
from fitglue_registry.secrets.file_store import FileSecretStore
from fitglue_registry.services.bug_reports import keep_traceback
from fitglue_registry.services.plugin_cache import plugin_cache
from fitglue_registry.transport.budget import FileBudget
from fitglue_registry.transport.clock import SystemClock

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")

#: The modules that create files or folders themselves, and why.
CREATE_THEMSELVES = {
    "private_files.py": "sets the modes",
    "durable.py": "names the mode of its lock",
    "backup/writing.py": "writes inside a private folder",
    "services/original_files.py": "writes where the user says",
    "services/written_files.py": "writes where the user says",
}
ELSEWHERE = "https://elsewhere.example/api"


@pytest.fixture
def home(tmp_path):
    """Return the path of the data folder."""
    return tmp_path / "home"


@pytest.fixture
def set_umask():
    """Return a function that sets the umask until the test ends."""
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def mode_of(path):
    """Return the permissions of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def fill(home, rides, connect, fitglue, monkeypatch):
    """Run commands that together write every kind of file into the data folder."""
    connect()
    fitglue("sync", "--files")
    fitglue("import", str(rides), "--yes")
    with monkeypatch.context() as patch:
        patch.setattr("fitglue_registry.services.reading.Activities.list", lambda *_: 1 / 0)
        assert fitglue("activities").code == 1
    # Requests to a server of this machine are not counted.
    limits = [Limit(requests=10, per_s=1.0, scope="ip")]
    FileBudget(home / "budget", "ip example.org", limits, SystemClock()).acquire()


@pytest.mark.parametrize("umask", [0o000, 0o777], ids=["allows all", "allows nothing"])
def test_everything_in_the_home_is_private(
    home, connect, fitglue, tmp_path, set_umask, monkeypatch, umask, reliability
):
    """Each folder in the home has mode 0700 and each file 0600, whatever the umask is: caches,
    locks, bug reports, budgets, original files and the database.
    """
    rides = tmp_path / "rides"
    rides.mkdir()
    (rides / "note.fit").write_bytes(b"no FIT file")
    set_umask(umask)
    fill(home, rides, connect, fitglue, monkeypatch)
    paths = [home, *home.rglob("*")]
    assert {"fitglue.db", "registry.json", "kinds.sqlite", "locks", "logs", "blobs"} <= {
        path.name for path in paths
    }
    exposed = {
        path.name: oct(mode_of(path))
        for path in paths
        if mode_of(path) != (0o700 if path.is_dir() else 0o600)
    }
    assert exposed == {}
    reliability(
        "command",
        f"the data folder is filled under the umask {umask:03o}",
        lost=len(exposed),
        seen="every folder has mode 0700 and every file 0600",
    )


def creations(file):
    """Return the calls of a module that create a file or a folder."""
    calls = [
        node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)
    ]
    names = {getattr(call, "attr", getattr(call, "id", "")) for call in calls}
    return sorted(names & {"mkdir", "write_text", "write_bytes", "mkstemp", "FileLock"})


def test_only_few_modules_create_files():
    """Whatever creates a file or a folder in the home does it through ``private_files``, whose
    modes do not depend on the umask.
    """
    package = Path(fitglue_registry.__file__).parent
    found = {}
    for file in package.rglob("*.py"):
        name = file.relative_to(package).as_posix()
        if name not in CREATE_THEMSELVES and not name.startswith("testing/") and creations(file):
            found[name] = creations(file)
    assert found == {}


def poison(home):
    """Change the address of Intervals.icu in the cache of the registry, and return its file."""
    with Host(home) as host:
        assert host.entries.list()
    cache = home / "cache" / "registry.json"
    content = json.loads(cache.read_text())
    for entry in content["entries"]:
        if (entry.get("kind"), entry.get("id")) == ("integration", "intervals"):
            entry["http"]["base_url"] = ELSEWHERE
    cache.write_text(json.dumps(content))
    return cache


def address_of_intervals(home):
    """Return the address that a host would request."""
    with Host(home) as host:
        return host.workspace.catalogue.get("integration", "intervals").http.base_url


def let_others_write_the_file(cache, monkeypatch):
    """Give the file a mode that lets others write to it."""
    cache.chmod(0o666)


def let_others_write_the_folder(cache, monkeypatch):
    """Give the folder a mode that lets others replace the file."""
    cache.parent.chmod(0o777)


def let_it_be_a_link(cache, monkeypatch):
    """Put a link to a file elsewhere in the place of the file."""
    cache.rename(cache.parents[2] / "elsewhere.json")
    cache.symlink_to(cache.parents[2] / "elsewhere.json")


def let_it_belong_to_another_user(cache, monkeypatch):
    """Let the file belong to another user than the one who runs the command."""
    user = os.geteuid() + 1
    monkeypatch.setattr("fitglue_registry.private_files.os.geteuid", lambda: user)


def test_a_cache_of_our_own_is_used(home):
    """The cache of the registry is read if nobody else can have written it."""
    poison(home)
    assert address_of_intervals(home) == ELSEWHERE


@pytest.mark.parametrize(
    "expose",
    [
        let_others_write_the_file,
        let_others_write_the_folder,
        let_it_be_a_link,
        let_it_belong_to_another_user,
    ],
)
def test_a_cache_that_others_can_write_is_not_trusted(
    home, monkeypatch, caplog, expose, reliability
):
    """A cache of the registry that another user can have written is not used, because it could send
    the key to another address.
    """
    expose(poison(home), monkeypatch)
    caplog.set_level(logging.WARNING)
    address = address_of_intervals(home)
    assert address != ELSEWHERE
    assert "the cache of the registry is not used" in caplog.text
    reliability(
        "command",
        f"a poisoned cache: {expose.__name__.replace('_', ' ')}",
        lost=int(address == ELSEWHERE),
        seen="a warning; the registry is read instead",
    )


@pytest.mark.parametrize("expose", [let_others_write_the_file, let_others_write_the_folder])
def test_a_cache_that_is_not_trusted_is_replaced_by_a_private_one(home, monkeypatch, expose):
    """The cache that replaces one that others could write is private, and is used again."""
    cache = poison(home)
    expose(cache, monkeypatch)
    address_of_intervals(home)
    assert (mode_of(cache.parent), mode_of(cache)) == (0o700, 0o600)
    assert ELSEWHERE not in cache.read_text()


def test_a_file_that_others_can_write_is_removed_from_a_plugin_s_cache(tmp_path):
    """Before a plugin uses its cache, what others can have written in it is removed, and the rest
    stays.
    """
    folder = tmp_path / "cache" / "plugins" / "fitglue-files"
    plugin_cache(folder)
    for name, mode in {"ours": 0o600, "readable": 0o644, "writable": 0o666}.items():
        (folder / name).touch()
        (folder / name).chmod(mode)
    (folder / "link").symlink_to(tmp_path)
    assert plugin_cache(folder) == folder
    assert {path.name for path in folder.iterdir()} == {"ours", "readable"}
    assert tmp_path.is_dir()


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_plugin_s_cache_behind_a_link_is_not_used(tmp_path, level):
    """If the folder of a plugin's cache, or a folder above it, is a link, then the plugin gets no
    cache, and nothing is written behind the link.
    """
    folders = [tmp_path / "cache"]
    folders += [folders[0] / "plugins", folders[0] / "plugins" / "fitglue-files"]
    for folder in folders[:level]:
        folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    folders[level].symlink_to(tmp_path / "elsewhere")
    assert plugin_cache(folders[2]) is None
    assert [path for path in (tmp_path / "elsewhere").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("is_link_to", ["a folder", "nothing"])
def test_a_bug_report_is_not_written_behind_a_link(home, tmp_path, is_link_to):
    """If the folder of bug reports is a link, no report is written, and the caller is told so."""
    home.mkdir()
    (home / "logs").symlink_to(tmp_path / "elsewhere")
    if is_link_to == "a folder":
        (tmp_path / "elsewhere").mkdir()
    assert keep_traceback(ValueError("a title"), Redactor()) is None
    assert list(tmp_path.glob("elsewhere/*")) == []


def check_of(fitglue, name):
    """Return one check of ``fitglue doctor``."""
    checks = fitglue("doctor", "--offline", "--json").document["checks"]
    return next(check for check in checks if check["name"] == name)


@pytest.mark.parametrize(
    ("mode", "verb"), [(0o711, "enter"), (0o755, "read"), (0o770, "change"), (0o777, "change")]
)
def test_doctor_warns_of_a_home_that_is_open_to_others(home, fitglue, mode, verb):
    """``doctor`` warns of a home that other users can enter, read or change, with the command that
    closes it.
    """
    assert check_of(fitglue, "home") == {"name": "home", "state": "ok", "detail": str(home)}
    home.chmod(mode)
    check = check_of(fitglue, "home")
    assert check["state"] == "look"
    assert f"other users of this machine can {verb} {home}" in check["detail"]
    assert f"chmod 700 {home}" in check["detail"]


def test_doctor_warns_of_a_home_of_another_user(home, fitglue, monkeypatch):
    """``doctor`` warns of a home that belongs to another user."""
    home.mkdir(mode=0o700)
    user = os.geteuid() + 1
    monkeypatch.setattr("os.geteuid", lambda: user)
    check = check_of(fitglue, "home")
    assert (check["state"], "belongs to another user" in check["detail"]) == ("look", True)


@pytest.mark.parametrize(("mode", "state"), [(0o700, "ok"), (0o755, "look")])
def test_doctor_warns_of_a_database_that_others_can_read(home, fitglue, mode, state):
    """``doctor`` warns of a database that others can read, unless its folder is closed to them."""
    fitglue("doctor", "--offline")
    (home / "fitglue.db").chmod(0o644)
    home.chmod(mode)
    check = check_of(fitglue, "database")
    assert check["state"] == state
    assert ("chmod 600" in check["detail"]) == (state == "look")


# -- links -----------------------------------------------------------------------------------------


@pytest.fixture
def linked(home, tmp_path):
    """Return the file to which the database of the home is a link; the file does not exist yet."""
    disk = tmp_path / "disk"
    disk.mkdir(mode=0o755)
    home.mkdir(mode=0o700)
    (home / "fitglue.db").symlink_to(disk / "real.db")
    return disk / "real.db"


def test_a_database_behind_a_link_is_private(linked, home, fitglue, set_umask):
    """A link to a database that does not exist yet is followed once, and the database behind it is
    created with access for its owner only.
    """
    set_umask(0o022)
    fitglue("connections")
    assert (home / "fitglue.db").is_symlink()
    assert linked.stat().st_size
    assert mode_of(linked) == 0o600
    assert check_of(fitglue, "database")["state"] == "ok"


def test_a_database_that_a_variable_names_by_a_link_is_private(
    linked, home, fitglue, monkeypatch, set_umask
):
    """The same holds for a link that FITGLUE_DATABASE names."""
    monkeypatch.setenv("FITGLUE_DATABASE", f"sqlite:///{home / 'fitglue.db'}")
    set_umask(0o022)
    fitglue("connections")
    assert mode_of(linked) == 0o600


@pytest.mark.parametrize(
    ("place", "mode", "words"),
    [("real.db", 0o644, "chmod 600"), ("", 0o777, "can replace it")],
)
def test_doctor_judges_the_database_behind_a_link(linked, fitglue, place, mode, words):
    """`doctor` warns of a database behind a link that others can read, and of one in a folder in
    which others can replace it, although the home itself is closed.
    """
    fitglue("doctor", "--offline")
    (linked.parent / place).chmod(mode)
    check = check_of(fitglue, "database")
    assert check["state"] == "look"
    assert words in check["detail"]


def test_a_link_to_a_disk_that_is_not_mounted_is_named(linked, fitglue):
    """If the folder to which the link leads is missing, nothing is created there."""
    linked.parent.rmdir()
    check = check_of(fitglue, "database")
    assert check["error"]["code"] == "FG-store-unreachable"
    assert check["error"]["where"]["file"] == str(linked.parent)
    assert not linked.parent.exists()


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_a_link_in_place_of_a_log_of_the_database_is_refused(home, fitglue, tmp_path, ending):
    """SQLite would follow a link in the place of a file that it keeps beside the database."""
    home.mkdir(mode=0o700)
    (home / f"fitglue.db{ending}").symlink_to(tmp_path / "elsewhere")
    check = check_of(fitglue, "database")
    assert check["error"]["code"] == "FG-store-unreachable"
    assert check["error"]["where"]["file"] == str(home / f"fitglue.db{ending}")
    assert not (tmp_path / "elsewhere").exists()


def test_no_secret_is_stored_in_a_home_of_another_user(home, monkeypatch):
    """A folder of secrets is not made inside a folder of another user, who could put one with a
    key file of their own in its place.
    """
    home.mkdir(mode=0o700)
    store = FileSecretStore(home / "secrets")
    owner = os.stat_result
    real = type(home).stat

    def stat_of_another(path, *args, **kwargs):
        status = real(path, *args, **kwargs)
        if path != home:
            return status
        values = list(status)
        values[stat.ST_UID] = os.geteuid() + 1
        return owner(values)

    monkeypatch.setattr(type(home), "stat", stat_of_another)
    with pytest.raises(StoreFailed) as caught:
        store.put("me", {"api_key": "a-key-of-the-athlete"})
    assert caught.value.code == "FG-secrets-unusable"
    assert "belongs to another user" in caught.value.why
    assert list((home / "secrets").iterdir()) == []


def test_a_home_of_another_user_is_named_by_each_command(home, fitglue, monkeypatch):
    """A command that uses a home of another user says so, and not only `doctor` does."""
    home.mkdir(mode=0o700)
    user = os.geteuid() + 1
    monkeypatch.setattr("os.geteuid", lambda: user)
    result = fitglue("connections")
    assert f"the data folder {home} belongs to another user" in result.err
