"""GraphQL over HTTP and sockets: the only code that knows starlette.

The API admits a caller, reads the request, hands it to the query engine and passes the engine's
bytes on. It knows nothing of types, fields or SQL.
"""
