"""Several runs over connections of one host at the same moment."""

from __future__ import annotations

import random
from contextlib import suppress

from fitglue_registry import Host, Policy
from fitglue_registry.services.syncing import work_on
from fitglue_registry.store.runs import RunLog
from fitglue_registry.sync.run import Run

SAMPLES = [
    b'{"id": "%d", "type": "Run", "moving_time": %d}' % (n, random.Random(n).randrange(9_000))
    for n in range(600)
]


def contexts(host, number):
    """Return the contexts of several runs over the only connection."""
    made = []
    [connected] = host.connections.list()

    def keep(context):
        made.append(context)
        yield from ()

    for _ in range(number):
        list(work_on(host.workspace, connected, keep))
    return made


def newest(context, db):
    """Return the dictionary with which a run packs summaries now."""
    return context.raws._dictionaries.newest(db, "x", "summary")


class Undone(Exception):
    """Rolls a transaction back."""


def test_a_dictionary_that_is_not_committed_is_used_by_no_other_run(tmp_path):
    """A run packs nothing with a dictionary that another run has just trained: if that run is
    rolled back, the dictionary is lost, and nobody could unpack the parts.
    """
    (tmp_path / "rides").mkdir()
    with Host(tmp_path / "home", policy=Policy.personal()) as host:
        host.connect("files", {"paths": str(tmp_path / "rides")})
        first, second = contexts(host, 2)
        run = Run(first, RunLog("me", first.connection_id, "sync", first.now, {}))
        with suppress(Undone), run.transaction() as transaction:
            first.raws.train(transaction.db, "x", "summary", SAMPLES)
            assert newest(first, transaction.db) is not None
            with host.workspace.database.read() as db:
                assert newest(second, db) is None
            raise Undone
        with host.workspace.database.read() as db:
            assert newest(first, db) is None
