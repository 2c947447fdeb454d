"""Accounts: the holdings of a customer."""

import datetime
import decimal

import strawberry

from domain.products import ProductClass
from repository.reading.expressions import date, text
from repository.reading.expressions import decimal as decimal_of
from repository.reading.tables import ACCOUNT, CUSTOMER
from schema.declarations import extends, node_type
from schema.fields import Argument, sorted_by, stored, to_many, to_one
from schema.filters import (
    DateFilter,
    DecimalFilter,
    Filter,
    Members,
    On,
    TextFilter,
    chosen_by,
    optional,
)
from schema.types.customer import OWN, Customer
from schema.types.node import Node


@strawberry.input(description="Which accounts to list; all conditions must hold.")
class AccountFilter:
    """Filter of accounts."""

    number: TextFilter | None = optional("By account number.")
    product_class: Filter[ProductClass] | None = optional("By product class.")
    currency: TextFilter | None = optional("By currency code.")
    opened_on: DateFilter | None = optional("By opening date.")
    closed_on: DateFilter | None = optional("By closing date; `eq: null` finds open accounts.")
    balance: DecimalFilter | None = optional("By latest balance.")
    balance_as_of: DateFilter | None = optional(
        "By the day of the latest balance; `eq: null` has none yet."
    )
    and_: "list[AccountFilter] | None" = optional("All of these.", "and")
    or_: "list[AccountFilter] | None" = optional("At least one of these.", "or")
    not_: "AccountFilter | None" = optional("Not this.", "not")


ACCOUNT_MEMBERS: Members = {
    "number": On(text("number")),
    "productClass": On(text("product_class")),
    "currency": On(text("currency")),
    "openedOn": On(date("opened_on")),
    "closedOn": On(date("closed_on")),
    "balance": On(decimal_of("balance")),
    "balanceAsOf": On(date("balance_as_of")),
}
ACCOUNT_ARGUMENTS = {"where": Argument(AccountFilter | None, "Which accounts.")}
ACCOUNT_ORDER = sorted_by(text("number"))
choose_accounts = chosen_by(ACCOUNT_MEMBERS)


@node_type(ACCOUNT)
@strawberry.type(description="An account: one holding of a customer, of one product class.")
class Account(Node):
    """terrace.account."""

    number: str = stored(text("number"), "Account number.")
    customer: Customer = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "The holder.")
    product_class: ProductClass = stored(text("product_class"), "What kind of holding it is.")
    currency: str = stored(text("currency"), "ISO 4217 code of its currency.")
    opened_on: datetime.date = stored(date("opened_on"), "The day it was opened.")
    closed_on: datetime.date | None = stored(
        date("closed_on"), "The day it was closed; null while it is open."
    )
    balance: decimal.Decimal = stored(
        decimal_of("balance"), "The latest end-of-day balance, in the account's currency."
    )
    balance_as_of: datetime.date | None = stored(
        date("balance_as_of"), "The day of that balance; null before the first one."
    )


@extends(Customer)
class CustomerAccounts:
    """From a customer to the accounts."""

    accounts: list[Account] = to_many(
        ACCOUNT,
        OWN,
        "The customer's holdings, by account number.",
        order=ACCOUNT_ORDER,
        choose=choose_accounts,
        arguments=ACCOUNT_ARGUMENTS,
    )
