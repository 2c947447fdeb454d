"""Every mutation says for whom it is, and answers with its errors as data."""

import pytest
from graphql import GraphQLField, get_named_type

from domain.actors import Role
from schema.fields import PLANNED
from schema.mutations.operation import Operation
from schema.published import graphql_schema
from tests.architecture.source_tree import ROOT, files, relative, texts

MUTATION = graphql_schema().mutation_type
assert MUTATION is not None
ROLES = {
    "recordBalances": {Role.INTEGRATOR, Role.HQ},
    "closeMonth": {Role.HQ},
    "reopenMonth": {Role.HQ},
    "markFeedComplete": {Role.INTEGRATOR},
    "grantSpecialVip": {Role.HQ, Role.BRANCH, Role.MANAGER},
    "setTier": {Role.HQ, Role.BRANCH, Role.MANAGER},
    "revokeSpecialVip": {Role.HQ, Role.BRANCH},
    "assignManager": {Role.HQ, Role.BRANCH},
    "handOverPortfolio": {Role.HQ, Role.BRANCH},
    "applyCorrection": {Role.HQ, Role.BRANCH},
    "raiseRiskSignal": {Role.MANAGER, Role.BRANCH, Role.RISK, Role.HQ},
    "unmaskPersonalData": {Role.MANAGER, Role.BRANCH, Role.RISK, Role.HQ},
    "publishTierPolicy": {Role.HQ},
    "giveApproval": {Role.HQ, Role.BRANCH},
    "refuseApproval": {Role.HQ, Role.BRANCH},
    "withdrawApproval": {Role.HQ, Role.BRANCH, Role.MANAGER},
    "refreshApproval": {Role.HQ, Role.BRANCH, Role.MANAGER},
    "createApiKey": {Role.ADMINISTRATOR},
    "rotateApiKey": {Role.ADMINISTRATOR},
    "revokeApiKey": {Role.ADMINISTRATOR},
    "revokeAccess": {Role.ADMINISTRATOR},
    "restoreAccess": {Role.ADMINISTRATOR},
    "previewTierPolicy": {Role.HQ},
    "cancelTierPolicyPreview": {Role.HQ},
}
"""Who may call what: docs/concepts/visibility.md has the same table, and a test reads it."""


def operation_of(field: GraphQLField) -> Operation:
    spec = field.extensions["strawberry-definition"].metadata[PLANNED].spec
    assert isinstance(spec, Operation)
    return spec


def test_every_mutation_is_on_the_list_of_permissions() -> None:
    assert set(MUTATION.fields) == set(ROLES)


@pytest.mark.parametrize(("name", "field"), MUTATION.fields.items())
def test_a_mutation_declares_its_roles(name: str, field: GraphQLField) -> None:
    assert operation_of(field).roles == ROLES[name]


@pytest.mark.parametrize(("name", "field"), MUTATION.fields.items())
def test_nobody_changes_anything_who_only_looks(name: str, field: GraphQLField) -> None:
    assert not operation_of(field).roles & {Role.AUDITOR, Role.CUSTOMER}


@pytest.mark.parametrize(("name", "field"), MUTATION.fields.items())
def test_a_mutation_takes_one_input_and_answers_with_its_errors(
    name: str, field: GraphQLField
) -> None:
    assert list(field.args) == ["input"]
    payload = get_named_type(field.type)
    assert str(payload.fields["errors"].type) == "[UserError!]!"  # type: ignore[union-attr]


def test_the_page_on_visibility_has_the_same_permissions() -> None:
    page = (ROOT / "docs" / "concepts" / "visibility.md").read_text(encoding="utf-8")
    for name, roles in ROLES.items():
        [row] = [line for line in page.splitlines() if line.startswith(f"| `{name}`")]
        told = {cell.strip(" `") for cell in row.strip("|").split("|")[1].split(",")}
        assert told == {role.value for role in roles}


def test_a_mutation_writes_through_the_unit_of_work_only() -> None:
    words = ("insert into", "update terrace", "delete from", "begin", "commit")
    written = [
        (relative(path), text)
        for path in files("schema/mutations", "*.py")
        for text in texts(path)
        if text.lower().startswith(words)
    ]
    assert written == []
