"""The script that Alembic runs: it applies the migrations on the connection that it is given."""

from alembic import context

from fitglue_registry.store.tables import metadata

# The transaction is the caller's (``migrate.upgrade``), so Alembic must not begin or commit one of
# its own. SQLite cannot alter most properties of a column: in batch mode, Alembic copies the table
# instead.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
