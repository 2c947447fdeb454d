"""The root of all reads."""

import strawberry

from schema.fields import Argument, ById, planned
from schema.types.node import Node


@strawberry.type(description="All that can be read.")
class Query:
    """What reads any type; each file of `schema.types` adds its own root fields (`extends`)."""

    node: Node | None = planned(
        ById(single=True),
        "An object by its identifier; null if there is none or the caller may not see it.",
        {"id": Argument(strawberry.ID, "The identifier.", strawberry.UNSET)},
    )
    nodes: list[Node | None] = planned(
        ById(single=False),
        "Objects by their identifiers, at most 100, in the order asked for.",
        {"ids": Argument(list[strawberry.ID], "The identifiers.", strawberry.UNSET)},
    )
