"""Writes the demo data as the files that `terrace import` reads."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from cli.demo.balances import write_balances
from cli.demo.branches import Branch, Manager, managers, prefecture_branches, union
from cli.demo.customers import Customer, population
from cli.demo.endings import terminations
from cli.demo.facts import DemoFacts
from cli.demo.holdings import Holding
from cli.demo.period import BUSINESS_DATE, ISO, MONTH_NAMES, OPEN_MONTH
from cli.demo.rates import UNIT, Rates
from cli.demo.signals import signals
from cli.demo.specials import grants, revocations

Row = Sequence[object]


def write(folder: Path) -> DemoFacts:
    """Write all six files into an existing or new folder; returns what they do not say."""
    branches = prefecture_branches()
    staff = managers(branches)
    customers = population(branches, staff)
    rates = Rates()
    settled = [(customer, write_balances(customer, rates)) for customer in customers]

    folder.mkdir(parents=True, exist_ok=True)
    _write_organisation(folder, branches, staff)
    _write_customers(folder, customers)
    _write_accounts(folder, settled)
    _write_balances(folder, [holding for _, holdings in settled for holding in holdings])
    _write_rates(folder, rates)

    numbers = [(customer.story.name, customer.number) for customer in customers]
    example = next(customer for customer in customers if customer.story.name == "example")
    return DemoFacts(
        first_month=MONTH_NAMES[0],
        last_closed=MONTH_NAMES[OPEN_MONTH - 1],
        business_date=BUSINESS_DATE.isoformat(),
        grants=grants(numbers),
        revocations=revocations(numbers),
        terminations=terminations(settled),
        signals=signals(customers),
        example_customer=example.number,
        example_manager=example.manager_number,
        example_branch=example.branch_code,
    )


def _write_organisation(folder: Path, branches: list[Branch], staff: list[Manager]) -> None:
    _write(
        folder / "branches.csv",
        "code,name,parent_code",
        ((b.code, b.name, b.parent_code) for b in [union(), *branches]),
    )
    _write(
        folder / "managers.csv",
        "number,name,branch_code,active",
        ((m.number, m.name, m.branch_code, str(m.active).lower()) for m in staff),
    )


def _write_customers(folder: Path, customers: list[Customer]) -> None:
    _write(
        folder / "customers.csv",
        "number,name,kind,branch_code,manager_number,phone,email,id_document,birth_date,address",
        (
            (
                customer.number,
                customer.name,
                customer.kind,
                customer.branch_code,
                customer.manager_number,
                customer.phone,
                customer.email,
                customer.id_document,
                customer.birth_date or "",
                customer.address,
            )
            for customer in customers
        ),
    )


def _write_accounts(folder: Path, settled: list[tuple[Customer, list[Holding]]]) -> None:
    _write(
        folder / "accounts.csv",
        "number,customer_number,product_class,currency,opened_on,closed_on",
        (
            (h.number, customer.number, h.product, h.currency, h.opened_on, h.closed_on or "")
            for customer, holdings in settled
            for h in holdings
        ),
    )


def _write_balances(folder: Path, holdings: list[Holding]) -> None:
    """Balances by day, then account."""
    points = [
        (day, holding.number, cents)
        for holding in holdings
        for day, cents in holding.points.items()
    ]
    points.sort()
    _write(
        folder / "balances.csv",
        "account_number,as_of,balance",
        ((number, ISO[day], _money(cents)) for day, number, cents in points),
    )


def _write_rates(folder: Path, rates: Rates) -> None:
    _write(
        folder / "rates.csv",
        "date,currency,rate",
        (
            (day, currency, f"{rate // UNIT}.{rate % UNIT:04d}")
            for day, currency, rate in rates.published
        ),
    )


def _money(cents: int) -> str:
    sign, size = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{size // 100}.{size % 100:02d}"


def _write(path: Path, header: str, rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(header + "\n")
        csv.writer(file, lineterminator="\n").writerows(rows)
