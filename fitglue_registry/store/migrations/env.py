"""Alembic's entrance: runs the migrations on the connection that the host hands over."""

from alembic import context

from fitglue_registry.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
