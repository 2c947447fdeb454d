"""The demo files: always the same bytes, every reference resolved, every number well formed."""

import csv
import hashlib
import os
import subprocess
import sys
from collections import Counter
from dataclasses import astuple
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cli.demo import DemoFacts, Grant, Revocation, Termination, write
from domain.products import ProductClass
from domain.risk import RiskSignalState, Severity

HEADERS = {
    "branches": "code,name,parent_code",
    "managers": "number,name,branch_code,active",
    "customers": (
        "number,name,kind,branch_code,manager_number,phone,email,id_document,birth_date,address"
    ),
    "accounts": "number,customer_number,product_class,currency,opened_on,closed_on",
    "balances": "account_number,as_of,balance",
    "rates": "date,currency,rate",
}
# Changes whenever the data changes; then look at the test of standings before pinning it anew.
PINNED = "bafbc536f376c0e4743e0271bc7f9ea01a2adb17e05f31b52a25029d1a64a497"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def facts(folder: Path) -> DemoFacts:
    return write(folder)


@pytest.fixture(scope="module")
def tables(folder: Path, facts: DemoFacts) -> dict[str, list[dict[str, str]]]:
    return {
        kind: list(csv.DictReader((folder / f"{kind}.csv").open(encoding="utf-8", newline="")))
        for kind in HEADERS
    }


def digest(folder: Path, facts: DemoFacts) -> str:
    """One figure for all files and facts."""
    content = hashlib.sha256(repr(astuple(facts)).encode())
    for kind in HEADERS:
        content.update((folder / f"{kind}.csv").read_bytes())
    return content.hexdigest()


def test_the_same_bytes_on_every_machine(folder: Path, facts: DemoFacts) -> None:
    assert digest(folder, facts) == PINNED


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_the_same_bytes_whatever_the_hash_seed(
    tmp_path: Path, folder: Path, facts: DemoFacts, hash_seed: str
) -> None:
    program = "import sys, pathlib, cli.demo; print(cli.demo.write(pathlib.Path(sys.argv[1])))"
    written = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "new" / "demo")],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONIOENCODING": "utf-8"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert written.stdout.strip() == str(facts)
    for kind in HEADERS:
        again = (tmp_path / "new" / "demo" / f"{kind}.csv").read_bytes()
        assert again == (folder / f"{kind}.csv").read_bytes()


@pytest.mark.parametrize("kind", HEADERS)
def test_files_have_their_header_and_plain_line_ends(
    folder: Path, facts: DemoFacts, kind: str
) -> None:
    content = (folder / f"{kind}.csv").read_bytes()
    assert content.startswith(HEADERS[kind].encode() + b"\n")
    assert content.endswith(b"\n")
    assert b"\r" not in content
    content.decode("utf-8")


def test_there_is_as_much_of_everything_as_a_demo_needs(
    tables: dict[str, list[dict[str, str]]],
) -> None:
    assert len(tables["branches"]) == 13
    assert len(tables["managers"]) == 40
    assert len(tables["customers"]) == 2000
    assert 5_000 <= len(tables["accounts"]) <= 5_500
    assert 60_000 <= len(tables["balances"]) <= 100_000
    classes = Counter(account["product_class"] for account in tables["accounts"])
    assert set(classes) == set(ProductClass)
    assert min(classes.values()) >= 50
    currencies = Counter(account["currency"] for account in tables["accounts"])
    assert set(currencies) == {"CNY", "USD", "EUR", "HKD"}
    assert min(currencies.values()) >= 20
    assert sum(bool(account["closed_on"]) for account in tables["accounts"]) >= 80
    assert sum(account["opened_on"] > "2025-05-01" for account in tables["accounts"]) >= 300
    kinds = Counter(customer["kind"] for customer in tables["customers"])
    assert 100 <= kinds["ORGANISATION"] <= 220
    assert kinds["INDIVIDUAL"] + kinds["ORGANISATION"] == 2000


def test_one_union_and_its_branches(tables: dict[str, list[dict[str, str]]]) -> None:
    union, *branches = tables["branches"]
    assert union["parent_code"] == ""
    assert {branch["parent_code"] for branch in branches} == {union["code"]}


def test_every_customer_has_an_active_manager_of_the_own_branch(
    tables: dict[str, list[dict[str, str]]],
) -> None:
    branches = {branch["code"] for branch in tables["branches"] if branch["parent_code"]}
    managers = {manager["number"]: manager for manager in tables["managers"]}
    assert {manager["active"] for manager in managers.values()} == {"true", "false"}
    assert {manager["branch_code"] for manager in managers.values()} == branches
    for customer in tables["customers"]:
        manager = managers[customer["manager_number"]]
        assert manager["active"] == "true"
        assert manager["branch_code"] == customer["branch_code"]


def test_what_must_be_unique_is(tables: dict[str, list[dict[str, str]]]) -> None:
    for kind, column in [
        ("branches", "code"),
        ("managers", "number"),
        ("customers", "number"),
        ("customers", "phone"),
        ("customers", "id_document"),
        ("accounts", "number"),
    ]:
        values = [row[column] for row in tables[kind]]
        assert len(set(values)) == len(values), (kind, column)


def test_identity_numbers_check_and_belong_to_nobody(
    tables: dict[str, list[dict[str, str]]],
) -> None:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for customer in tables["customers"]:
        document = customer["id_document"]
        assert len(document) == 18
        if customer["kind"] == "INDIVIDUAL":
            assert document[6:14] == customer["birth_date"].replace("-", "")
            digits = [10 if digit == "X" else int(digit) for digit in document]
            assert sum(digit * 2 ** (17 - i) for i, digit in enumerate(digits)) % 11 == 1
            region = document[:2]
        else:
            assert customer["birth_date"] == ""
            values = [alphabet.index(letter) for letter in document]
            assert (sum(v * 3**i for i, v in enumerate(values[:17])) + values[17]) % 31 == 0
            region = document[2:4]
        assert region == "10"  # below 11, the first province's code


def test_mail_goes_nowhere(tables: dict[str, list[dict[str, str]]]) -> None:
    mails = [customer["email"] for customer in tables["customers"] if customer["email"]]
    assert 400 <= len(mails) <= 1000
    assert all(mail.endswith(".example") for mail in mails)


def test_balances_are_sorted_exact_and_within_the_life_of_their_account(
    tables: dict[str, list[dict[str, str]]], facts: DemoFacts
) -> None:
    customers = {customer["number"] for customer in tables["customers"]}
    accounts = {account["number"]: account for account in tables["accounts"]}
    assert {account["customer_number"] for account in accounts.values()} <= customers
    keys = [(row["as_of"], row["account_number"]) for row in tables["balances"]]
    assert keys == sorted(set(keys))
    assert keys[0][0] == "2025-05-01"
    assert keys[-1][0] == facts.business_date
    latest: dict[str, str] = {}
    for row in tables["balances"]:
        account = accounts[row["account_number"]]
        assert account["opened_on"] <= row["as_of"] <= (account["closed_on"] or "9999")
        assert Decimal(row["balance"]).as_tuple().exponent == -2
        assert latest.get(row["account_number"]) != row["balance"], "no change"
        latest[row["account_number"]] = row["balance"]
    for account in accounts.values():
        if account["closed_on"]:
            assert Decimal(latest.get(account["number"], "0.00")) == 0


def test_rates_are_published_on_weekdays_before_anybody_needs_them(
    tables: dict[str, list[dict[str, str]]], facts: DemoFacts
) -> None:
    days = sorted({row["date"] for row in tables["rates"]})
    assert days[0] < "2025-05-01"
    assert days[-1] == facts.business_date
    assert all(date.fromisoformat(day).weekday() < 5 for day in days)
    assert len(tables["rates"]) == 3 * len(days)
    for currency, low, high in [("USD", "6.5", "7.8"), ("EUR", "7.2", "9"), ("HKD", ".85", ".99")]:
        rates = [Decimal(row["rate"]) for row in tables["rates"] if row["currency"] == currency]
        assert Decimal(low) < min(rates) < max(rates) < Decimal(high)


def test_facts_speak_of_customers_and_managers_in_the_files(
    tables: dict[str, list[dict[str, str]]], facts: DemoFacts
) -> None:
    customers = {customer["number"]: customer for customer in tables["customers"]}
    example = customers[facts.example_customer]
    assert example["manager_number"] == facts.example_manager
    assert example["branch_code"] == facts.example_branch
    decisions: list[Grant | Revocation | Termination]
    decisions = [*facts.grants, *facts.revocations, *facts.terminations]
    for told in decisions:
        assert told.customer_number in customers
        assert told.reason
    granted = {grant.customer_number for grant in facts.grants}
    assert {revocation.customer_number for revocation in facts.revocations} <= granted
    for termination in facts.terminations:
        theirs = [
            a for a in tables["accounts"] if a["customer_number"] == termination.customer_number
        ]
        assert all("" < account["closed_on"] < str(termination.on) for account in theirs)


def test_signals_show_every_severity_and_state(
    tables: dict[str, list[dict[str, str]]], facts: DemoFacts
) -> None:
    customers = {customer["number"]: customer for customer in tables["customers"]}
    assert 55 <= len(facts.signals) <= 65
    assert {signal.severity for signal in facts.signals} == set(Severity)
    assert {signal.state for signal in facts.signals} == set(RiskSignalState)
    for signal in facts.signals:
        assert signal.reporter_number == customers[signal.customer_number]["manager_number"]
        assert "2025-05-01" < str(signal.reported_on) <= facts.business_date
        assert signal.reported_on.weekday() < 5
