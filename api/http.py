"""GraphQL over HTTP, after the draft specification of that name (graphql.github.io)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Generic, Literal
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from api.disconnect import CallerGone, cancelled_on_disconnect
from api.door import Caller, Door, retry_after
from api.engine import Engine, P
from api.errors import Code, Header, Refusal, masked, status_of
from api.identity import Admission
from api.json_guard import parse
from api.landing import CONTENT_TYPE, page
from api.negotiation import MediaType, accepts_html, answer_type, require_json
from api.operation_request import OperationRequest, request_of
from api.origin import Origin, Proxies, by_name
from api.security import HTTPS_ONLY, SECURITY, Origins
from api.telling import CALLER_GONE, Told, known
from domain.actors import Actor
from schema.errors import RequestError
from telemetry.doing import Doing

BODY_SECONDS = 30.0
"""How long a body may take to arrive."""

_PARAMETERS = {"query", "operationName", "variables", "extensions"}

Headers = dict[bytes, bytes]


class GraphQLEndpoint(Generic[P]):
    """The ASGI application at `/graphql` for plain HTTP.

    It looks at a request in this order, and the first fault decides: method, Accept header,
    token, what its caller has taken, Content-Type, body, its members, the document, the variables.
    """

    def __init__(
        self,
        engine: Engine[P],
        admission: Admission,
        door: Door,
        *,
        proxies: Proxies,
        origins: Origins,
        max_body_bytes: int,
        landing_page: bool = True,
        log_requests: bool = False,
    ) -> None:
        self._engine = engine
        self._admission = admission
        self._door = door
        self._proxies = proxies
        self._origins = origins
        self._landing_page = landing_page
        self._max_body_bytes = max_body_bytes
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = by_name(scope)
        origin = self._proxies.origin(scope, headers)
        extra = list(self._origins.headers(headers.get(b"origin")))
        if origin.https:
            extra.append(HTTPS_ONLY)
        if self._landing_page and _wants_page(scope, headers):
            host = headers.get(b"host", b"").decode("latin-1")
            scheme = "https" if origin.https else "http"
            await _respond(send, 200, page(scheme, host), (CONTENT_TYPE, *extra))
            return
        if scope["method"] == "OPTIONS":
            preflight = self._origins.preflight(scope["method"], headers)
            if preflight is not None:
                await _respond(send, 204, b"", preflight)
                return
        told = Told(scope, headers)
        media = MediaType.JSON
        status = 200
        try:
            if scope["method"] not in ("GET", "POST"):
                raise _not_allowed("Use POST, or GET for queries", b"GET, POST")
            media = answer_type(headers.get(b"accept"))
            body = await self._answer(scope, headers, receive, told.doing, origin, extra)
        except Refusal as refusal:
            status = refusal.status
            extra += refusal.headers
            body = orjson.dumps({"errors": refusal.errors})
        except RequestError as error:
            status = status_of(error, plain_json=media is MediaType.JSON)
            extra += retry_after(error)
            body = orjson.dumps({"errors": error.errors})
        except CallerGone:
            told.answered(CALLER_GONE, b"", origin.address, logs=self._log_requests)
            return
        except Exception:
            status = 500
            body = orjson.dumps({"errors": masked("answering over HTTP")})
        told.answered(status, body, origin.address, logs=self._log_requests)
        identifier = (b"x-request-id", told.doing.id.encode())
        await _respond(send, status, body, ((b"content-type", media.value), identifier, *extra))

    async def _answer(
        self,
        scope: Scope,
        headers: Headers,
        receive: Receive,
        doing: Doing,
        origin: Origin,
        extra: list[Header],
    ) -> bytes:
        """The response object of the request; raises what the caller did wrong.

        What the caller has left is added to `extra`.
        """
        given = headers.get(b"authorization")
        authorization = None if given is None else given.decode("latin-1")
        actor = await self._door.identified(
            authorization, origin.address, lambda: self._admission.authenticate(authorization)
        )
        caller = self._door.caller(actor)
        try:
            if (waits := self._door.request(caller)) is not None:
                await waits
            self._door.begin(caller, "query")  # or a mutation: known when it has come whole
            try:
                prepared, request = await self._operation(
                    scope, headers, receive, doing, actor, caller
                )
                if prepared.kind == "mutation":
                    actor = replace(actor, origin=origin.address)
                async with cancelled_on_disconnect(receive):
                    return await self._engine.execute(
                        prepared, request.variables, actor, request.extensions
                    )
            finally:
                self._door.end(caller, "query")
        except RequestError as error:
            raise self._door.veiled(error, caller) from None
        finally:
            extra += self._door.told(caller)

    async def _operation(
        self,
        scope: Scope,
        headers: Headers,
        receive: Receive,
        doing: Doing,
        actor: Actor,
        caller: Caller,
    ) -> tuple[P, OperationRequest]:
        """What a known caller asks for; raises what is wrong with it."""
        by_get = scope["method"] == "GET"
        if by_get:
            request = self._from_query_string(scope["query_string"])
        else:
            require_json(headers.get(b"content-type"), headers.get(b"content-encoding"))
            request = request_of(parse(await self._body(headers, receive), "The body"))
        prepared = await self._engine.prepared(request.query, request.operation_name, actor)
        known(doing, prepared, actor)
        self._door.admit(caller, prepared)
        if prepared.kind == "subscription":
            raise Refusal(
                Code.SUBSCRIPTION_NEEDS_SOCKET,
                "Subscriptions need a WebSocket with the subprotocol graphql-transport-ws",
            )
        if by_get and prepared.kind == "mutation":
            raise _not_allowed("Mutations need POST", b"POST")
        return prepared, request

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """The body, counted while it streams in: a length that was announced proves nothing."""
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced[:20]) > self._max_body_bytes:
            raise self._too_large()
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise CallerGone
                    chunk: bytes = message.get("body", b"")
                    size += len(chunk)
                    if size > self._max_body_bytes:
                        raise self._too_large()
                    chunks.append(chunk)
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError:
            raise Refusal(
                Code.BODY_TIMEOUT, "The body did not arrive in time", [(b"connection", b"close")]
            ) from None

    def _from_query_string(self, query_string: bytes) -> OperationRequest:
        """The request in a URL: `variables` and `extensions` are JSON, empty means absent."""
        if len(query_string) > self._max_body_bytes:
            raise self._too_large()
        try:
            pairs = parse_qsl(query_string.decode("ascii"), errors="strict", max_num_fields=64)
        except ValueError:  # not ASCII, not UTF-8 behind the escapes, too many fields
            raise Refusal(Code.BAD_REQUEST, "The query string is malformed") from None
        members: dict[str, object] = {}
        for name, value in pairs:
            if name not in _PARAMETERS:
                continue
            if name in members:
                raise Refusal(Code.BAD_REQUEST, f"'{name}' is given twice")
            members[name] = _json_parameter(name, value)
        return request_of(members)

    def _too_large(self) -> Refusal:
        return Refusal(
            Code.BODY_TOO_LARGE, f"A request may have {self._max_body_bytes} bytes at the most"
        )


def _json_parameter(name: str, value: str) -> object:
    """A parameter's value, parsed where the specification wants JSON."""
    if name in {"query", "operationName"}:
        return value
    return parse(value.encode(), f"'{name}'")


def _wants_page(scope: Scope, headers: Headers) -> bool:
    return (
        scope["method"] == "GET"
        and b"query=" not in scope["query_string"]
        and accepts_html(headers.get(b"accept"))
    )


def _not_allowed(message: str, allow: Literal[b"GET, POST", b"POST"]) -> Refusal:
    return Refusal(Code.METHOD_NOT_ALLOWED, message, [(b"allow", allow)])


async def _respond(send: Send, status: int, body: bytes, headers: Sequence[Header]) -> None:
    # An answer without content must not announce a length.
    length = () if status == 204 else ((b"content-length", str(len(body)).encode()),)
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, *length, *SECURITY],
        }
    )
    await send({"type": "http.response.body", "body": body})
