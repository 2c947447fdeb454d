"""The schema: built once a process from the types, the source of truth for names and SDL."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import strawberry
from graphql import GraphQLInputObjectType, GraphQLSchema, lexicographic_sort_schema, print_schema
from strawberry.schema.config import StrawberryConfig

from schema import types
from schema.declarations import node_types
from schema.mutation import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.subscription import Subscription

for _file in iter_modules(types.__path__):
    import_module(f"{types.__name__}.{_file.name}")

NODE_TYPES = node_types()
"""The types that `node` reads, by name."""


@cache
def published() -> strawberry.Schema:
    """The strawberry schema."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[declared.type for declared in NODE_TYPES.values()],
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
