"""Where the credentials of connections are kept; the database holds only a reference to each."""
