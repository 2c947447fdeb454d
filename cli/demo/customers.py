"""The customers: who they are, where they live and who looks after them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cli.demo.branches import Branch, Manager
from cli.demo.cast import cast
from cli.demo.dice import Dice
from cli.demo.documents import credit_code, region, resident_number
from cli.demo.names import person_name
from cli.demo.organisations import organisation_name
from cli.demo.places import business_address, home_address
from cli.demo.stories import Story

INDIVIDUAL, ORGANISATION = "INDIVIDUAL", "ORGANISATION"

_PEOPLE_ONLY = ("example", "special", "ended", "on the line")
_MAIL_HOSTS = ["mail.example", "post.example", "qinglan.example"]


@dataclass(frozen=True, slots=True)
class Customer:
    """One row of `customers.csv`, and the story behind it."""

    number: str
    name: str
    kind: str
    branch_code: str
    manager_number: str
    phone: str
    email: str
    id_document: str
    birth_date: date | None
    address: str
    story: Story


class Register:
    """Enters customers one after the other; nothing that must be unique is given out twice."""

    def __init__(self, branches: Sequence[Branch], managers: Sequence[Manager]) -> None:
        self._dice = Dice("customers")
        self._branches = branches
        self._shares = [(index, branch.weight) for index, branch in enumerate(branches)]
        self._desks = {
            branch.code: [m.number for m in managers if m.active and m.branch_code == branch.code]
            for branch in branches
        }
        self._phones = self._dice.mixed(range(10_000))
        self._taken: set[str] = set()
        self._entered = 0

    def enter(self, story: Story) -> Customer:
        """The next customer, who lives this story."""
        dice = self._dice
        place = dice.weighted(self._shares)
        branch = self._branches[place]
        kind = INDIVIDUAL
        if not story.name.startswith(_PEOPLE_ONLY) and dice.chance(0.08):
            kind = ORGANISATION
        if kind == INDIVIDUAL:
            name, roman, born, document = self._person(story, place)
        else:
            name = organisation_name(dice, branch.prefecture, self._taken)
            roman, born, document = "office", None, credit_code(region(place), dice)
        addressed = home_address if kind == INDIVIDUAL else business_address
        self._entered += 1
        serial = 100_000 + self._entered
        mail = f"{roman}{serial}@{dice.pick(_MAIL_HOSTS)}" if dice.chance(0.35) else ""
        return Customer(
            number=f"C{serial}",
            name=name,
            kind=kind,
            branch_code=branch.code,
            manager_number=dice.pick(self._desks[branch.code]),
            phone=f"1380000{self._phones[self._entered]:04d}",
            email=mail,
            id_document=document,
            birth_date=born,
            address=addressed(dice, branch.prefecture),
            story=story,
        )

    def _person(self, story: Story, place: int) -> tuple[str, str, date, str]:
        """Name, surname in Latin letters, day of birth and identity number."""
        dice = self._dice
        first, last = (1947, 1993) if story.tier else (1943, 2006)
        if story.name == "ended":
            first, last = 1934, 1972
        born = date(first, 1, 1) + timedelta(days=dice.below((last - first) * 365))
        female = dice.chance(0.48)
        name, roman = person_name(dice, born.year, female=female)
        while True:
            order = dice.below(499) * 2 + (2 if female else 1)
            document = resident_number(region(place), born, order)
            if document not in self._taken:
                self._taken.add(document)
                return name, roman, born, document


def population(branches: Sequence[Branch], managers: Sequence[Manager]) -> list[Customer]:
    """All customers in the order of their numbers."""
    register = Register(branches, managers)
    return [register.enter(story) for story in cast()]
