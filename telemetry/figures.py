"""The figures that are counted, by name. All processes make the same ones in the same order."""

from telemetry.meters import METERS, Histogram, Metric

KINDS = ("query", "mutation", "subscription", "none")
"""What an operation does; `none` where a request came to no operation."""
STATUSES = (
    "200", "400", "401", "403", "404", "405", "406", "408", "413", "415", "429", "499", "500",
    "503", "other",
)  # fmt: skip
"""Statuses of HTTP; 499 is a caller who hung up before the answer."""
SCOPES = ("customer", "manager", "branch", "all", "reading", "audit", "configuration", "none")
TOPICS = ("recompute", "close", "relay", "seal", "preview", "approval")

REQUESTS = Metric(
    "counter",
    "terrace_requests_total",
    "Requests over HTTP, by what their operation does and the status they were answered with.",
    {"kind": KINDS, "status": STATUSES},
)
REQUEST_SECONDS = Histogram(
    "terrace_request_seconds",
    "Time from a request over HTTP to its answer.",
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    "kind",
    KINDS,
)
FAILED = Metric(
    "counter",
    "terrace_answers_without_data_total",
    "Operations answered with errors and no data, by what they do.",
    {"kind": KINDS},
)
OPERATIONS = Metric(
    "counter",
    "terrace_socket_operations_total",
    "Operations over sockets that have ended, by what they do and how they ended.",
    {"kind": KINDS, "outcome": ("completed", "failed", "stopped")},
)
DOCUMENTS = Metric(
    "counter",
    "terrace_documents_total",
    "Documents asked for: parsed and validated anew, or found in the cache.",
    {"result": ("made", "cached")},
)
PLANS = Metric(
    "counter",
    "terrace_plans_total",
    "Plans of queries: compiled anew, or found in the cache.",
    {"result": ("made", "cached")},
)
PASSES = Metric(
    "counter",
    "terrace_worker_passes_total",
    "Looks for work, by topic and what came of them.",
    {"topic": TOPICS, "result": ("worked", "idle", "failed")},
)
PASS_SECONDS = Histogram(
    "terrace_worker_pass_seconds",
    "Time of a look for work and the work that was found.",
    (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900),
    "topic",
    TOPICS,
)
RECOMPUTED = Metric(
    "counter", "terrace_recomputed_customers_total", "Customers whose figures were made anew."
)
PROCESSES = Metric(
    "gauge", "terrace_processes", "Processes that are up.", {"role": ("api", "worker")}
)
SOCKETS = Metric("gauge", "terrace_sockets_open", "WebSockets that are open.")
SUBSCRIPTIONS = Metric("gauge", "terrace_subscriptions_open", "Subscriptions that are running.")
READERS = Metric(
    "gauge",
    "terrace_reader_connections",
    "Database connections for reading, by kind of scope: open, and of these in use.",
    {"scope": SCOPES, "state": ("open", "in_use")},
)
READERS_WAITING = Metric(
    "gauge",
    "terrace_reader_waiting",
    "Reads that wait for a database connection, by kind of scope.",
    {"scope": SCOPES},
)
WRITERS = Metric(
    "gauge",
    "terrace_writer_connections",
    "Database connections for writing: open, and of these in use.",
    {"state": ("open", "in_use")},
)
LIMITED = Metric(
    "counter",
    "terrace_limited_total",
    "Requests, operations and sockets turned away because their caller had too many.",
    {"limit": ("requests", "points", "operations", "sockets", "subscriptions", "failures")},
)
LIMITS_ALONE = Metric(
    "gauge",
    "terrace_limits_alone",
    "Processes that share no limits with others, since Redis is away.",
)
WRITERS_WAITING = Metric(
    "gauge", "terrace_writer_waiting", "Transactions that wait for a database connection."
)


def count(place: int, number: float = 1) -> None:
    """Add to the figure at a place."""
    METERS.cells[place] += number


def put(place: int, value: float) -> None:
    """Set the state at a place."""
    METERS.cells[place] = value
