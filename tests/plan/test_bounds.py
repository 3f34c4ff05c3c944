"""The times of the week at which a service has other bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelport.plan.bounds import DAY, HOUR, WEEK, fewest, is_fixed, may_rest, moments, periods
from modelport.spec import Scaling, Window

FIELD = st.sampled_from(["*", "*/7", "0", "5", "3-6", "1,4", "0-4/2", "2/3"])
CRONS = st.builds(lambda minute, hour, day: f"{minute} {hour} * * {day}", FIELD, FIELD, FIELD)
WEEKS = st.lists(CRONS, min_size=2, max_size=4).map(
    lambda crons: [Window(cron=cron, min=each, max=9) for each, cron in enumerate(crons)]
)


def in_force(windows, minute):
    """The window that has begun last, by going back a minute at a time."""
    fired = [(window, moments(window.cron)) for window in windows]
    while True:
        for window, times in fired:
            if minute % WEEK in times:
                return window
        minute -= 1


@given(WEEKS, st.integers(0, WEEK - 1))
def test_the_window_that_has_begun_last_is_in_force(windows, minute):
    try:
        found = periods(windows)
    except ValueError:
        return
    (now,) = [each for each in found if (minute - each.start) % WEEK < each.minutes]
    assert now.window is in_force(windows, minute)


@given(WEEKS)
def test_periods_fill_the_week_and_neighbours_differ(windows):
    try:
        found = periods(windows)
    except ValueError:
        return
    assert sum(each.minutes for each in found) == WEEK
    for each, following in zip(found, [*found[1:], found[0]], strict=True):
        assert (each.start + each.minutes) % WEEK == following.start
        assert each.window is not following.window


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 6 * * 1", {DAY + 6 * HOUR + 30}),
        ("0 0 * * 0,7", {0}),
        ("0 8 * * 5-6", {5 * DAY + 8 * HOUR, 6 * DAY + 8 * HOUR}),
        ("*/30 1 * * 0", {HOUR, HOUR + 30}),
        ("0 8-12/2 * * 0", {8 * HOUR, 10 * HOUR, 12 * HOUR}),
        ("0 20/2 * * 0", {20 * HOUR, 22 * HOUR}),
    ],
)
def test_a_cron_expression_fires_when_cron_says(cron, expected):
    assert moments(cron) == expected


@pytest.mark.parametrize("cron", ["60 0 * * *", "0 24 * * *", "0 0 * * 8", "0 9-8 * * *", "*/0 * * * *"])
def test_a_number_that_is_no_time_is_an_error(cron):
    with pytest.raises(ValueError, match="is no"):
        moments(cron)


@pytest.mark.parametrize("cron", ["0 0 1 * *", "0 0 * 6 *"])
def test_what_does_not_come_every_week_is_an_error(cron):
    with pytest.raises(ValueError, match="every week"):
        moments(cron)


def test_two_windows_do_not_begin_at_once():
    windows = [Window(cron=cron, min=1, max=1) for cron in ("0 8 * * *", "0 8 * * 1")]
    with pytest.raises(ValueError, match="same moment"):
        periods(windows)


def test_a_window_alone_has_no_end():
    with pytest.raises(ValueError, match="no other"):
        periods([Window(cron="0 8 * * *", min=1, max=1)])


def test_who_has_another_number_at_times_is_not_fixed():
    windows = (Window(cron="0 8 * * *", min=3, max=3), Window(cron="0 9 * * *", min=0, max=3))
    assert is_fixed(Scaling(min=3, max=3))
    assert not is_fixed(Scaling(min=3, max=4))
    assert not is_fixed(Scaling(min=3, max=3, schedule=windows))
    assert not is_fixed(Scaling(min=3, max=3, scale_to_zero=True))
    assert fewest(Scaling(min=3, max=3, schedule=windows)) == 0
    assert [may_rest(each) for each in (Scaling(), Scaling(schedule=windows), Scaling(scale_to_zero=True))] == [
        False,
        True,
        True,
    ]
