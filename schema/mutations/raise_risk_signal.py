"""raiseRiskSignal: report a warning signal to risk control."""

import re

import strawberry

from domain.actors import Role
from domain.risk import Severity
from repository.audit import audit
from repository.reading.tables import RISK_SIGNAL
from repository.statements import sql
from schema.context import Context
from schema.fields import to_one
from schema.mutations.customers import locked_customer, text_of
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors
from schema.types.risk_signal import RiskSignal

_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,49}", re.ASCII)


@strawberry.input(description="A warning signal to report.")
class RaiseRiskSignalInput:
    """Request of a signal."""

    customer: strawberry.ID = strawberry.field(description="Whom it is about.")
    code: str = strawberry.field(description="Code in the catalogue, such as BALANCE_OUTFLOW.")
    severity: Severity = strawberry.field(description="How grave it is.")
    facts: str = strawberry.field(description="What was observed.")


@strawberry.type(description="The signal as it was reported.")
class RaiseRiskSignalPayload:
    """Result of raiseRiskSignal."""

    signal: RiskSignal | None = to_one(
        RISK_SIGNAL,
        {"customer_id": "{t}.customer_id", "id": "{t}.signal_id"},
        "The signal; null if it was refused.",
    )
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: RaiseRiskSignalInput) -> Row:
    """Write the signal and its first event."""
    actor = context.actor
    try:
        facts = text_of(given.facts, "facts")
        if not _CODE.fullmatch(given.code):
            raise Refused(
                "INVALID_CODE",
                "a code has 2 to 50 capital letters, digits and underscores",
                "input",
                "code",
            )
        async with context.database.unit() as connection:
            customer = await locked_customer(connection, given.customer, actor)
            signal = await connection.fetchval(
                sql("write_risk_signal"),
                customer["id"],
                given.code,
                given.severity.value,
                facts,
                actor.principal,
                actor.scope_id if actor.role is Role.MANAGER else None,
            )
            await audit(
                connection,
                actor,
                "risk_signal.raise",
                customer["number"],
                after={"signal": signal, "code": given.code, "severity": given.severity.value},
            )
    except Refused as refused:
        return refused.row
    await context.wake("relay")
    return {"customer_id": customer["id"], "signal_id": signal, "errors": []}


RAISE_RISK_SIGNAL = operation(
    perform,
    RaiseRiskSignalInput,
    "customer_id integer, signal_id integer",
    "Report a warning signal about a customer to risk control.",
    Role.MANAGER,
    Role.BRANCH,
    Role.RISK,
    Role.HQ,
)
