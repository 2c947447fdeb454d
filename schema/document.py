"""Documents: parsed, measured and validated once, and remembered."""

import hashlib
import itertools
import re
from dataclasses import dataclass, field
from typing import Literal

from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

from schema.errors import (
    GRAPHQL_PARSE_FAILED,
    GRAPHQL_VALIDATION_FAILED,
    LIMIT_EXCEEDED,
    OPERATION_RESOLUTION_FAILURE,
    Misfit,
    RequestError,
    error,
    refusal,
)
from schema.limits import LONGEST_DOCUMENT, Limits, check, introspects
from schema.scalars import strict
from schema.variables import Variables

Kind = Literal["query", "mutation", "subscription"]
_MOST_ERRORS = 5
_LONGEST_NAME = 64
# Whether fields of one name may be merged is asked of every pair of them. The library's own bound
# lets a document of 6 kB take 1.5 s; ours lets no document take longer than its parsing.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 20_000


# Rules about @defer and @stream: a document with either is refused as one of unknown directives.
_NEEDLESS = ("Defer", "Stream")
_RULES = [rule for rule in specified_rules if not any(n in rule.__name__ for n in _NEEDLESS)]
_INTROSPECTION = re.compile(r"\b__(?:schema|type)\b")
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation that may be run. `number` is its name in keys; no two are ever the same.

    `introspects` says whether it asks about the schema itself, `hash` is of the document's text.
    """

    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    kind: Kind
    variables: Variables
    introspects: bool
    hash: str
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def name(self) -> str | None:
        """The operation's name in its document, cut where it is long."""
        return self.operation.name.value[:_LONGEST_NAME] if self.operation.name else None


def prepare(
    schema: GraphQLSchema, document: str, operation_name: str | None, limits: Limits
) -> Prepared:
    """Parse, measure and validate; raises RequestError with every fault found."""
    if len(document) > LONGEST_DOCUMENT:
        message = (
            f"the document has {len(document)} characters; at most {LONGEST_DOCUMENT} are allowed"
        )
        raise refusal(message, LIMIT_EXCEEDED)
    try:
        parsed = parse(document, max_tokens=limits.tokens)
    except GraphQLSyntaxError as fault:
        too_long = "Document contains more than" in fault.message
        code = LIMIT_EXCEEDED if too_long else GRAPHQL_PARSE_FAILED
        raise RequestError([_object(fault, code)]) from None
    except RecursionError:
        raise refusal("the document is nested too deeply", LIMIT_EXCEEDED) from None
    fragments = {
        node.name.value: node
        for node in parsed.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    operations = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
    try:
        check(operations, fragments, limits)
    except RecursionError:
        raise refusal("the fragments are nested too deeply", LIMIT_EXCEEDED) from None
    # Rows of a mutation are turned down one by one, so their values are looked at later.
    token = strict.set(not any(node.operation is OperationType.MUTATION for node in operations))
    try:
        # What a message suggests is for callers who may have hints; the API sees to that.
        faults = validate(schema, parsed, _RULES, max_errors=_MOST_ERRORS)
    finally:
        strict.reset(token)
    if faults:
        raise Misfit(
            [_object(fault, GRAPHQL_VALIDATION_FAILED) for fault in faults],
            "this part of the document does not fit the schema",
        )
    operation = _operation(operations, operation_name)
    return Prepared(
        operation,
        fragments,
        operation.operation.value,
        Variables(schema, operation.variable_definitions or ()),
        _INTROSPECTION.search(document) is not None and introspects(operation, fragments),
        hashlib.sha256(document.encode(errors="surrogatepass")).hexdigest()[:16],
    )


def _operation(
    operations: list[OperationDefinitionNode], name: str | None
) -> OperationDefinitionNode:
    if name:
        operations = [node for node in operations if node.name and node.name.value == name]
        if not operations:
            raise refusal(
                "the document has no operation of the given name", OPERATION_RESOLUTION_FAILURE
            )
    if not operations:
        raise refusal("the document has no operation", OPERATION_RESOLUTION_FAILURE)
    if len(operations) > 1:
        raise refusal(
            "the document has several operations: give operationName", OPERATION_RESOLUTION_FAILURE
        )
    return operations[0]


def _object(fault: GraphQLError, code: str) -> dict[str, object]:
    members: dict[str, object] = {}
    if fault.locations:
        members["locations"] = [
            {"line": place.line, "column": place.column} for place in fault.locations
        ]
    told = getattr(fault.original_error, "extensions", None) or fault.extensions or {}
    return error(fault.message, str(told.get("code", code)), **members)
