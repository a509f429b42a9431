"""Making, verifying and restoring a backup of a store."""
