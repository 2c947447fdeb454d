"""A process's own share of a bucket, by a clock of the test."""

import pytest

from api.buckets import Bucket, Buckets, Full


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def poured(buckets: Buckets, bucket: Bucket, wanted: float = 1) -> float:
    """0 if it went in, else the seconds until it would."""
    try:
        assert buckets.pour(bucket, wanted) is None
    except Full as full:
        return full.seconds
    return 0


def test_a_bucket_takes_a_minutes_worth_and_then_what_has_leaked(clock: Clock) -> None:
    buckets = Buckets(clock=clock)
    bucket = buckets.bucket("b", 60)
    assert [poured(buckets, bucket) for _ in range(60)] == [0] * 60
    assert poured(buckets, bucket) == pytest.approx(1)
    clock.now += 0.5
    assert poured(buckets, bucket) == pytest.approx(0.5)
    clock.now += 0.5
    assert poured(buckets, bucket) == 0
    assert poured(buckets, bucket) == pytest.approx(1)
    clock.now += 3600  # it does not save up more than it holds
    assert [poured(buckets, bucket) for _ in range(60)] == [0] * 60
    assert poured(buckets, bucket) > 0


@pytest.mark.parametrize("wanted", [7, 10, 10.5])
def test_who_comes_back_when_told_to_is_served(clock: Clock, wanted: float) -> None:
    buckets = Buckets(clock=clock)
    bucket = buckets.bucket("b", 10)
    assert poured(buckets, bucket, 9) == 0
    clock.now += (seconds := poured(buckets, bucket, wanted)) * 0.99
    assert poured(buckets, bucket, wanted) > 0
    clock.now += seconds * 0.01
    assert poured(buckets, bucket, wanted) == 0


def test_more_than_a_bucket_holds_goes_into_an_empty_one_and_is_paid_for(clock: Clock) -> None:
    buckets = Buckets(clock=clock)
    bucket = buckets.bucket("b", 60)
    assert poured(buckets, bucket, 180) == 0
    assert poured(buckets, bucket, 1) == pytest.approx(121)
    assert poured(buckets, bucket, 180) == pytest.approx(180)


def test_alone_a_process_of_four_has_a_quarter_and_its_pace(clock: Clock) -> None:
    buckets = Buckets(processes=4, clock=clock)
    bucket = buckets.bucket("b", 40)
    assert [poured(buckets, bucket) for _ in range(10)] == [0] * 10
    assert poured(buckets, bucket) == pytest.approx(6)
    assert buckets.left(bucket) == (0, pytest.approx(60))
    assert buckets.full(bucket) == pytest.approx(6)
    clock.now += 6
    assert buckets.full(bucket) == 0
    assert poured(buckets, bucket, 40) > 0  # more than a share holds waits for an empty one
    clock.now += 60
    assert poured(buckets, bucket, 40) == 0


def test_a_clock_that_stands_still_or_is_set_back_opens_nothing(clock: Clock) -> None:
    buckets = Buckets(clock=clock)
    bucket = buckets.bucket("b", 2)
    assert [poured(buckets, bucket) for _ in range(2)] == [0, 0]
    clock.now -= 100
    assert poured(buckets, bucket) > 0
