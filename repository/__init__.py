"""The only SQL and the only asyncpg of the project.

`database` opens pools, `migrate` brings a database up to date, `reading` turns a described read
into one statement, and the remaining modules are the writes, each owning its own transaction.
"""
