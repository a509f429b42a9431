"""The bulk archives of services as they are downloaded: a table of what the athlete had there,
joined with the files.

``kinds/`` has a module for each kind of archive and says how to add one; the other modules here
are what the kinds share, or the longer steps of one of them.
"""
