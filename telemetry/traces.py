"""Traces by OpenTelemetry: a span for each request, statement and job, when they are asked for.

The library is loaded when traces are; without them nothing of it is, and all that is left of this
module is the question whether `ACTIVE` is None. Spans have names, kinds, hashes, roles, statuses
and times; never a value, a document, a statement's text or an exception's message.
"""

import hashlib
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from telemetry.doing import Doing

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Span

_STANDARD = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_END_SECONDS = 2.0
_MOST_HELD = 10_000

ACTIVE: "Traces | None" = None
"""What makes the spans of this process; None when nobody asked for traces."""


class NotInstalled(Exception):
    """Traces were asked for, and the library for them is not there."""


def start(role: str, collector: str | None, names: Mapping[str, str]) -> None:
    """Make spans from here on, if a collector is named or the environment names one.

    `role` is api or worker, `names` the name of each known statement by its text. Raises
    NotInstalled.
    """
    global ACTIVE
    if collector is None and not any(os.environ.get(name) for name in _STANDARD):
        return
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    try:
        ACTIVE = Traces(role, collector, names)
    except ImportError as missing:
        raise NotInstalled(
            "traces need the libraries of requirements/traces.txt (or: pip install terrace[traces])"
        ) from missing


def stop() -> None:
    """Make no more spans and send those that are made; a collector that is away holds up nobody."""
    global ACTIVE
    active, ACTIVE = ACTIVE, None
    if active is not None:
        ending = threading.Thread(target=active.end, daemon=True)
        ending.start()
        ending.join(_END_SECONDS)


class RequestSpan:
    """The span of a request, or of an operation on a socket."""

    __slots__ = ("_span", "_token", "_traces")

    def __init__(self, traces: "Traces", span: "Span", token: "Token[Context]") -> None:
        """It is the running task's span until it ends."""
        self._traces, self._span, self._token = traces, span, token

    def known(self, doing: Doing) -> None:
        """The operation is known. A subscription's span ends here: it may run for days."""
        if doing.kind == "subscription":
            self._end(doing, None)

    def end_request(self, doing: Doing, status: int | None) -> None:
        """The answer is there."""
        if self._span.is_recording():
            self._end(doing, status)
        self._traces.detach(self._token)

    def _end(self, doing: Doing, status: int | None) -> None:
        span = self._span
        if doing.kind is not None:
            span.update_name(f"{doing.kind} {doing.operation or doing.hash}")
        told = {
            "graphql.operation.name": doing.operation,
            "graphql.operation.type": doing.kind,
            "terrace.document": doing.hash,
            "terrace.role": doing.role,
            "http.response.status_code": status,
        }
        span.set_attributes({name: value for name, value in told.items() if value is not None})
        if status is not None and status >= 500:
            self._traces.failed(span, str(status))
        span.end()


class Pass:
    """A worker's look for work; what it turns out to be is set on it."""

    __slots__ = ("worked",)

    def __init__(self) -> None:
        """Nothing was found yet."""
        self.worked = False


class Traces:
    """Makes the spans of one process and sends them to a collector."""

    def __init__(self, role: str, collector: str | None, names: Mapping[str, str]) -> None:
        """Load the library and start the sender; raises ImportError."""
        from opentelemetry import context, trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        class Sender(BatchSpanProcessor):
            """Sends what has ended, but for looks for work that found none."""

            def on_end(sender, span: "ReadableSpan") -> None:  # noqa: N805
                if not self._is_held(span):
                    super().on_end(span)

        address = None if collector is None else collector.rstrip("/") + "/v1/traces"
        service = os.environ.get("OTEL_SERVICE_NAME", "terrace")
        resource = Resource.create({"service.name": service, "terrace.process": role})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._sender = Sender(OTLPSpanExporter(endpoint=address))
        self._provider.add_span_processor(self._sender)
        self._tracer = self._provider.get_tracer("terrace")
        self._context, self._trace = context, trace
        self._propagator = TraceContextTextMapPropagator()
        self._names = names
        self._held: dict[int, list[ReadableSpan]] = {}

    def end(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    def request(self, method: str, traceparent: bytes | None) -> RequestSpan:
        """The span of a request that has come, below that of its caller if it names one."""
        span = self._tracer.start_span(
            method,
            context=self._remote(None if traceparent is None else traceparent.decode("latin-1")),
            kind=self._trace.SpanKind.SERVER,
        )
        token = self._context.attach(self._trace.set_span_in_context(span))
        return RequestSpan(self, span, token)

    @contextmanager
    def statement(self, statement: str, scope: str) -> Iterator[None]:
        """The span of a compiled statement, from its turn's beginning to its answer."""
        if not self._trace.get_current_span().is_recording():
            yield
            return
        span = self._tracer.start_span(
            "read",
            kind=self._trace.SpanKind.CLIENT,
            attributes={
                "db.system.name": "postgresql",
                "terrace.statement": _hash(statement),
                "terrace.scope": scope,
            },
        )
        try:
            yield
        except BaseException as error:
            self.failed(span, type(error).__name__)
            raise
        finally:
            span.end()

    def done(self, statement: str, seconds: float, error: BaseException | None) -> None:
        """A statement of the writer that has just ended, as its connection tells."""
        if not self._trace.get_current_span().get_span_context().is_valid:
            return
        now = time.time_ns()
        name = self._names.get(statement) or _control(statement)
        span = self._tracer.start_span(
            name or "statement",
            kind=self._trace.SpanKind.CLIENT,
            start_time=now - int(seconds * 1e9),
            attributes={
                "db.system.name": "postgresql",
                "terrace.statement": name or _hash(statement),
            },
        )
        if error is not None:
            self.failed(span, type(error).__name__)
        span.end(now)

    @contextmanager
    def work(self, topic: str, job: str, causes: Sequence[str]) -> Iterator[Pass]:
        """The span of a look for work, below the request that caused it, linked to all others.

        One that nobody caused and that found nothing is not sent, nor are its statements.
        """
        contexts = [self._remote(cause) for cause in causes]
        spans = [self._trace.get_current_span(one).get_span_context() for one in contexts]
        span = self._tracer.start_span(
            f"work {topic}",
            context=contexts[0] if contexts else self._remote(None),
            kind=self._trace.SpanKind.CONSUMER,
            links=[self._trace.Link(one) for one in spans[1:]],
            attributes={"terrace.topic": topic, "terrace.job": job},
        )
        number = span.get_span_context().trace_id
        if not contexts:
            self._held[number] = []
        token = self._context.attach(self._trace.set_span_in_context(span))
        found = Pass()
        try:
            yield found
        except Exception as error:  # to be told to stop is no failure
            found.worked = True
            self.failed(span, type(error).__name__)
            raise
        finally:
            self.detach(token)
            held = self._held.pop(number, [])
            if found.worked or contexts:
                for one in held:
                    self._sender.on_end(one)
                span.end()

    def carried(self) -> str | None:
        """What to hand on, so that what comes of it belongs to the running span."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return carrier.get("traceparent")

    def failed(self, span: "Span", kind: str) -> None:
        """Mark a span as failed, by a word that is not of anybody's data."""
        span.set_attribute("error.type", kind)
        span.set_status(self._trace.StatusCode.ERROR)

    def detach(self, token: Any) -> None:
        """The running task has the span again that it had before."""
        self._context.detach(token)

    def _remote(self, traceparent: str | None) -> "Context":
        carrier = {} if traceparent is None else {"traceparent": traceparent}
        return self._propagator.extract(carrier, self._context.Context())

    def _is_held(self, span: "ReadableSpan") -> bool:
        """Keep a span of a look for work until it is known what came of it."""
        about = span.get_span_context()
        held = None if about is None else self._held.get(about.trace_id)
        if held is None or len(held) >= _MOST_HELD:
            return False
        held.append(span)
        return True


@lru_cache(2_000)
def _hash(statement: str) -> str:
    return hashlib.sha256(statement.encode(errors="surrogatepass")).hexdigest()[:16]


def _control(statement: str) -> str | None:
    """The word of a statement that controls a transaction."""
    word = statement.split(None, 1)[0].rstrip(";").lower() if statement.strip() else ""
    return word if word in ("begin", "commit", "rollback", "savepoint", "release") else None
