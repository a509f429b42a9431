"""Every kind of archive that this plugin reads: one module each, which is all that registers it.

To add a kind:

1. Add a module to this package with a value ``KIND``, an ``ArchiveKind``
   (``fitglue_files/archives/archive_kind.py`` says what its fields are; ``strava.py`` is one to
   copy). No list names it: ``fitglue_files/archives/collecting.py`` takes the ``KIND`` of every
   module of this package. A module that a kind only needs for itself therefore lies one folder
   above, in ``fitglue_files/archives/``.
2. Add its two entries, named as the ``id`` of the kind:
   ``fitglue_files/registry/sources/ID.yaml`` says what is read, and
   ``fitglue_files/registry/integrations/ID.yaml`` which settings it has. Without them nobody can
   connect to such an archive. ``make generate`` then writes their pages in ``docs/``.
"""
