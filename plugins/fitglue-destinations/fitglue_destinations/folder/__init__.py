"""The destination for a folder: one file for each activity."""
