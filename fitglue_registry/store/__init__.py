"""The store: the database with its tables, migrations and views, and the original files."""
