"""The commands of the top level, one module each, imported when the command is called."""
