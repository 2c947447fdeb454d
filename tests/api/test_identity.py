import pytest

from api import identity
from api.errors import Unauthenticated
from api.identity import Session, bearer, recheck
from domain.actors import Actor, Role
from domain.claims import Claims, NotAdmitted
from tests.api.serving import KEY, authenticator_of, token

START = 1_800_000_000.0


class World:
    """A clock and a table of subjects, and how often the table was asked."""

    def __init__(self) -> None:
        self.now = START
        self.subjects: dict[tuple[Role, str], int] = {(Role.CUSTOMER, "C1"): 11}
        self.asked = 0
        self.authenticator = authenticator_of(
            KEY, self.resolve, clock=lambda: self.now, ticks=lambda: self.now
        )

    async def resolve(self, role: Role, subject: str) -> int | None:
        self.asked += 1
        return self.subjects.get((role, subject), 0 if role is Role.HQ else None)

    async def call(self, bearer_token: str) -> Actor:
        return await self.authenticator.authenticate(f"Bearer {bearer_token}")


@pytest.fixture
def world() -> World:
    return World()


async def test_the_actor_is_the_row_the_token_names(world: World) -> None:
    assert await world.call(token(at=START)) == Actor(Role.CUSTOMER, "C1", 11, "api")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "Send a token"),
        ("", "must be 'Bearer'"),
        ("Bearer", "must be 'Bearer'"),
        ("Bearer ", "must be 'Bearer'"),
        ("Basic dXNlcjpwYXNz", "must be 'Bearer'"),
        ("Bearer a b", "must be 'Bearer'"),
        ("Bearer a.b.c", "malformed"),
        (f"Bearer {token(subject='C404', at=START)}", "unknown subject"),
        (f"Bearer {token(seconds=0, at=START)}", "expired"),
    ],
)
async def test_who_is_not_admitted_hears_why(
    world: World, header: str | None, message: str
) -> None:
    with pytest.raises(Unauthenticated, match=message):
        await world.authenticator.authenticate(header)


async def test_a_refusal_does_not_repeat_the_token(world: World) -> None:
    for secret in ("a.b.c", token(subject="C404", at=START), token(seconds=0, at=START)):
        with pytest.raises(Unauthenticated) as refused:
            await world.call(secret)
        assert secret not in str(refused.value)


@pytest.mark.parametrize("header", ["bearer T", "BEARER T", "Bearer  T", " Bearer T "])
def test_the_scheme_is_read_leniently(header: str) -> None:
    assert bearer(header) == "T"


async def test_a_token_is_looked_up_once_in_a_while(world: World) -> None:
    for _ in range(50):
        await world.call(token(at=START))
        world.now += 0.09
    assert world.asked == 1
    world.now += 1
    await world.call(token(at=START))
    assert world.asked == 2


async def test_a_revoked_subject_is_out_within_seconds(world: World) -> None:
    await world.call(token(at=START))
    world.subjects.clear()
    world.now += identity.REMEMBERED_SECONDS
    with pytest.raises(Unauthenticated, match="unknown subject"):
        await world.call(token(at=START))


async def test_a_remembered_token_still_expires_to_the_instant(world: World) -> None:
    brief = token(seconds=2, at=START)
    world.now += 1.999
    await world.call(brief)
    world.now += 0.001
    with pytest.raises(Unauthenticated, match="expired"):
        await world.call(brief)
    assert world.asked == 1


async def test_no_more_tokens_are_remembered_than_there_is_room_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "REMEMBERED_TOKENS", 3)
    for number in range(10):
        await world.call(token(Role.HQ, f"desk {number}", at=START))
    assert len(world.authenticator._remembered) == 3


async def test_who_has_a_session_is_not_verified_again_however_many_there_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More sockets than are remembered must not cost a signature each at every look."""
    monkeypatch.setattr(identity, "REMEMBERED_TOKENS", 2)
    session = await world.authenticator.session(token(at=START))
    for number in range(5):
        await world.call(token(Role.HQ, f"desk {number}", at=START))
    verified = []

    class Counting:
        epoch = 0

        async def verified(self, shown: str, now: float) -> Claims:
            verified.append(shown)
            raise AssertionError

    monkeypatch.setattr(world.authenticator, "_development", Counting())
    await recheck(world.authenticator, session)
    assert (verified, world.asked) == ([], 7)


async def test_a_session_knows_when_it_ends_and_keeps_its_token_to_itself(world: World) -> None:
    brief = token(seconds=60, at=START)
    session = await world.authenticator.session(brief)
    assert session.expires_at == START + 60
    assert brief not in repr(session)


async def test_a_session_whose_number_means_another_row_now_is_over(world: World) -> None:
    session: Session = await world.authenticator.session(token(at=START))
    await recheck(world.authenticator, session)
    world.subjects[Role.CUSTOMER, "C1"] = 12
    world.now += identity.REMEMBERED_SECONDS
    with pytest.raises(Unauthenticated, match="not what it was"):
        await recheck(world.authenticator, session)


async def test_a_lookup_that_fails_is_not_taken_for_a_refusal(world: World) -> None:
    async def broken(role: Role, subject: str) -> int | None:
        raise ConnectionError("no database")

    with pytest.raises(ConnectionError):
        await authenticator_of(KEY, broken).authenticate(f"Bearer {token()}")


async def test_what_was_verified_by_other_keys_is_verified_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = token(at=START)
    await world.call(shown)

    class Withdrawn:
        epoch = 1

        async def verified(self, shown: str, now: float) -> Claims:
            raise NotAdmitted("unknown key")

    monkeypatch.setattr(world.authenticator, "_development", Withdrawn())
    world.now += identity.REMEMBERED_SECONDS
    with pytest.raises(Unauthenticated, match="unknown key"):
        await world.call(shown)
