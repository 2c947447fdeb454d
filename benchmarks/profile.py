"""One customer's profile, as a manager opens it, beside the same answer made by hand."""

from benchmarks import documents, statements
from benchmarks.place import Place
from benchmarks.population import customer_number
from benchmarks.reading import SIZES, Comparison, Question, compare, managers
from benchmarks.report import Report

_CUSTOMERS_A_MANAGER = 40


async def run(place: Place) -> Report:
    """Requests a second for profiles of random customers, each asked for by their manager."""
    count = len(managers(SIZES[place.scale]))
    questions = []
    for manager in managers(SIZES[place.scale]):
        for turn in range(_CUSTOMERS_A_MANAGER):
            number = customer_number(manager + turn * count)
            questions.append(Question(manager, {"number": number}, [manager, number]))
    return await compare(
        place,
        Comparison(
            "profile",
            "a customer with tier, manager, branch, accounts, 12 months, 5 signals",
            documents.PROFILE,
            statements.PROFILE,
            b'"riskSignals"',
        ),
        questions,
    )
