"""All kinds of archives that this plugin reads, one module each. Nothing else registers a kind.

To add a kind:

1. Add a module to this package with a value ``KIND``, an ``ArchiveKind``.
``fitglue_files/archives/archive_kind.py`` describes its fields, and ``strava.py`` is an example to
copy. ``fitglue_files/archives/collecting.py`` finds the ``KIND`` of every module of this package.
Put helper modules of a kind into the folder above, ``fitglue_files/archives/``.

2. Add its two entries, with the ``id`` of the kind as their names.
``fitglue_files/registry/sources/ID.yaml`` describes what is read, and
``fitglue_files/registry/integrations/ID.yaml`` which settings it has. Without them, nobody can
connect to such an archive. ``make generate`` writes their pages in ``docs/``.
"""
