"""A page of a manager's portfolio beside the same answer made by hand."""

from benchmarks import documents, statements
from benchmarks.place import Place
from benchmarks.population import manager_number
from benchmarks.reading import SIZES, Comparison, Question, compare, managers
from benchmarks.report import Report


async def run(place: Place) -> Report:
    """Requests a second for the first 50 customers of random managers."""
    return await compare(
        place,
        Comparison(
            "list",
            "50 customers of a manager with tier and accounts",
            documents.LIST,
            statements.LIST,
            b'"hasNextPage"',
        ),
        [
            Question(manager, {"manager": manager_number(manager)}, [manager])
            for manager in managers(SIZES[place.scale])
        ],
    )
