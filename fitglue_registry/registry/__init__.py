"""The registry: YAML entries, read and validated into typed values without importing a plugin."""

from fitglue_registry.registry.auth import Auth, OAuth2, Scope, TokenExchange
from fitglue_registry.registry.catalogue import Catalogue
from fitglue_registry.registry.entry import (
    Alternative,
    Capabilities,
    Clean,
    Closed,
    Correction,
    Datum,
    Delay,
    Entry,
    EntryPart,
    Field,
    Issue,
    Link,
    Plugin,
    Sync,
    Terms,
    Tier,
)
from fitglue_registry.registry.folders import BUILT_IN, Folder, default_folder
from fitglue_registry.registry.http import AllowedHost, Budget, Http, Timeouts
from fitglue_registry.registry.merge_rules import DefaultTitles, MergeRules, Rule

__all__ = [
    "BUILT_IN",
    "AllowedHost",
    "Alternative",
    "Auth",
    "Budget",
    "Capabilities",
    "Catalogue",
    "Clean",
    "Closed",
    "Correction",
    "Datum",
    "DefaultTitles",
    "Delay",
    "Entry",
    "EntryPart",
    "Field",
    "Folder",
    "Http",
    "Issue",
    "Link",
    "MergeRules",
    "OAuth2",
    "Plugin",
    "Rule",
    "Scope",
    "Sync",
    "Terms",
    "Tier",
    "Timeouts",
    "TokenExchange",
    "default_folder",
]
