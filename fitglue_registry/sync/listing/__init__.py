"""Lists the records of a connection, and stores those that are new or changed."""
