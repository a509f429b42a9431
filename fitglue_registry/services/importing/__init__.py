"""From a path that somebody typed to activities: what it is, whose it is, what is new in it."""
