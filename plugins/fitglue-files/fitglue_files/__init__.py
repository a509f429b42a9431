"""The plugin for workout files and downloaded archives; ``plugin.py`` contains its hooks."""
