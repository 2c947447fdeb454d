"""Reading files: bytes to lines to fields, whatever a file throws at it."""

import gzip
import io
import tracemalloc
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.imports import ImportStopped, sources
from cli.imports.balances import _Blocks
from cli.imports.fields import Read, Refused, amount, currency, day, key, rate, text, truth
from cli.imports.kinds import KINDS, places_of
from cli.imports.rows import RowReader, Rows
from cli.imports.sources import Source, open_source
from domain.money import InvalidAmount, parse_amount

HEADER = b"a,b,c\n"


def source(content: bytes, *, name: str = "file.csv") -> Source:
    return Source(io.BytesIO(content), name, compressed=name.endswith(".gz"))


def read(content: bytes) -> tuple[dict[int, list[str]], dict[int, str]]:
    """The fields of the good rows and the reasons against the others, by line."""
    good: dict[int, list[str]] = {}
    bad: dict[int, str] = {}
    for rows in RowReader(source(content)):
        good |= {n: f for n, f in zip(rows.lines, rows.fields, strict=True) if f}
        bad |= {row.line: row.reason for row in rows.broken}
    return good, bad


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, so that rows lie across their ends."""
    monkeypatch.setattr(sources, "BLOCK", 64)
    monkeypatch.setattr(sources, "_PIECE", 7)


GOOD = {
    "plain": (b"1,2,3\n4,5,6\n", {2: ["1", "2", "3"], 3: ["4", "5", "6"]}),
    "no end of line at the end": (b"1,2,3", {2: ["1", "2", "3"]}),
    "line ends of Windows": (b"1,2,3\r\n4,5,6\r\n", {2: ["1", "2", "3"], 3: ["4", "5", "6"]}),
    "empty lines keep the count": (
        b"\n1,2,3\n\n\n4,5,6\n\n",
        {3: ["1", "2", "3"], 6: ["4", "5", "6"]},
    ),
    "quotes": (b'"1","a,b","say ""x"""\n', {2: ["1", "a,b", 'say "x"']}),
    "a line break inside quotes": (
        b'1,"two\nlines",3\n4,5,6\n',
        {2: ["1", "two\nlines", "3"], 4: ["4", "5", "6"]},
    ),
    "a quote inside a field is a letter": (b'1,5" disk,3\n', {2: ["1", '5" disk', "3"]}),
    "Chinese": ("1,储蓄,3\n".encode(), {2: ["1", "储蓄", "3"]}),
    "empty fields": (b",,\n", {2: ["", "", ""]}),
    "only the header": (b"", {}),
}


@pytest.mark.parametrize(("content", "rows"), GOOD.values(), ids=GOOD)
def test_rows_are_read(content: bytes, rows: dict[int, list[str]]) -> None:
    assert read(HEADER + content) == (rows, {})


@pytest.mark.parametrize(("content", "rows"), GOOD.values(), ids=GOOD)
@pytest.mark.usefixtures("small_blocks")
def test_rows_are_read_across_the_ends_of_blocks(
    content: bytes, rows: dict[int, list[str]]
) -> None:
    many = HEADER + b"x,y,z\n" * 30 + content
    good, bad = read(many)
    assert bad == {}
    assert {line - 30: fields for line, fields in good.items() if line > 31} == rows


BAD = {
    "a byte that is not UTF-8": (b"1,caf\xe9,3", "not in UTF-8"),
    "a NUL byte": (b"1,\0,3", "NUL byte"),
    "a quote that is never closed": (b'1,"2,3', "never closed"),
    "text after a closing quote": (b'1,"2"x,3', "not a row of CSV"),
    "a carriage return in the middle": (b"1,2\r3,4", "carriage return"),
    "an endless line": (b"1,2," + b"x" * 300_000, "longer than"),
    "an endless line of wide letters": (b"1,2," + "储".encode() * 300_000, "longer than"),
    "an endless field in quotes": (b'1,2,"' + b"x" * 300_000 + b'"', "longer than"),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("size", [64, 2_000_000])
def test_a_broken_row_costs_no_other_row(
    content: bytes, reason: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BLOCK", max(size, 64))
    good, bad = read(HEADER + b"1,2,3\n" + content + b"\n" + b"4,5,6\n" * 200)
    assert list(bad) == [3]
    assert reason in bad[3]
    assert list(good) == [2, *range(4, 204)]


def test_two_stray_quotes_cost_two_rows_and_not_what_is_between() -> None:
    good, bad = read(HEADER + b'1,2,3\n4,"5,6\n7,8,9\n1,"2,3\n4,5,6\n')
    assert list(good) == [2, 4, 6]
    assert list(bad) == [3, 5]


def test_a_quote_left_open_at_the_end() -> None:
    good, bad = read(HEADER + b'1,2,3\n4,5,"6')
    assert list(good) == [2]
    assert list(bad) == [3]


HEADERS = {
    "an empty file": (b"", "is empty"),
    "blank lines": (b"\n\n", "is empty"),
    "UTF-16": ("a,b,c\n".encode("utf-16"), "not a text in UTF-8"),
    "another encoding": ("a,ü\n".encode("latin-1"), "line 1 is not in UTF-8"),
    "a spreadsheet": (b"PK\x03\x04\x14\0\x08\0\n\0", "not a text in UTF-8"),
    "carriage returns alone": (b"a,b,c\r1,2,3\r", "carriage return alone"),
    "an open quote": (b'a,"b,c\n1,2,3\n', "line 1 is not a row of CSV"),
}


@pytest.mark.parametrize(("content", "message"), HEADERS.values(), ids=HEADERS)
def test_what_is_no_table_is_said_in_one_line(content: bytes, message: str) -> None:
    with pytest.raises(ImportStopped, match=message) as stopped:
        RowReader(source(content))
    assert "\n" not in str(stopped.value)


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert RowReader(source(b"\xef\xbb\xbfa,b,c\n")).header == ["a", "b", "c"]


COLUMNS = {
    "any order": ("balance,account_number,as_of", [1, 2, 0, None]),
    "with the optional one": ("account_number,as_of,balance,update_id", [0, 1, 2, 3]),
    "blanks around names": (" account_number , as_of,balance ", [0, 1, 2, None]),
    "unknown": ("account_number,as_of,balance,note", "unknown column 'note'"),
    "missing": ("account_number,balance", "no column as_of"),
    "doubled": ("account_number,as_of,balance,balance", "column balance twice"),
    "two faults": ("account_number,day,balance", "unknown column 'day'; no column as_of"),
    "no header": ("A1,2025-01-01,5.00", "line 1 is not the header of a balances file"),
    "semicolons": ("account_number;as_of;balance", "separated by semicolons"),
    "tabs": ("account_number\tas_of\tbalance", "separated by tabs"),
}


@pytest.mark.parametrize(("header", "outcome"), COLUMNS.values(), ids=COLUMNS)
def test_columns_go_by_their_names(header: str, outcome: list[int | None] | str) -> None:
    if isinstance(outcome, list):
        assert places_of(KINDS["balances"], header.split(","), "f.csv") == outcome
    else:
        with pytest.raises(ImportStopped, match=outcome) as stopped:
            places_of(KINDS["balances"], header.split(","), "f.csv")
        assert "account_number, as_of, balance, (update_id)" in str(stopped.value)


# Compression

TEXT = HEADER + b"".join(b"%d,%d,x\n" % (i, i * 7919 % 10_007) for i in range(5_000))
PACKED = gzip.compress(TEXT)


@pytest.mark.parametrize(
    "packed",
    [
        PACKED,
        gzip.compress(TEXT[:999]) + gzip.compress(TEXT[999:]),
        PACKED + b"\0" * 512,
        gzip.compress(TEXT, 0),
    ],
    ids=["one member", "two members", "padded", "stored"],
)
@pytest.mark.parametrize("piece", [1, 7, 262_144])
def test_gzip_is_known_by_its_first_bytes(
    packed: bytes, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_PIECE", piece)
    assert b"".join(source(packed, name="no name").blocks()) == TEXT


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (PACKED[: len(PACKED) // 2], "cut off"),
        (PACKED[:-3], "cut off"),
        (PACKED + b"junk", "damaged"),
    ],
    ids=["in the middle", "before its end", "junk behind it"],
)
def test_of_a_broken_archive_the_whole_lines_before_are_read(packed: bytes, reason: str) -> None:
    rows = iter(RowReader(source(packed)))
    lines = next(rows).texts
    with pytest.raises(ImportStopped, match=f"file.csv, after line [0-9]+: .*{reason}") as stopped:
        next(rows)
    whole = TEXT.decode().split("\n")[1:]
    assert lines == whole[: len(lines)]
    assert len(lines) > 1_000
    assert f"after line {len(lines) + 1}:" in str(stopped.value)


def test_an_archive_with_a_wrong_sum_is_said_to_be_damaged() -> None:
    with pytest.raises(ImportStopped, match=r"damaged \(.*incorrect data check"):
        list(RowReader(source(PACKED[:-5] + b"\x01\x02\x03\x04\x05")))


def test_an_archive_without_a_line_is_said_to_be_cut_off() -> None:
    with pytest.raises(ImportStopped, match="line 1: the compressed file is cut off"):
        RowReader(source(PACKED[:12]))


def test_a_name_promises_gzip_and_the_file_is_not() -> None:
    with pytest.raises(ImportStopped, match="not compressed with gzip, as its name says"):
        RowReader(source(TEXT, name="file.csv.gz"))
    with pytest.raises(ImportStopped, match="is empty"):
        RowReader(source(b"", name="file.csv.gz"))


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ImportStopped, match="there is no file"), open_source(str(tmp_path / "x")):
        pass
    with pytest.raises(ImportStopped, match="is a folder"), open_source(str(tmp_path)):
        pass


@pytest.mark.parametrize(
    "content",
    [b"\n" * 20_000_000, b"x" * 20_000_000, b'1,"2,3\n' * 20_000, gzip.compress(b"0" * 50_000_000)],
    ids=["blank lines", "one line", "quotes", "a bomb"],
)
def test_no_file_takes_more_memory_than_a_few_blocks(content: bytes) -> None:
    stream = source(content)
    tracemalloc.start()
    try:
        for block in stream.blocks():
            assert len(block) <= sources.BLOCK
        assert tracemalloc.get_traced_memory()[1] < 8 * sources.BLOCK
    finally:
        tracemalloc.stop()


# Fields

FIELDS: list[tuple[Read, str, object]] = [
    (text(5), "abcde", "abcde"),
    (text(5), "abcdef", "TOO_LONG"),
    (text(5), "", "MISSING_VALUE"),
    (text(5), "  ", "MISSING_VALUE"),
    (key(5), "A 1", "A 1"),
    (key(5), " A1", "BLANKS_AROUND"),
    (key(5), "   ", "MISSING_VALUE"),
    (currency, "USD", "USD"),
    (currency, "usd", "INVALID_CURRENCY"),
    (currency, "USDT", "INVALID_CURRENCY"),
    (currency, "ＵＳＤ", "INVALID_CURRENCY"),
    (day, "2024-02-29", date(2024, 2, 29)),
    (day, "2025-02-29", "INVALID_DATE"),
    (day, "2025-1-1", "INVALID_DATE"),
    (day, "01/02/2025", "INVALID_DATE"),
    (day, "", "MISSING_VALUE"),
    *((truth, yes, True) for yes in ("true", "TRUE", "1", "yes", "Yes")),
    *((truth, no, False) for no in ("false", "False", "0", "no", "NO")),
    (truth, "maybe", "INVALID_BOOLEAN"),
    (truth, "", "MISSING_VALUE"),
    (amount, "-1234.5", Decimal("-1234.50")),
    (amount, "1,234.50", "INVALID_AMOUNT"),
    (amount, " 1", "INVALID_AMOUNT"),
    (amount, "1e3", "INVALID_AMOUNT"),
    (amount, "NaN", "INVALID_AMOUNT"),
    (amount, "1.005", "TOO_MANY_DECIMALS"),
    (amount, "1" * 17, "AMOUNT_OUT_OF_RANGE"),
    (amount, "", "MISSING_VALUE"),
    (rate, "7.1234567891", Decimal("7.1234567891")),
    (rate, "7.12345678912", "TOO_MANY_DECIMALS"),
    (rate, "0", "INVALID_RATE"),
    (rate, "-1", "INVALID_RATE"),
    (rate, "seven", "INVALID_RATE"),
    (KINDS["customers"].columns[2].read, "INDIVIDUAL", "INDIVIDUAL"),
    (KINDS["customers"].columns[2].read, "individual", "INVALID_KIND"),
    (KINDS["accounts"].columns[2].read, "LOAN", "INVALID_PRODUCT_CLASS"),
    (KINDS["customers"].columns[5].read, "", None),
]


@pytest.mark.parametrize(("reader", "given_text", "outcome"), FIELDS)
def test_a_field(reader: Read, given_text: str, outcome: object) -> None:
    if isinstance(outcome, str) and outcome.isupper() and "_" in outcome:
        with pytest.raises(Refused) as refused:
            reader(given_text)
        assert refused.value.code == outcome
        assert refused.value.message
        assert "\n" not in refused.value.message
    else:
        found = reader(given_text)
        assert (type(found), found) == (type(outcome), outcome)


AMOUNTS = st.one_of(
    st.from_regex(r"-?[0-9]{1,17}(\.[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(["-0.00", "0.00", "-0.01", "007.00", "1.0", "", "1.00 ", "+1.00"]),
)


@given(st.lists(AMOUNTS, min_size=1, max_size=4))
def test_columns_at_once_and_rows_one_by_one_read_the_same(amounts: list[str]) -> None:
    """A block in the usual form takes the fast way, which must not read anything differently."""
    fields = [["A1", "2025-01-01", amount] for amount in amounts]
    rows = Rows(range(2, 2 + len(fields)), fields, [",".join(row) for row in fields])
    blocks = _Blocks([0, 1, 2, None], 3)
    rejects: list[object] = []
    one_by_one, ids, _ = blocks._by_rows(rows, rejects)  # type: ignore[arg-type]
    expected = []
    for text_given in amounts:
        try:
            expected.append(parse_amount(text_given))
        except InvalidAmount:
            continue
    assert [Decimal(cents).scaleb(-2) for cents in one_by_one[3]] == expected
    assert len(rejects) == len(amounts) - len(expected)
    assert [*ids] == [""] * len(expected)
    try:
        at_once, no_ids = blocks._by_columns(rows)
    except Refused:
        return
    assert [list(column) for column in at_once] == [list(column) for column in one_by_one]
    assert not no_ids


PARTS = {
    "by day, many accounts": ([f"A{n}" for n in range(10)], [5, 5]),
    "by account": ([f"A{n // 5}" for n in range(10)], [5, 5]),
    "one account": (["A1"] * 10, [10]),
}


@pytest.mark.parametrize(("accounts", "sizes"), PARTS.values(), ids=PARTS)
def test_a_block_is_parted_by_account(accounts: list[str], sizes: list[int]) -> None:
    fields = [[account, "2025-01-01", f"{n}.00"] for n, account in enumerate(accounts)]
    rows = Rows(range(2, 12), fields, [",".join(row) for row in fields])
    chunks = _Blocks([0, 1, 2, None], 3).read(rows).chunks
    assert sorted(len(chunk.places) for chunk in chunks if chunk.places) == sizes
    assert not any(chunk.in_order for chunk in chunks)
    assert set(chunks[0].accounts).isdisjoint(chunks[1].accounts)
    told = {
        line: cents
        for chunk in chunks
        for line, cents in zip(chunk.places, chunk.cents, strict=True)
    }
    assert told == {n + 2: n * 100 for n in range(10)}


def test_parts_are_neighbourhoods_and_stay_so_from_block_to_block() -> None:
    """Else two transactions write to the same pages: an import took nearly twice as long."""
    blocks, ends = _Blocks([0, 1, 2, None], 3), set()
    for days in (["01", "02"], ["03", "04"]):
        fields = [[f"A{n:04d}", f"2025-01-{day}", "1.00"] for day in days for n in range(1000)]
        rows = Rows(range(2, 2002), fields, [",".join(row) for row in fields])
        some, others = blocks.read(rows).chunks
        assert max(some.accounts) < min(others.accounts)
        assert 800 < len(some.places) < 1200
        ends.add((max(some.accounts), min(others.accounts)))
    assert len(ends) == 1


def test_rows_with_ids_of_their_own_stay_in_order() -> None:
    """The same id may stand at two accounts of a customer; the first row is the one recorded."""
    rows = Rows(
        range(2, 4), [["A1", "2025-01-01", "1.00", "u"], ["A2", "2025-01-01", "1", ""]], ["", ""]
    )
    [chunk] = _Blocks([0, 1, 2, 3], 4).read(rows).chunks
    assert chunk.in_order
    assert list(chunk.update_ids) == ["u", None]
