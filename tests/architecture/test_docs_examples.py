"""Examples in the documentation are run: documents, scenarios, figures, statements, commands."""

import ast
import json
import re
import shlex
from datetime import date
from decimal import Decimal
from pathlib import Path

import click
import pytest
from graphql import parse, validate

from cli.main import COMMANDS, cli
from domain.actors import Scope, Sight
from domain.aum import Account, Rates, aum_of
from domain.months import Month
from domain.policy import DEFAULT_POLICY, Divisor, TierPolicy, parse_policy
from domain.products import ProductClass
from domain.scenarios import run_scenarios
from repository.reading.statement import render
from schema.compile import Compiler
from schema.document import prepare
from schema.limits import Limits
from schema.published import NODE_TYPES, graphql_schema
from tests.architecture.source_tree import ROOT, documents, relative

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONCEPTS = ROOT / "docs" / "concepts"
OF_A_LARGER_SCHEMA = "docs/guides/add-a-type.md"
"""Asks for the type that it adds: carried out in tests/guides/."""


def blocks(language: str) -> list:
    """All code blocks of a language, named by their document."""
    return [
        pytest.param(found[2], id=f"{relative(path)}-{number}")
        for path in documents()
        for number, found in enumerate(BLOCK.finditer(path.read_text(encoding="utf-8")), 1)
        if found[1] == language
    ]


@pytest.mark.parametrize(
    "document",
    [block for block in blocks("graphql") if not str(block.id).startswith(OF_A_LARGER_SCHEMA)],
)
def test_a_graphql_example_is_valid(document: str) -> None:
    assert validate(graphql_schema(), parse(document)) == []


@pytest.mark.parametrize("text", blocks("json"))
def test_a_json_example_is_json(text: str) -> None:
    json.loads(text)


@pytest.mark.parametrize("program", blocks("python"))
def test_a_python_example_is_python(program: str) -> None:
    ast.parse(program)


# Tiers

SCENARIO = re.compile(r"```json\n(\[\{\"name\".*?)\n```\n\n(\| Month \|.*?)\n\n", re.DOTALL)


def months_in(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n")[2:]]


@pytest.mark.parametrize(
    ("document", "table"),
    [
        pytest.param(found[1], found[2], id=json.loads(found[1])[0]["name"])
        for found in SCENARIO.finditer((CONCEPTS / "tiers.md").read_text(encoding="utf-8") + "\n\n")
    ],
)
def test_a_month_by_month_example_is_what_the_rules_say(document: str, table: str) -> None:
    [scenario] = json.loads(document)
    [outcome] = run_scenarios([scenario])
    judged = {given["month"]: given["aum"] for given in scenario["months"]}
    expected = []
    for row in outcome["months"]:
        figure = judged.get(row["month"], "still open")
        if figure is None:
            figure = "missing"
        elif figure != "still open":
            figure = f"{Decimal(figure):,.2f}"
        state = " ".join(filter(None, (row["status"], row["tier"])))
        counters = ("shortfall_months", "below_entry_months", "retention_closes")
        expected.append([row["month"], figure, state, *(str(row[c]) for c in counters)])  # type: ignore[literal-required]
    assert months_in(table) == expected


def test_there_is_an_example_for_every_state() -> None:
    text = (CONCEPTS / "tiers.md").read_text(encoding="utf-8")
    shown = {
        row[2].split(" ")[0] for f in SCENARIO.finditer(text + "\n\n") for row in months_in(f[2])
    }
    assert shown == {"NON_MEMBER", "ACTIVE", "WATCH", "SPECIAL", "EXITED_UNRATED", "REMOVED"}


def test_the_default_policy_is_told_as_it_is() -> None:
    text = (CONCEPTS / "tiers.md").read_text(encoding="utf-8")
    for tier in DEFAULT_POLICY.tiers:
        assert f"| {tier.code} | {tier.name} | {tier.threshold:,.2f} |" in text
    for name in ("watch_months", "exit_months", "retention_months"):
        assert f"| `{name}` | {getattr(DEFAULT_POLICY, name)} |" in text
    assert f"| `demote_to` | `{DEFAULT_POLICY.demote_to}` |" in text
    assert f"| `floor` | `{DEFAULT_POLICY.floor}` |" in text
    assert f"| `divisor` | `{DEFAULT_POLICY.divisor}` |" in text


# AUM


def account(*balances: tuple[str, str], opened: str = "2024-01-01", **more: object) -> Account:
    steps = tuple((date.fromisoformat(day), Decimal(amount)) for day, amount in balances)
    given = {"product_class": ProductClass.DEMAND_DEPOSIT, "currency": "CNY", **more}
    return Account(opened_on=date.fromisoformat(opened), balances=steps, **given)  # type: ignore[arg-type]


JANUARY, FEBRUARY, APRIL = Month(2025, 1), Month(2025, 2), Month(2025, 4)
BY_30 = parse_policy(
    {
        "effective": "2025-01",
        "tiers": [{"code": "T1", "name": "Gold", "threshold": "200000.00"}],
        "divisor": Divisor.FIXED_30.value,
    },
    1,
)
FIGURES: list[tuple[list[Account], Month, date, TierPolicy]] = [
    ([account(("2025-01-11", "620000.00"))], JANUARY, JANUARY.last_day, DEFAULT_POLICY),
    ([account(("2025-01-11", "620000.00"))], JANUARY, date(2025, 1, 11), DEFAULT_POLICY),
    (
        [account(("2024-12-20", "310000.00"), ("2025-01-16", "0.00"))],
        JANUARY,
        JANUARY.last_day,
        DEFAULT_POLICY,
    ),
    (
        [account(("2025-01-16", "100000.00"), opened="2025-01-16")],
        JANUARY,
        JANUARY.last_day,
        DEFAULT_POLICY,
    ),
    (
        [account(("2024-12-01", "100000.00"), closed_on=date(2025, 1, 10))],
        JANUARY,
        JANUARY.last_day,
        DEFAULT_POLICY,
    ),
    (
        [
            account(("2024-12-01", "300000.00")),
            account(("2024-12-01", "93000.00"), product_class=ProductClass.FUND),
            account(("2025-01-31", "-31000.00")),
        ],
        JANUARY,
        JANUARY.last_day,
        DEFAULT_POLICY,
    ),
    (
        [account(("2024-12-01", "300000.00"), product_class=ProductClass.INSURANCE)],
        JANUARY,
        JANUARY.last_day,
        DEFAULT_POLICY,
    ),
    (
        [account(("2024-12-31", "10000.00"), currency="USD")],
        JANUARY,
        JANUARY.last_day,
        DEFAULT_POLICY,
    ),
    (
        [account(("2025-04-01", "500000.00"), ("2025-04-30", "499999.95"))],
        APRIL,
        APRIL.last_day,
        DEFAULT_POLICY,
    ),
    ([account(("2025-01-01", "300000.00"))], FEBRUARY, FEBRUARY.last_day, DEFAULT_POLICY),
    ([account(("2025-01-01", "300000.00"))], FEBRUARY, FEBRUARY.last_day, BY_30),
]
RATES = Rates({"USD": ((date(2025, 1, 1), Decimal("7.10")), (date(2025, 1, 16), Decimal("7.20")))})


def test_the_worked_examples_of_aum_are_what_the_rules_say() -> None:
    text = (CONCEPTS / "aum.md").read_text(encoding="utf-8").partition("## Worked examples")[2]
    told = [line.rsplit("|", 4)[1:4] for line in text.splitlines() if line.startswith("| ")][1:]
    expected = []
    for accounts, month, through, policy in FIGURES:
        total = aum_of(
            accounts, month, through=through, policy=policy, rates=RATES, home_currency="CNY"
        ).total
        expected.append([f" {total.sum:,.2f} ", f" {total.days} ", f" {total.rounded():,.2f} "])
    assert told == expected


def test_the_figure_just_under_the_line_does_not_reach_it() -> None:
    accounts, month, through, policy = FIGURES[8]
    total = aum_of(
        accounts, month, through=through, policy=policy, rates=RATES, home_currency="CNY"
    ).total
    assert not total.at_least(Decimal("500000.00"))
    assert total.rounded() == Decimal("500000.00")


# Reading


def test_the_statement_in_the_page_on_reading_is_the_one_that_is_run() -> None:
    page = (CONCEPTS / "reading.md").read_text(encoding="utf-8")
    found = dict(BLOCK.findall(page))
    schema = graphql_schema()
    prepared = prepare(schema, found["graphql"], None, Limits(15, 1000, 5000))
    compiler = Compiler(schema, NODE_TYPES, prepared.fragments, {"number": "C1"})
    root = schema.query_type
    assert root is not None
    selected = compiler.collect(root, [prepared.operation.selection_set])
    fields = [(key, compiler.field(root, nodes)) for key, nodes in selected.items()]
    statement = render(fields, Sight(Scope.MANAGER))
    assert "".join(found["sql"].split()) == "".join(statement.sql.split())


# Commands


def commands_of(block: str) -> list[list[str]]:
    joined = block.replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in joined.splitlines() if line.strip()]


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


@pytest.mark.parametrize("block", blocks("sh"))
def test_a_command_in_the_documentation_exists_with_its_options(block: str) -> None:
    for words in commands_of(block):
        program, *rest = words or [""]
        if program == "make":
            named = {word for word in rest if "=" not in word}
            assert named <= targets(), words
        if Path(program).name != "terrace":
            continue
        assert rest, words
        assert rest[0] in COMMANDS, words
        command = cli.get_command(click.Context(cli), rest[0])
        if isinstance(command, click.Group):
            command = command.commands[rest[1]]
        assert command is not None
        known = {option for p in command.params if isinstance(p, click.Option) for option in p.opts}
        assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= known, words


def test_the_list_of_targets_is_the_makefiles() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `make ([a-z]+)`", text, re.MULTILINE)) == targets() - {"help"}
