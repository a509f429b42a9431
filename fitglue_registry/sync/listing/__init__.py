"""Lists what a connection has, and stores what is new or changed of it."""
