"""The page a browser sees where programs send their queries."""

import html
import re

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
_QUERY = '{"query": "{ __typename }"}'
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Terrace</title></head>
<body>
<h1>Terrace</h1>
<p>This is the GraphQL endpoint of Terrace. It answers programs: POST a query as JSON, or open a
WebSocket with the subprotocol <code>graphql-transport-ws</code> at the same address.</p>
<pre>{command}</pre>
<p><code>terrace token</code> prints a token for development.</p>
</body>
</html>
"""

CONTENT_TYPE = (b"content-type", b"text/html; charset=utf-8")


def page(scheme: str, host: str) -> bytes:
    """The page, with a command that reaches this very endpoint; a strange host is not repeated."""
    address = f"{scheme}://{host if _HOST.fullmatch(host) else '127.0.0.1:8000'}/graphql"
    command = (
        f"curl {address} \\\n"
        '  -H "Authorization: Bearer $TOKEN" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d '{_QUERY}'"
    )
    return _PAGE.replace("{command}", html.escape(command, quote=False)).encode()
