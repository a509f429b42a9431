"""One module for each command of the top level; imported when it is called."""
