"""GraphQL over HTTP, after the draft specification of that name (graphql.github.io)."""

import asyncio
from typing import Generic, Literal
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from api.disconnect import CallerGone, cancelled_on_disconnect
from api.engine import Engine, P
from api.errors import Code, Header, Refusal, masked, status_of
from api.identity import Admission
from api.json_guard import parse
from api.landing import HEADERS as PAGE_HEADERS
from api.landing import page
from api.negotiation import MediaType, accepts_html, answer_type, require_json
from api.operation_request import OperationRequest, request_of
from api.telling import CALLER_GONE, Told, known
from schema.errors import RequestError
from telemetry.doing import Doing

BODY_SECONDS = 30.0
"""How long a body may take to arrive."""

_SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)
_PARAMETERS = {"query", "operationName", "variables", "extensions"}

Headers = dict[bytes, bytes]


class GraphQLEndpoint(Generic[P]):
    """The ASGI application at `/graphql` for plain HTTP.

    It looks at a request in this order, and the first fault decides: method, Accept header,
    token, Content-Type, body, its members, the document, the variables.
    """

    def __init__(
        self,
        engine: Engine[P],
        admission: Admission,
        *,
        max_body_bytes: int,
        log_requests: bool = False,
    ) -> None:
        self._engine = engine
        self._admission = admission
        self._max_body_bytes = max_body_bytes
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = _headers(scope)
        if _wants_page(scope, headers):
            host = headers.get(b"host", b"").decode("latin-1")
            await _respond(send, 200, page(scope["scheme"], host), PAGE_HEADERS)
            return
        told = Told(scope, headers)
        media = MediaType.JSON
        extra: tuple[Header, ...] = ()
        status = 200
        try:
            if scope["method"] not in ("GET", "POST"):
                raise _not_allowed("Use POST, or GET for queries", b"GET, POST")
            media = answer_type(headers.get(b"accept"))
            body = await self._answer(scope, headers, receive, told.doing)
        except Refusal as refusal:
            status, extra = refusal.status, refusal.headers
            body = orjson.dumps({"errors": refusal.errors})
        except RequestError as error:
            status = status_of(error, plain_json=media is MediaType.JSON)
            body = orjson.dumps({"errors": error.errors})
        except CallerGone:
            told.answered(CALLER_GONE, b"", logs=self._log_requests)
            return
        except Exception:
            status = 500
            body = orjson.dumps({"errors": masked("answering over HTTP")})
        told.answered(status, body, logs=self._log_requests)
        identifier = (b"x-request-id", told.doing.id.encode())
        await _respond(send, status, body, ((b"content-type", media.value), identifier, *extra))

    async def _answer(
        self, scope: Scope, headers: Headers, receive: Receive, doing: Doing
    ) -> bytes:
        """The response object of the request; raises what the caller did wrong."""
        authorization = headers.get(b"authorization")
        actor = await self._admission.authenticate(
            None if authorization is None else authorization.decode("latin-1")
        )
        by_get = scope["method"] == "GET"
        if by_get:
            request = self._from_query_string(scope["query_string"])
        else:
            require_json(headers.get(b"content-type"), headers.get(b"content-encoding"))
            request = request_of(parse(await self._body(headers, receive), "The body"))
        prepared = self._engine.prepare(request.query, request.operation_name)
        known(doing, prepared, actor)
        if prepared.kind == "subscription":
            raise Refusal(
                Code.SUBSCRIPTION_NEEDS_SOCKET,
                "Subscriptions need a WebSocket with the subprotocol graphql-transport-ws",
            )
        if by_get and prepared.kind == "mutation":
            raise _not_allowed("Mutations need POST", b"POST")
        async with cancelled_on_disconnect(receive):
            return await self._engine.execute(
                prepared, request.variables, actor, request.extensions
            )

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


def _headers(scope: Scope) -> Headers:
    """The headers by name; one that is sent twice is joined as RFC 9110 has it."""
    pairs: list[Header] = scope["headers"]
    headers = dict(pairs)
    if len(headers) != len(pairs):
        headers = {}
        for name, value in pairs:
            headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def _wants_page(scope: Scope, headers: Headers) -> bool:
    return (
        scope["method"] == "GET"
        and b"query=" not in scope["query_string"]
        and accepts_html(headers.get(b"accept"))
    )


def _not_allowed(message: str, allow: Literal[b"GET, POST", b"POST"]) -> Refusal:
    return Refusal(Code.METHOD_NOT_ALLOWED, message, [(b"allow", allow)])


async def _respond(send: Send, status: int, body: bytes, headers: tuple[Header, ...]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, length, *_SECURITY],
        }
    )
    await send({"type": "http.response.body", "body": body})
