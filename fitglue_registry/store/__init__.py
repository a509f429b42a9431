"""Where everything is kept on this machine: tables, streams, original files and secrets."""
