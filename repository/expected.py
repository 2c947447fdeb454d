"""The indexes a migrated database has, read from the migrations themselves.

A test holds this against a fresh database, so a migration that makes an index in a way that is
not understood here is noticed when it is written.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from repository.migrate import Migration, migrations

_COMMENT = re.compile(r"--[^\n]*")
_STATEMENT = re.compile(
    r"create (?:unique )?index (?:concurrently )?(?:if not exists )?(?P<index>\w+)\s+on "
    r"terrace\.\w+[^;]*;"
    r"|create (?:unlogged )?table (?:if not exists )?terrace\.(?P<table>\w+) \((?P<body>.*?)\n\)"
    r"|alter table (?:only )?terrace\.(?P<altered>\w+)\s(?P<change>[^;]*);"
    r"|drop index (?:concurrently )?(?:if exists )?(?:terrace\.)?(?P<dropped>\w+)"
    r"|drop table (?:if exists )?(?P<gone>terrace\.\w+(?:, terrace\.\w+)*)",
    re.DOTALL,
)
_COLUMN = re.compile(r"^\s*(\w+) [^,]*?\b(primary key|unique)\b", re.MULTILINE)
_TABLE = re.compile(r"(?:constraint (\w+) )?\b(primary key|unique) \(([^)]*)\)")
_RENAMED = re.compile(r"rename to (\w+)")
_RENAMED_CONSTRAINT = re.compile(r"rename constraint (\w+) to (\w+)")
_DROPPED = re.compile(r"drop constraint (?:if exists )?(\w+)")
_BOOKS = ("migration", "signing_key")
"""Tables of the migrator itself."""


@dataclass(frozen=True, slots=True)
class Expected:
    """An index: its table, the migration that makes it, and the statement if it is one alone."""

    table: str
    migration: str
    statement: str | None = None


def expected_indexes(files: Sequence[Migration] | None = None) -> dict[str, Expected]:
    """Every index by its name."""
    found = {f"{table}_pkey": Expected(table, "the migrator") for table in _BOOKS}
    for migration in migrations() if files is None else files:
        text = _COMMENT.sub("", migration.sql)
        for match in _STATEMENT.finditer(text):
            if match["index"]:
                statement = " ".join(match[0].split())
                table = statement.partition(" on terrace.")[2].split()[0].partition("(")[0]
                found[match["index"]] = Expected(table, migration.name, statement)
            elif match["table"]:
                for name in _constraints(match["table"], match["body"]):
                    found[name] = Expected(match["table"], migration.name)
            elif match["altered"]:
                found = _renamed(found, match["altered"], match["change"])
                for name in _DROPPED.findall(match["change"]):
                    found.pop(name, None)
                if " add " in f" {match['change']}":
                    for name in _constraints(match["altered"], match["change"], columns=False):
                        found[name] = Expected(match["altered"], migration.name)
            elif match["dropped"]:
                found.pop(match["dropped"], None)
            else:
                gone = [table.removeprefix("terrace.") for table in match["gone"].split(", ")]
                found = {n: one for n, one in found.items() if one.table not in gone}
    return found


def _renamed(found: dict[str, Expected], table: str, change: str) -> dict[str, Expected]:
    """What is found under other names: of a table, or of a constraint of it."""
    if renamed := _RENAMED.search(change):
        of = {name: one for name, one in found.items() if one.table == table}
        return found | {name: replace(one, table=renamed[1]) for name, one in of.items()}
    for former, name in _RENAMED_CONSTRAINT.findall(change):
        found[name] = found.pop(former)
    return found


def _constraints(table: str, body: str, *, columns: bool = True) -> list[str]:
    """The indexes that constraints of a table make, by the names PostgreSQL gives them."""
    names = []
    for given, kind, listed in _TABLE.findall(body):
        of = "_".join(column.strip() for column in listed.split(","))
        names.append(given or (f"{table}_pkey" if kind == "primary key" else f"{table}_{of}_key"))
    alone = _TABLE.sub("", body)
    for column, kind in _COLUMN.findall(alone) if columns else ():
        names.append(f"{table}_pkey" if kind == "primary key" else f"{table}_{column}_key")
    return names
