"""Starting, stopping and starting again; what the servers are set to; what they keep private."""

import os
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis as redis_client

from cli.embedded import Installation, servers
from cli.embedded.child import clean_environment, free_port
from cli.embedded.cluster import memory_megabytes, memory_settings
from settings import Settings

pytestmark = pytest.mark.usefixtures("launch")


async def ask(url: str, question: str, *arguments: object) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question, *arguments)
    finally:
        await connection.close()


async def test_a_restart_keeps_what_was_written(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data")
    first = installation.start()
    await ask(first.database_url, "create table t as select 42 as x")
    with redis_client.Redis.from_url(first.redis_url) as redis:
        redis.set("key", "value")
    installation.stop()

    second = installation.start()
    try:
        assert await ask(second.database_url, "select x from t") == 42
        with redis_client.Redis.from_url(second.redis_url) as redis:
            assert redis.get("key") == b"value"
    finally:
        installation.stop()


@pytest.mark.parametrize(
    ("megabytes", "buffers"), [(256, 128), (2_000, 500), (8_192, 2_048), (64_000, 2_048)]
)
def test_buffers_are_a_share_of_the_memory(megabytes: int, buffers: int) -> None:
    chosen = memory_settings(megabytes)
    assert chosen == {
        "shared_buffers": f"{buffers}MB",
        "effective_cache_size": f"{2 * buffers}MB",
    }


async def test_the_servers_buffers_are_those(running: Installation) -> None:
    addresses = running.running()
    assert addresses is not None
    shown = "select setting::int * 8 / 1024 from pg_settings where name = 'shared_buffers'"
    expected = memory_settings(memory_megabytes())["shared_buffers"]
    assert f"{await ask(addresses.database_url, shown)}MB" == expected


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("show fsync", "on"),
        ("show data_checksums", "on"),
        ("show server_encoding", "UTF8"),
        ("show timezone", "UTC"),
        ("show jit", "off"),
        ("show max_connections", "200"),
        ("show listen_addresses", "127.0.0.1"),
        ("show password_encryption", "scram-sha-256"),
        ("select current_user::text", "terrace"),
        ("select rolsuper or rolbypassrls from pg_roles where rolname = current_user", False),
        (
            "select pg_get_userbyid(datdba)::text from pg_database where datname = 'terrace'",
            "terrace",
        ),
        ("select datlocale from pg_database where datname = current_database()", "C.UTF-8"),
        ("select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'", 0),
    ],
)
async def test_the_database_is_set_up_so(
    running: Installation, question: str, answer: object
) -> None:
    addresses = running.running()
    assert addresses is not None
    url = addresses.database_url
    if "pg_hba_file_rules" in question:
        url = url.replace("//terrace:", "//postgres:")
    assert await ask(url, question) == answer


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("appendonly", "yes"),
        ("appendfsync", "everysec"),
        ("maxmemory-policy", "noeviction"),
        ("bind", "127.0.0.1"),
        ("save", ""),
    ],
)
def test_valkey_is_set_up_so(running: Installation, setting: str, value: str) -> None:
    addresses = running.running()
    assert addresses is not None
    with redis_client.Redis.from_url(addresses.redis_url, decode_responses=True) as redis:
        assert redis.config_get(setting) == {setting: value}


async def test_no_server_lets_anyone_in_without_the_password(running: Installation) -> None:
    addresses = running.running()
    assert addresses is not None
    bare = urlsplit(addresses.redis_url)
    with (
        redis_client.Redis(port=bare.port or 0) as redis,
        pytest.raises(redis_client.AuthenticationError),
    ):
        redis.ping()
    port = urlsplit(addresses.database_url).port
    for user in ("terrace", "postgres"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://{user}:guess@127.0.0.1:{port}/terrace")


def test_passwords_show_neither_in_the_process_list_nor_in_readable_files(
    running: Installation,
) -> None:
    addresses = running.running()
    assert addresses is not None
    passwords = [
        urlsplit(url).password or "" for url in (addresses.database_url, addresses.redis_url)
    ]
    assert all(len(password) >= 32 for password in passwords)
    listed = subprocess.run(
        ["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True
    )
    assert not any(password in listed.stdout for password in passwords)
    assert not any(password in repr(addresses) for password in passwords)
    for path in running.data_dir.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.is_symlink(), path
    assert running.data_dir.stat().st_mode & 0o777 == 0o700


async def test_a_short_path_has_a_socket_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("s") / 'a "b", c'
    installation = Installation(folder)
    addresses = installation.start()
    try:
        parts = urlsplit(addresses.database_url)
        connection = await asyncpg.connect(
            host=str(folder / "postgres"),
            port=parts.port,
            user=parts.username,
            password=parts.password,
            database="terrace",
        )
        await connection.close()
    finally:
        installation.stop()


@pytest.mark.parametrize("name", ["long" * 30, '数据 \'of "a" bank, \\x41 $HOME'])
async def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    installation = Installation(tmp_path / name)
    addresses = installation.start()
    try:
        assert await ask(addresses.database_url, "select 1") == 1
        assert (installation.data_dir / "valkey" / "appendonlydir").is_dir()
    finally:
        installation.stop()


async def test_a_port_taken_meanwhile_is_not_the_end(data_dir: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        offered = iter([taken, taken, free_port(), taken, free_port()])
        installation = Installation(data_dir, choose_port=lambda: next(offered))
        addresses = installation.start()
        try:
            assert urlsplit(addresses.database_url).port != taken
            assert urlsplit(addresses.redis_url).port != taken
            assert await ask(addresses.database_url, "select 1") == 1
        finally:
            installation.stop()
        other.setblocking(False)
        with pytest.raises(BlockingIOError):  # nor was it told a password
            other.accept()


def test_the_servers_see_no_postgres_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGDATA", "PGPORT", "PGDATESTYLE", "PGCLIENTENCODING", "PG_COLOR"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    environment = clean_environment()
    assert not [name for name in environment if name.startswith("PG")]
    assert environment["LC_ALL"] == "C"
    assert environment["PATH"] == os.environ["PATH"]


def test_configured_addresses_embed_nothing(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url="postgresql://db/x",  # type: ignore[arg-type]
        redis_url="redis://cache",  # type: ignore[arg-type]
    )
    with servers(settings) as addresses:
        assert addresses.database_url == "postgresql://db/x"
        assert addresses.redis_url == "redis://cache"
    assert not (tmp_path / "data").exists()


def test_only_the_missing_server_is_embedded(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url="postgresql://db/x",  # type: ignore[arg-type]
    )
    with servers(settings, redis=False) as addresses:
        assert addresses.redis_url == ""
        assert not (tmp_path / "data").exists()
    with servers(settings) as addresses:
        assert addresses.database_url == "postgresql://db/x"
        with redis_client.Redis.from_url(addresses.redis_url) as redis:
            assert redis.ping()
        assert not (tmp_path / "data" / "postgres").exists()
