"""Objects with a global identifier."""

import strawberry


@strawberry.interface(description="An object with a global identifier.")
class Node:
    """Relay's Node. Each type says itself how its identifier is made."""

    id: strawberry.ID = strawberry.field(description="Opaque, global and stable identifier.")
