"""The bulk archives of services as they are downloaded: a table of what the athlete had there,
joined with the files. Each kind is a file here, and ``kinds.py`` lists them.
"""
