"""Makes, verifies and restores backups of a store, and checks that a store is consistent."""
