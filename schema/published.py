"""The schema: built once a process from the types, the source of truth for names and SDL."""

from functools import cache

import strawberry
from graphql import GraphQLInputObjectType, GraphQLSchema, lexicographic_sort_schema, print_schema
from strawberry.schema.config import StrawberryConfig

from repository.reading.tables import (
    ACCOUNT,
    BRANCH,
    CUSTOMER,
    MANAGER,
    RISK_SIGNAL,
    TIER_CHANGE,
    TIER_POLICY,
)
from schema.compile import NodeType
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import Subscription
from schema.types.account import Account
from schema.types.tier import TierPolicy
from schema.types.tier_change import PUBLISHED

NODE_TYPES = {
    "Account": NodeType(ACCOUNT, ("customer_id", "id")),
    "Branch": NodeType(BRANCH, ("id",)),
    "Customer": NodeType(CUSTOMER, ("id",)),
    "Manager": NodeType(MANAGER, ("id",)),
    "RiskSignal": NodeType(RISK_SIGNAL, ("customer_id", "id")),
    "TierChange": NodeType(TIER_CHANGE, ("customer_id", "id"), (PUBLISHED,)),
    "TierPolicy": NodeType(TIER_POLICY, ("version",)),
}


@cache
def published() -> strawberry.Schema:
    """The strawberry schema."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Account, TierPolicy],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    for named in schema._schema.type_map.values():
        definition = named.extensions.get("strawberry-definition")
        if isinstance(named, GraphQLInputObjectType) and getattr(definition, "is_one_of", False):
            named.is_one_of = True  # strawberry only checks when it converts: too late for us
    return schema


def graphql_schema() -> GraphQLSchema:
    """The same as graphql-core has it."""
    return published()._schema


def sdl() -> str:
    """The published schema language, sorted, as the snapshot `schema.graphql` keeps it."""
    return print_schema(lexicographic_sort_schema(graphql_schema())) + "\n"
