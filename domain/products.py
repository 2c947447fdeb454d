"""Product classes and the three components of AUM they belong to.

AUM = deposits + investments + settlement funds, each a monthly daily average (design chapter,
section "客户分层管理"). Loans are no product class: they never count and are never netted.
"""

from enum import StrEnum


class ProductClass(StrEnum):
    """What kind of holding an account is."""

    DEMAND_DEPOSIT = "DEMAND_DEPOSIT"
    TERM_DEPOSIT = "TERM_DEPOSIT"  # includes notice deposits
    STRUCTURED_DEPOSIT = "STRUCTURED_DEPOSIT"
    CERTIFICATE_BOND = "CERTIFICATE_BOND"  # certificate treasury bonds 凭证式国债
    SAVINGS_BOND = "SAVINGS_BOND"  # electronic savings bonds
    TREASURY_BOND = "TREASURY_BOND"  # treasury bonds bought over the counter
    WEALTH_PRODUCT = "WEALTH_PRODUCT"
    FUND = "FUND"  # securities funds, at net asset value
    GOLD = "GOLD"  # at the day's price
    INSURANCE = "INSURANCE"  # counts only if the policy says so
    SETTLEMENT_FUNDS = "SETTLEMENT_FUNDS"  # cash of a securities client in custody (CTS 保证金)


class Component(StrEnum):
    """The three addends of AUM."""

    DEPOSITS = "DEPOSITS"
    INVESTMENTS = "INVESTMENTS"
    SETTLEMENT_FUNDS = "SETTLEMENT_FUNDS"


COMPONENT_OF: dict[ProductClass, Component] = {
    ProductClass.DEMAND_DEPOSIT: Component.DEPOSITS,
    ProductClass.TERM_DEPOSIT: Component.DEPOSITS,
    ProductClass.STRUCTURED_DEPOSIT: Component.DEPOSITS,
    ProductClass.CERTIFICATE_BOND: Component.INVESTMENTS,
    ProductClass.SAVINGS_BOND: Component.INVESTMENTS,
    ProductClass.TREASURY_BOND: Component.INVESTMENTS,
    ProductClass.WEALTH_PRODUCT: Component.INVESTMENTS,
    ProductClass.FUND: Component.INVESTMENTS,
    ProductClass.GOLD: Component.INVESTMENTS,
    ProductClass.INSURANCE: Component.INVESTMENTS,
    ProductClass.SETTLEMENT_FUNDS: Component.SETTLEMENT_FUNDS,
}
"""The component each class is added to, where the policy counts the class at all."""

COUNTED_BY_DEFAULT: frozenset[ProductClass] = frozenset(ProductClass) - {ProductClass.INSURANCE}
"""The classes that count unless a policy says otherwise: all but insurance."""
