"""``python -m fitglue_registry`` is ``fitglue``."""

from fitglue_registry.cli import main

if __name__ == "__main__":
    main()
