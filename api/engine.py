"""What the API asks of the query engine."""

from collections.abc import AsyncIterator, Mapping
from typing import Literal, Protocol, TypeVar

from domain.actors import Actor

Kind = Literal["query", "mutation", "subscription"]


class Prepared(Protocol):
    """A parsed and validated operation; everything but these is the engine's own affair."""

    @property
    def kind(self) -> Kind:
        """What the operation does."""
        ...

    @property
    def name(self) -> str | None:
        """The name it has in its document, if it has one."""
        ...

    @property
    def introspects(self) -> bool:
        """Whether it asks about the schema itself."""
        ...

    @property
    def hash(self) -> str:
        """What tells its document from others and nothing about it."""
        ...


P = TypeVar("P", bound=Prepared)


class Engine(Protocol[P]):
    """Answers operations with complete GraphQL response objects as JSON bytes.

    Every method raises `schema.errors.RequestError` when nothing was executed. It is generic in
    the engine's own kind of `Prepared`, so that an engine gets back exactly what it made.
    """

    def prepare(self, document: str, operation_name: str | None) -> P:
        """Parse and validate a document and hold it against the limits."""
        ...

    async def prepared(self, document: str, operation_name: str | None, actor: Actor) -> P:
        """The same for a caller, who may have to pay for it."""
        ...

    async def execute(
        self,
        prepared: P,
        variables: Mapping[str, object] | None,
        actor: Actor,
        extensions: Mapping[str, object] | None = None,
    ) -> bytes:
        """Run a query or mutation: the bytes of `{"data": ..., "errors": ..., "extensions": ...}`.

        `extensions` are the request's.
        """
        ...

    def subscribe(
        self, prepared: P, variables: Mapping[str, object] | None, actor: Actor
    ) -> AsyncIterator[bytes]:
        """Run a subscription: one complete response object for each event.

        A `RequestError` may come before the first event, or later, and ends the stream. The next
        event is only asked for when the last one was sent.
        """
        ...
