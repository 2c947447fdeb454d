"""What an operator sets, within its bounds."""

from typing import Any

import pytest
from pydantic import ValidationError

from settings import Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
        ("secret_key", "k" * 31),
        ("token_hours", 87_601),
        ("poll_seconds", "inf"),
        ("acquire_seconds", "inf"),
        ("statement_seconds", "inf"),
        ("future_days", 36_601),
    ],
)
def test_a_setting_out_of_bounds_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})


def test_several_hosts_each_have_their_port() -> None:
    url = "postgresql://terrace@a:5432,b:5433/terrace"
    settings = Settings(database_url=url)  # type: ignore[arg-type]
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == url
