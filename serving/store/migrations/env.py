"""How Alembic runs a migration: on the connection that `migrate` gives it, inside one transaction."""

from alembic import context

from serving.store.tables import TABLES

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=TABLES,
    render_as_batch=True,  # SQLite changes a table by making it anew
    transactional_ddl=True,
)
context.run_migrations()
