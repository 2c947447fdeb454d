"""unmaskPersonalData: a customer's personal details in full, for a reason that is audited."""

import datetime

import strawberry

from domain.actors import Role
from domain.customers import PersonalField
from domain.field_classes import FieldClass
from repository.audit import audit
from repository.reading.tables import CUSTOMER
from schema.classes import fields_are
from schema.context import Context
from schema.fields import formula, to_one
from schema.mutations.customers import seen_customer, text_of
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors
from schema.types.customer import Customer
from schema.types.enums import publish

publish(
    PersonalField,
    "PersonalField",
    "A personal detail that is masked.",
    {
        "PHONE": "The telephone number.",
        "EMAIL": "The mail address.",
        "ID_DOCUMENT": "The identity document.",
        "BIRTH_DATE": "The birth date.",
        "ADDRESS": "The postal address.",
    },
)


_POINTS = 300_000
"""So dear that nobody unmasks a portfolio in one request, or a branch in an hour unnoticed."""


def _asked(field: PersonalField, shown: str = "") -> str:
    """The detail, if it is among those that were asked for; the row above says which were."""
    column = f"{{t}}.{field.value.lower()}{shown}"
    return f"case when '{field.value}' = any({{up}}.fields) then {column} end"


@strawberry.input(description="Which details of whom are to be shown, and why.")
class UnmaskPersonalDataInput:
    """Request to see personal details in full."""

    customer: strawberry.ID = strawberry.field(description="Whose.")
    fields: list[PersonalField] = strawberry.field(
        description="Which details; only these are shown, and the audit trail names them."
    )
    reason: str = strawberry.field(description="Why; it is kept in the audit trail.")


@fields_are(FieldClass.SECRET)
@strawberry.type(description="Personal details in full; null for one that was not asked for.")
class PersonalData:
    """terrace.customer."""

    phone: str | None = formula(_asked(PersonalField.PHONE), "Telephone number.")
    email: str | None = formula(_asked(PersonalField.EMAIL), "Mail address.")
    id_document: str | None = formula(_asked(PersonalField.ID_DOCUMENT), "Identity document.")
    birth_date: datetime.date | None = formula(
        _asked(PersonalField.BIRTH_DATE, "::text"), "Birth date."
    )
    address: str | None = formula(_asked(PersonalField.ADDRESS), "Postal address.")


@strawberry.type(description="The details that were asked for.")
class UnmaskPersonalDataPayload:
    """Result of unmaskPersonalData."""

    personal_data: PersonalData | None = to_one(
        CUSTOMER, {"id": "{t}.customer_id"}, "The details; null if they were refused."
    )
    customer: Customer | None = to_one(CUSTOMER, {"id": "{t}.customer_id"}, "The customer.")
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: UnmaskPersonalDataInput) -> Row:
    """Write the line of the audit trail first: without it nothing is shown."""
    try:
        reason = text_of(given.reason, "reason")
        fields = sorted(set(given.fields))
        if not fields:
            raise Refused("INVALID_FIELDS", "name the details to be shown", "input", "fields")
        async with context.database.unit() as connection:
            customer = await seen_customer(connection, given.customer, context.actor)
            await audit(
                connection,
                context.actor,
                "customer.unmask",
                customer["number"],
                reason=reason,
                detail={"fields": fields},
            )
    except Refused as refused:
        return refused.row
    return {"customer_id": customer["id"], "fields": fields, "errors": []}


UNMASK_PERSONAL_DATA = operation(
    perform,
    UnmaskPersonalDataInput,
    "customer_id integer, fields text[]",
    "Show personal details of a customer in full. Who saw which of them, when and why, is in the "
    "audit trail before the answer is given.",
    Role.MANAGER,
    Role.BRANCH,
    Role.RISK,
    Role.HQ,
    points=_POINTS,
)
