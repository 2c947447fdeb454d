"""The three queries: as Terrace, PostGraphile and the hand-written peer are asked for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import documents, statements
from benchmarks.population import CUSTOMERS_OF_A_MANAGER, customer_number, manager_number

_QUESTIONS = 4_000

_PEER_PROFILE = """
query Profile($number: String!) {
  customer: customerByNumber(number: $number) {
    number
    name
    standing: standingByCustomerId { status since tier: tierByTierId { code name rank } }
    manager: managerByManagerId { number name }
    branch: branchByBranchId { code name }
    accounts: accountsByCustomerIdList { number productClass currency balance balanceAsOf }
    aumHistory: aumsByCustomerIdList {
      month total deposits investments settlementFunds final
    }
    riskSignals: riskSignalsByCustomerId(first: 5) {
      nodes { code severity state reportedAt }
      pageInfo { hasNextPage }
    }
  }
}
"""

_PEER_LIST = """
query Portfolio($manager: String!) {
  manager: managerByNumber(number: $manager) {
    customers: customersByManagerId(first: 50, orderBy: NUMBER_ASC) {
      nodes {
        number
        name
        standing: standingByCustomerId { status tier: tierByTierId { code name } }
        accounts: accountsByCustomerIdList { number productClass balance }
      }
      pageInfo { hasNextPage }
    }
  }
}
"""

_PEER_TINY = """
query Tiny($number: String!) {
  customer: customerByNumber(number: $number) { number name }
}
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to read: the manager who asks, by key, and the variable's value."""

    manager: int
    value: str


@dataclass(frozen=True, slots=True)
class Query:
    """A query: its documents and statement, and who asks for what.

    `variable` names the documents' one variable; the statement takes the manager's key, and the
    customer's number where a customer is asked for.
    """

    name: str
    document: str
    peer_document: str
    statement: str
    variable: str
    questions: Callable[[int], Sequence[Question]]

    def values(self, question: Question) -> list[object]:
        """What the hand-written statement is given."""
        manager: list[object] = [question.manager]
        return [*manager, question.value] if self.variable == "number" else manager


def _of_customers(customers: int) -> Sequence[Question]:
    """Customers from all over the table, each asked for by their manager, in a scattered order."""
    managers = _managers(customers)
    count = min(_QUESTIONS, customers)
    keys = [1 + turn * 7919 % customers for turn in range(count)]
    return [Question(1 + (key - 1) % managers, customer_number(key)) for key in keys]


def _of_managers(customers: int) -> Sequence[Question]:
    managers = _managers(customers)
    keys = [1 + turn * 37 % managers for turn in range(min(_QUESTIONS, managers))]
    return [Question(key, manager_number(key)) for key in keys]


def _managers(customers: int) -> int:
    return max(1, customers // CUSTOMERS_OF_A_MANAGER)


QUERIES = (
    Query(
        "profile",
        documents.PROFILE,
        _PEER_PROFILE,
        statements.PROFILE,
        "number",
        _of_customers,
    ),
    Query("list", documents.LIST, _PEER_LIST, statements.LIST, "manager", _of_managers),
    Query("tiny", documents.TINY, _PEER_TINY, statements.TINY, "number", _of_customers),
)
