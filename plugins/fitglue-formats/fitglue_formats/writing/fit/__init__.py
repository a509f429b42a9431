"""Writer for FIT, with the encoder of Garmin's SDK."""
