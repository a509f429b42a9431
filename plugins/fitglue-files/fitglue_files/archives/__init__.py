"""Archives of whole accounts, as an athlete downloads them from a service: a table of activities
with the files that belong to them.

``kinds/`` has a module for each kind of archive and says how to add one. The other modules here are
shared by the kinds, or contain the longer steps of one of them.
"""
