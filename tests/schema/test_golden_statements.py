"""The golden statements: what every golden document sends to the server, kept to be read.

Whoever changes what is compiled writes them anew with `make golden` and reads the difference.
"""

import difflib

import pytest

from tests.house import House
from tests.schema.documents import EVENTS, GOLDEN, PAYLOADS
from tests.schema.golden import FOLDER, people_of_all_kinds, statements, text_of
from tests.schema.sql_layout import laid_out, tokens

ANEW = "a statement has changed; `make golden` writes the files anew, to be reviewed"


async def test_every_golden_statement_is_as_it_was_reviewed(house: House) -> None:
    await people_of_all_kinds(house)
    found = await statements(house)
    assert set(found) == set(GOLDEN | PAYLOADS | EVENTS)
    assert {path.stem for path in FOLDER.glob("*.sql")} == set(found), ANEW
    changed = []
    for name, by_scope in found.items():
        for statement in by_scope.values():
            assert tokens(laid_out(statement)) == tokens(statement), name
        kept = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
        changed += difflib.unified_diff(
            kept.splitlines(), text_of(by_scope).splitlines(), f"{name} kept", "now", lineterm=""
        )
    assert not changed, "\n".join([ANEW, *changed])


@pytest.mark.parametrize(
    "sql",
    [
        "select 'a  (b), c' from t where x = 'it''s'",
        "select E'\\n', \"odd name\", $12::text[], (array_agg(a order by b))[least(1, 2)] from t",
        "select " + ", ".join(f"left(column_{n}, 7)" for n in range(40)) + " from t",
    ],
)
def test_the_layout_changes_nothing_but_blanks(sql: str) -> None:
    shown = laid_out(sql)
    assert tokens(shown) == tokens(sql)
    assert "".join(shown.split()) == "".join(sql.split())
    assert max(map(len, shown.splitlines())) <= 100
