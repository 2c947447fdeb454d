"""Mutations: the work of each field in its order, then its answer by a plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import orjson
from graphql import FieldNode, GraphQLError, GraphQLObjectType
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.types.arguments import convert_argument

from domain.actors import Actor
from repository.database import persistently
from repository.reading.parameters import InvalidArgument
from schema.columns import tabled, takes_tables
from schema.compile import Compiler
from schema.context import Context
from schema.cost import written
from schema.document import Prepared
from schema.errors import BAD_USER_INPUT, Misfit, RequestError, error
from schema.failures import Forbidden, failure_of, failures
from schema.mutations.operation import Operation, Secret
from schema.plans import ROW, Plan, spec_of
from schema.published import published
from schema.settle import Settling

if TYPE_CHECKING:
    from schema.engine import Engine


@dataclass(frozen=True, slots=True)
class _Step:
    """One field of a mutation: what to do with what, and the plan of its answer."""

    operation: Operation
    given: Any
    plan: Plan
    compiler: Compiler
    points: int


async def mutate(
    engine: "Engine", prepared: Prepared, variables: Mapping[str, object] | None, actor: Actor
) -> bytes:
    """The response of a mutation; its fields are performed when all of them can be answered.

    Raises RequestError for what is refused before anything is done.
    """
    values = prepared.variables.values(variables)
    root = engine.planner.root("mutation")
    steps = []
    for key, nodes in engine.planner.root_fields(prepared, values.coerced, root).items():
        try:
            steps.append((key, nodes, _step(engine, root, prepared, nodes, values, actor)))
        except InvalidArgument as fault:
            raise RequestError([failure_of(fault)]) from None
        except GraphQLError as fault:  # null for what must not be, by way of a default
            raise Misfit(
                [error(fault.message, BAD_USER_INPUT)],
                "an argument has a value that its type does not admit",
            ) from None
        except RequestError:
            raise
        except Exception as fault:
            return failures([failure_of(fault, [key])])
    await engine.charge(sum(step.points for _, _, step in steps if step is not None), actor)
    context = engine.context(actor)
    parts: list[bytes] = []
    told: list[dict[str, object]] = []
    for key, nodes, step in steps:
        if step is None:
            parts.append(orjson.dumps(key) + b":" + orjson.dumps(root.name))
            continue
        try:
            answer = await _perform(engine, step, context, values)
        except Exception as fault:
            return failures([*told, failure_of(fault, [key])])
        data = step.plan.completed(answer)
        if data is None:  # what was done stays done; a part of its answer cannot be given
            settling = Settling(step.compiler, told)
            type_ = root.fields[nodes[0].name.value].type
            response = settling.field(type_, nodes, key, step.plan.filled(answer))
            if response["data"] is None:
                return orjson.dumps(response)
            data = orjson.dumps(response["data"][key])
        parts.append(orjson.dumps(key) + b":" + data)
    errors = b',"errors":' + orjson.dumps(told) if told else b""
    return b'{"data":{' + b",".join(parts) + b"}" + errors + b"}"


def _step(
    engine: "Engine",
    root: GraphQLObjectType,
    prepared: Prepared,
    nodes: list[FieldNode],
    values: VariableValues,
    actor: Actor,
) -> _Step | None:
    """What one field does and how it is answered; None for the root's own name."""
    name = nodes[0].name.value
    if name == "__typename":
        return None
    definition = root.fields[name]
    operation: Operation = spec_of(definition)
    if not operation.is_for(actor):
        needs = f" without the grant {operation.grant}" if actor.role in operation.roles else ""
        raise Forbidden(f"{name} is not for the role {actor.role.name}{needs}")
    given = get_argument_values(definition, nodes[0], values, hide_suggestions=True)
    compiler = engine.planner.compiler(prepared, values.coerced)
    plan = engine.planner.payload(definition, nodes, compiler, actor.sight)
    if plan.faults:
        raise plan.faults[0]
    plan.statement.parameters.values({**values.coerced, ROW.name: {}}, actor)
    points = plan.cost.given(values.coerced, actor) + operation.points + written(given["input"])
    type_ = definition.args["input"].type
    if takes_tables(type_):
        taken = tabled(given["input"], type_)
    else:
        taken = _converted(given["input"], operation.input_type)
    return _Step(operation, taken, plan, compiler, points)


async def _perform(engine: "Engine", step: _Step, context: Context, values: VariableValues) -> str:
    row = dict(await persistently(lambda: step.operation.perform(context, step.given)))
    shown: dict[str, Secret] = {}
    for name, value in row.items():
        if isinstance(value, Secret):
            row[name] = token_hex(16)  # stands for it while the database writes the answer
            shown[row[name]] = value
    given = {**values.coerced, ROW.name: row}
    bound = step.plan.statement.parameters.values(given, context.actor)
    sql = step.plan.statement.sql
    answer = await engine.database.answer(context.actor.scope, sql, bound)
    for placeholder, secret in shown.items():
        answer = answer.replace(f'"{placeholder}"', orjson.dumps(str(secret)).decode())
    return answer


def _converted(value: Any, input_type: Any) -> Any:
    """A coerced input as the dataclass that the mutation declares."""
    schema = published()
    registry = schema.schema_converter.scalar_registry
    return convert_argument(value, input_type, registry, schema.config)
