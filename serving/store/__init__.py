"""The service's memory: census, predictions, audit; SQLite by default, PostgreSQL where a trust has one."""
