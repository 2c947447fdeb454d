"""Documents made to keep a server busy or to break it, each by its name."""

from collections.abc import Iterator

import orjson
from graphql import get_introspection_query

DEPTHS = (20, 150, 330, 500, 2400)
"""Around the places where a recursion of so many frames a level would end."""


def documents() -> Iterator[tuple[str, str]]:
    """Every hostile document."""
    yield from _nested()
    yield from _of_fragments()
    yield from _wide()
    yield from _merging()
    yield from _introspecting()


def _nested() -> Iterator[tuple[str, str]]:
    for n in DEPTHS:
        yield f"fields {n} deep", "{ branches " + "{ parent " * n + "{ code }" + " }" * n + " }"
        yield f"inline fragments {n} deep", "{" + "... {" * n + "viewer { role }" + "}" * n + "}"
        yield (
            f"typed inline fragments {n} deep",
            "{" + "... on Query {" * n + "viewer { role }" + "}" * n + "}",
        )
        lists, closing = "[" * n, "]" * n
        yield f"a list {n} deep", "{ nodes(ids: " + lists + closing + ") { id } }"
        yield f"a full list {n} deep", "{ nodes(ids: " + lists + '"x"' + closing + ") { id } }"
        filters = "{not: " * n + "{}" + "}" * n
        yield f"filters {n} deep", "{ customers(first: 1, where: " + filters + ") { totalCount } }"
        either = "{or: [" * n + "{}" + "]}" * n
        yield f"either {n} deep", "{ customers(first: 1, where: " + either + ") { totalCount } }"
        unknown = "{a: " * n + "1" + "}" * n
        yield (
            f"an object {n} deep",
            "{ customers(first: 1, where: " + unknown + ") { totalCount } }",
        )
        typed = "[" * n + "ID" + "]" * n
        yield f"a type {n} deep", "query ($a: " + typed + ") { viewer { role } }"
        yield f"a used type {n} deep", "query ($a: " + typed + ") { nodes(ids: $a) { id } }"
        yield (
            f"a default {n} deep",
            "query ($a: [ID!] = " + lists + closing + ") { nodes(ids: $a) { id } }",
        )
        yield (
            f"a default filter {n} deep",
            "query ($a: CustomerFilter = " + filters + ") { customers(first: 1, where: $a) "
            "{ totalCount } }",
        )
        yield f"a directive {n} deep", "{ viewer { role @skip(if: " + lists + closing + ") } }"
        chain = " ".join(f"fragment F{k} on Query {{ ...F{k + 1} }}" for k in range(n))
        yield (
            f"fragments {n} deep",
            f"{{ ...F0 }} {chain} fragment F{n} on Query {{ tiers {{ code }} }}",
        )


def _of_fragments() -> Iterator[tuple[str, str]]:
    deep = "parent { " * 18
    chain = " ".join(
        f"fragment F{k} on Branch {{ {deep}...F{k + 1}{' }' * 18} }}" for k in range(49)
    )
    yield (
        "50 fragments of 18 levels",
        f"{{ branches {{ ...F0 }} }} {chain} fragment F49 on Branch {{ code }}",
    )
    for n in (5, 30, 300):
        doubling = " ".join(
            f"fragment F{k} on Viewer {{ ...F{k + 1} ...F{k + 1} }}" for k in range(n)
        )
        yield (
            f"{n} doubling fragments",
            f"{{ viewer {{ ...F0 }} }} {doubling} fragment F{n} on Viewer {{ role }}",
        )
        fields = " ".join(
            f"fragment F{k} on Branch {{ parent {{ ...F{k + 1} }} a: parent {{ ...F{k + 1} }} }}"
            for k in range(n)
        )
        yield (
            f"{n} doubling fields",
            f"{{ branches {{ ...F0 }} }} {fields} fragment F{n} on Branch {{ code }}",
        )
        ring = " ".join(f"fragment F{k} on Viewer {{ role ...F{(k + 1) % n} }}" for k in range(n))
        yield f"a ring of {n} fragments", f"{{ viewer {{ ...F0 }} }} {ring}"
        deeper = " ".join(
            f"fragment F{k} on Branch {{ parent {{ ...F{(k + 1) % n} }} }}" for k in range(n)
        )
        yield f"a ring of {n} fields", f"{{ branches {{ ...F0 }} }} {deeper}"
    for n in (10, 40):
        everyone = " ".join(f"...F{k}" for k in range(n))
        mesh = " ".join(f"fragment F{k} on Viewer {{ role {everyone} }}" for k in range(n))
        yield f"{n} fragments that spread each other", f"{{ viewer {{ ...F0 }} }} {mesh}"
        later = " ".join(
            f"fragment F{k} on Viewer {{ role {' '.join(f'...F{j}' for j in range(k + 1, n))} }}"
            for k in range(n)
        )
        yield f"{n} fragments that spread all later ones", f"{{ viewer {{ ...F0 }} }} {later}"
    yield "itself", "{ ...F } fragment F on Query { ...F }"
    yield (
        "unused fragments",
        "{ viewer { role } } "
        + " ".join(f"fragment F{k} on Viewer {{ role }}" for k in range(700)),
    )
    yield "a fragment of one name", "{ viewer { role } } " + "fragment F on Viewer { role } " * 700
    yield "spreads of nothing", "{" + " ".join(f"...N{k}" for k in range(2000)) + "}"
    yield "one spread", "{" + "...F " * 2000 + "} fragment F on Query { viewer { role } }"


def _wide() -> Iterator[tuple[str, str]]:
    for n in (900, 10_000):
        yield f"{n} aliases", "{" + " ".join(f"a{k}: viewer {{ role }}" for k in range(n)) + "}"
        yield f"{n} typenames", "{" + " ".join(f"a{k}: __typename" for k in range(n)) + "}"
    dear = "customers(first: 100) { totalCount nodes { aumHistory(last: 120) { total } } }"
    yield "dear aliases", "{" + " ".join(f"a{k}: {dear}" for k in range(60)) + "}"
    yield "unknown fields", "{" + " ".join(f"a{k}" for k in range(2000)) + "}"
    yield "unknown fields below", "{ viewer {" + " ".join(f"a{k}" for k in range(2000)) + "} }"
    unknown = " ".join(f"a{k}: 1" for k in range(1600))
    yield "unknown arguments", "{ customers(" + unknown + ") { totalCount } }"
    yield "unknown members", "{ customers(first: 1, where: {" + unknown + "}) { totalCount } }"
    yield "one argument", "{ customers(" + "first: 1 " * 1200 + ") { totalCount } }"
    yield "one member", "{ customers(first: 1, where: {" + "and: [] " * 1000 + "}) { totalCount } }"
    for directive in ("@include(if: true)", "@skip(if: false)", "@unknown", '@unknown(a: "b")'):
        yield f"1000 {directive}", "{ viewer { role " + f"{directive} " * 1000 + "} }"
        yield (
            f"1000 {directive} on the operation",
            f"query {f'{directive} ' * 1000} {{ tiers {{ code }} }}",
        )
    many = " ".join(f"query A{k} {{ viewer {{ role }} }}" for k in range(600))
    yield "operations", many
    yield "operations of one name", "query A { viewer { role } } " * 600
    yield "operations without a name", "{ viewer { role } } " * 800
    yield "subscriptions", "subscription { tierChanged { cursor } } " * 600
    given = " ".join(f"$v{k}: Int" for k in range(1200))
    yield "unused variables", f"query ({given}) {{ viewer {{ role }} }}"
    yield "one variable", f"query ({'$v: Int ' * 1200}) {{ viewer {{ role }} }}"
    yield (
        "unknown types",
        f"query ({' '.join(f'$v{k}: T{k}' for k in range(1200))}) {{ tiers {{ code }} }}",
    )
    used = " ".join(f"a{k}: tiers(asOf: $v{k}) {{ code }}" for k in range(400))
    yield "undefined variables", "{" + used + "}"
    yield "ids", "{ nodes(ids: [" + '"x" ' * 4_900 + "]) { id } }"
    yield (
        "alternatives",
        "{ customers(first: 1, where: {or: [" + "{} " * 1_600 + "]}) { totalCount } }",
    )
    yield "types defined", " ".join(f"type T{k} {{ a: Int }}" for k in range(600))
    yield "schemas", "extend schema { query: Query } " * 500
    yield "a comment", "#" * 500_000
    yield "comments", "#\n" * 200_000
    yield "a long name", "{ " + "a" * 500_000 + " }"
    yield "a long text", '{ node(id: "' + "a" * 500_000 + '") { id } }'
    yield "a block text", '{ node(id: """' + "\n  a" * 100_000 + '""") { id } }'
    yield "escapes", '{ node(id: "' + "\\u0041" * 80_000 + '") { id } }'
    for number in ("9" * 100_000, "-" + "9" * 5_000, "1e400", "1e-400000", "1." + "0" * 100_000):
        yield (
            f"first: {number[:12]} ({len(number)})",
            ("{ customers(first: " + number + ") { totalCount } }"),
        )
        yield (
            f"balance: {number[:12]} ({len(number)})",
            (
                '{ customer(by: {number: "C1"}) { accounts(where: {balance: {gt: '
                + number
                + "}}) { number } } }"
            ),
        )


def _merging() -> Iterator[tuple[str, str]]:
    """Fields of one response key; whether they merge is asked of pairs of them."""
    yield "merged pairs", "{" + "viewer { role scope } " * 320 + "}"
    yield "merged fields", "{" + "viewer { role } " * 300 + "}"
    yield (
        "unmergeable fields",
        "{" + " ".join(f'a: customer(by: {{number: "{k}"}}) {{ name }}' for k in range(300)) + "}",
    )
    for n in (5, 12):
        tower = "parent { " * n + "code" + " }" * n
        yield f"towers {n} high", "{ branches { " + f"{tower} " * (900 // n) + "} }"
    for n in (20, 60):
        parts = [
            f"fragment F{k} on Branch {{ x: {'name' if k % 2 else 'code'} "
            f"parent {{ ...F{(k + 1) % n}b }} }} "
            f"fragment F{k}b on Branch {{ x: code }}"
            for k in range(n)
        ]
        spread = " ".join(f"...F{k}" for k in range(n))
        yield f"{n} fragments at odds", "{ branches { " + spread + " } } " + " ".join(parts)
        halves = " ".join(f"parent {{ ...F{k} }}" for k in range(n))
        yield f"{n} fragments below", "{ branches { " + halves + " } } " + " ".join(parts)
    merged = " ".join(f"...A{k} ...B{k}" for k in range(100))
    names = " ".join(
        f"fragment A{k} on Viewer {{ a{k}: role }} fragment B{k} on Viewer {{ a{k}: role }}"
        for k in range(100)
    )
    yield "pairs of fragments", "{ viewer { " + merged + " } } " + names
    typed = " ".join(f"... on Customer {{ a{k % 7}: number }}" for k in range(400))
    yield "merged inline fragments", '{ node(id: "x") { ' + typed + " } }"
    large = "{" + " ".join(f'{{number: {{eq: "{k}"}}}}' for k in range(100)) + "}"
    filters = "{or: [" + large[1:-1] + "]}"
    yield (
        "merged filters",
        "{" + f"customers(first: 1, where: {filters}) {{ totalCount }} " * 5 + "}",
    )


def _introspecting() -> Iterator[tuple[str, str]]:
    yield "introspection", get_introspection_query()
    yield "introspection, merged", "{" + "__schema { types { name } } " * 300 + "}"
    yield (
        "introspection, aliased",
        "{"
        + " ".join(f"a{k}: __schema {{ types {{ name fields {{ name }} }} }}" for k in range(200))
        + "}",
    )
    yield (
        "types by name",
        "{"
        + " ".join(
            f'a{k}: __type(name: "Customer") {{ fields {{ name type {{ name }} }} }}'
            for k in range(150)
        )
        + "}",
    )
    for n in (2, 3, 5, 12, 40, 300):
        below = "fields { type { " * n + "name" + " } }" * n
        yield f"fields of types {n} deep", "{ __schema { types { " + below + " } } }"
        kinds = "possibleTypes { interfaces { " * n + "name" + " } }" * n
        yield f"possible types {n} deep", "{ __schema { types { " + kinds + " } } }"
        yield (
            f"ofType {n} deep",
            "{ __schema { types { " + "ofType { " * n + "name" + " }" * n + "} } }",
        )
        spread = " ".join(
            f"fragment F{k} on __Type {{ fields {{ type {{ ...F{k + 1} }} }} }}" for k in range(n)
        )
        yield (
            f"fields of types in {n} fragments",
            f"{{ __schema {{ types {{ ...F0 }} }} }} {spread} fragment F{n} on __Type {{ name }}",
        )


def bodies() -> Iterator[tuple[str, bytes]]:
    """Requests that are hostile as JSON already, or by their variables' size."""
    asked = orjson.dumps({"query": "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"})[:-1]
    lists = "query ($w: CustomerFilter) { customers(first: 1, where: $w) { totalCount } }"
    filtered = orjson.dumps({"query": lists})[:-1]
    for n in (60, 70, 5_000, 200_000):
        deep = b"[" * n + b"]" * n
        yield f"ids {n} deep", asked + b',"variables":{"ids":' + deep + b"}}"
        objects = b'{"not":' * min(n, 60_000) + b"{}" + b"}" * min(n, 60_000)
        yield f"filters {n} deep in variables", filtered + b',"variables":{"w":' + objects + b"}}"
        yield f"JSON {n} deep", deep
    yield "many ids", asked + b',"variables":{"ids":[' + b'"x",' * 200_000 + b'"x"]}}'
    yield "many nulls", asked + b',"variables":{"ids":[' + b"null," * 200_000 + b"null]}}"
    yield "many objects", asked + b',"variables":{"ids":[' + b"{}," * 200_000 + b"{}]}}"
    yield "many numbers", asked + b',"variables":{"ids":[' + b"7.5," * 240_000 + b"7]}}"
    either = b'{"or":[' + b"{}," * 100_000 + b"{}]}"
    yield "many alternatives", filtered + b',"variables":{"w":' + either + b"}}"
    unknown = b",".join(b'"a%d":1' % k for k in range(50_000))
    yield "many unknown members", filtered + b',"variables":{"w":{' + unknown + b"}}}"
    yield "many unknown variables", filtered + b',"variables":{' + unknown + b"}}"
    names = b'{"number":{"in":[' + b'"C1",' * 150_000 + b'"C1"]}}'
    yield "many numbers of customers", filtered + b',"variables":{"w":' + names + b"}}"
    long = b'{"name":{"contains":"' + b"x" * 900_000 + b'"}}'
    yield "a long text in variables", filtered + b',"variables":{"w":' + long + b"}}"
    yield (
        "keys given twice",
        (b'{"query":"{ viewer { role } }","query":"{ tiers { code } }","variables":{"a":1,"a":2}}'),
    )
    yield "half a pair", asked + b',"variables":{"ids":["\\ud800"]}}'
    yield "halves the wrong way", asked + b',"variables":{"ids":["\\udc00\\ud800"]}}'
    yield "half a pair in the document", b'{"query":"{ node(id: \\"\\\\ud800\\") { id } }"}'
    yield "half a pair in braces", b'{"query":"{ node(id: \\"\\\\u{d800}\\") { id } }"}'
    yield "beyond unicode", b'{"query":"{ node(id: \\"\\\\u{110000}\\") { id } }"}'
    yield "NUL in the document", b'{"query":"{ node(id: \\"\\\\u0000\\") { id } }"}'
    yield "NUL between tokens", b'{"query":"{ viewer \\u0000 { role } }"}'
    yield "NUL in a variable", asked + b',"variables":{"ids":["\\u0000"]}}'
    yield "a number without end", asked + b',"variables":{"ids":[' + b"9" * 900_000 + b"]}}"
    for number in (b"1e400", b"-1e400", b"1e-400000", b"9" * 4_000, b"9" * 5_000, b"1" + b"0" * 19):
        yield (
            f"the number {number[:9]!r} ({len(number)})",
            asked + b',"variables":{"ids":' + number + b"}}",
        )
        yield f"variables {number[:9]!r} ({len(number)})", asked + b',"variables":' + number + b"}"
    for raw in (
        b"null",
        b"1",
        b'"x"',
        b"[]",
        b"{}",
        b"",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"query":{}}',
    ):
        yield f"the body {raw!r}", raw
    yield (
        "a name of an operation",
        (b'{"query":"query A { tiers { code } }","operationName":"' + b"A" * 900_000 + b'"}'),
    )
