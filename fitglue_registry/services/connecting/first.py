"""What to run when nothing is connected yet."""

FIRST_CONNECT = "fitglue connect garmin, or fitglue connect intervals"
"""The commands that connect the first account, as a message recommends them."""
