"""Bringing a database to the tables of this version, in one transaction and never backwards."""

import logging
from pathlib import Path

import sqlalchemy as sql
from alembic.command import upgrade
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from serving.store.database import Database, StoreFault
from serving.store.tables import PREDICTIONS

FOLDER = Path(__file__).parent / "migrations"
log = logging.getLogger(__name__)


def migrate(database: Database) -> str:
    """Bring a database to the newest tables and return their revision.

    A database that is there already is changed in one transaction: if a migration fails nothing has
    happened.  Raises StoreFault if it cannot be opened, or was made by another version of Homeward than
    migrations begin with or end with.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    newest = str(script.get_current_head())
    with database.writing() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        if found == newest:
            return newest
        if found is None and sql.inspect(connection).has_table(PREDICTIONS.name):
            raise StoreFault(
                "the database was made by a version of Homeward from before its first migration; keep it, and "
                "name a new one in HOMEWARD_DATABASE_URL"
            )
        if found is not None and found not in {revision.revision for revision in script.walk_revisions()}:
            raise StoreFault(
                f"the database has revision {found}, which this version of Homeward does not know: it was made "
                "by a newer one"
            )
        config.attributes["connection"] = connection
        upgrade(config, "head")
        log.info("the store was brought from %s to %s", found or "nothing", newest)
    return newest


def revisions(database: Database) -> tuple[str | None, str]:
    """Return the revision of a database, None if it has none, and that of this version; changes nothing."""
    with database.reading() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found, str(ScriptDirectory.from_config(_config()).get_current_head())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config
