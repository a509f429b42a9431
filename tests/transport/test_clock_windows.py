"""Tests of limits whose windows follow the clock, such as those of Strava, and of the limits that
responses state.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitglue_registry.errors import Retryable
from fitglue_registry.policy import Policy
from fitglue_registry.registry import Budget as Limit
from fitglue_registry.testing import FakeAnswer, FakeClock, LoopbackService, Response, json_response
from fitglue_registry.transport.budget import AllBudgets, FileBudget, NoBudget, budget_of
from fitglue_registry.transport.caps import Report
from fitglue_registry.transport.ledger import Ledger
from fitglue_registry.transport.policy import HttpPolicy
from fitglue_registry.transport.reported_limits import reports_of
from fitglue_registry.transport.session import HttpSession
from fitglue_registry.transport.waiting import Pace
from fitglue_registry.transport.windows import windows_of

QUARTER_S, DAY_S = 900, 86_400
STRAVA = (
    Limit(requests=100, per_s=QUARTER_S, scope="app", window="clock"),
    Limit(requests=1000, per_s=DAY_S, scope="app", window="clock"),
)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def at():
    """A function that returns a clock which stands at a time of one day."""
    return lambda text: FakeClock(datetime.fromisoformat(f"2026-11-23T{text}+00:00"))


@pytest.fixture
def budget(tmp_path):
    """A function that opens the budget file with these limits, as another process would."""
    return lambda clock, *limits: FileBudget(tmp_path, "app strava", limits, clock)


def granted(budget, clock, most=10_000):
    """Return how many requests are granted until the budget asks for a wait, and that wait."""
    for count in range(most):
        wait_s = budget.acquire()
        if wait_s:
            return count, wait_s
    raise AssertionError("no limit")


class Strava(LoopbackService):
    """A service with the limits of Strava, which counts as Strava does and states what it counted.

    Args:
        clock: The clock.
        count: The requests that another program has sent on this day already.
    """

    def __init__(self, clock, count=0):
        super().__init__()
        self.clock = clock
        self.count = count
        self.served = {}
        self.refused = 0
        self.route(r"/.*", self.serve)

    def serve(self, request):
        now = self.clock.now().timestamp()
        quarter, day = ("quarter", now // QUARTER_S), ("day", now // DAY_S)
        self.served.setdefault(day, self.count)
        for window, most in ((quarter, 100), (day, 1000)):
            if self.served.get(window, 0) >= most:
                self.refused += 1
                return self.stated(Response(429, b"{}"), quarter, day)
        for window in (quarter, day):
            self.served[window] = self.served.get(window, 0) + 1
        return self.stated(json_response({}), quarter, day)

    def stated(self, response, *windows):
        used = ",".join(str(self.served.get(window, 0)) for window in windows)
        response = response.with_header("X-ReadRateLimit-Limit", "100,1000")
        return response.with_header("X-ReadRateLimit-Usage", used)


@pytest.fixture
def strava(at, tmp_path):
    """A function that starts the service and opens a session of its entry."""
    opened = []

    def open_(clock, count=0, limits=STRAVA):
        service = Strava(clock, count).start()
        rules = Policy(networks=("127.0.0.0/8",), budget_on_loopback=True)
        policy = HttpPolicy(service.url, limits=limits, rules=rules)
        budget = budget_of(policy, tmp_path, integration="strava", account="a", clock=clock)
        session = HttpSession(policy, pace=Pace(clock, budget))
        opened.extend((session, service))
        return service, session

    yield open_
    for each in opened:
        each.close()


@pytest.mark.long
def test_a_day_of_strava_is_used_and_never_exceeded(strava, at):
    """Over a simulated day, each quarter hour gets at most 100 requests and the day 1,000, all of
    which are used, and the service never has to refuse one.
    """
    clock = at("06:07:30")
    service, session = strava(clock)
    waits = []
    while clock.now() < MIDNIGHT + timedelta(days=1, minutes=1):
        try:
            session.get("activities")
        except Retryable as error:
            waits.append((clock.now(), error.retry_after_s))
            clock.sleep(error.retry_after_s)
    quarters = [count for (kind, _), count in service.served.items() if kind == "quarter"]
    days = [count for (kind, _), count in service.served.items() if kind == "day"]
    assert (service.refused, max(quarters), days[0]) == (0, 100, 1000)
    # Ten quarters from 06:00 on are used completely, and the rest of the day waits for midnight.
    assert quarters[:10] == [100] * 10
    resumed = [moment + timedelta(seconds=wait_s) for moment, wait_s in waits]
    assert {moment.minute % 15 for moment in resumed} == {0}
    assert resumed[9] == MIDNIGHT + timedelta(days=1)


@pytest.mark.parametrize(
    ("moment", "wait_s"),
    [("12:00:00", 900), ("12:14:00", 60), ("12:44:59", 1), ("23:59:00", 60)],
)
def test_a_quarter_ends_with_the_clock(budget, at, moment, wait_s):
    """A window of 15 minutes ends at :00, :15, :30 and :45, whenever its first request was."""
    clock = at(moment)
    limit = STRAVA[0]
    assert granted(budget(clock, limit), clock) == (100, pytest.approx(wait_s))
    clock.sleep(wait_s)
    assert budget(clock, limit).acquire() == 0.0


def test_a_request_just_before_the_end_counts_twice(budget, at):
    """A request that is granted in the last second of a window may arrive in the next one, so it
    counts in both.
    """
    clock = at("12:14:59.5")
    granted(budget(clock, STRAVA[0]), clock)
    clock.sleep(0.5)
    assert granted(budget(clock, STRAVA[0]), clock) == (0, pytest.approx(900))
    clock.sleep(900)
    assert granted(budget(clock, STRAVA[0]), clock)[0] == 100


def test_a_lease_ends_with_its_window(budget, at):
    """A process cannot use requests of a window after its end."""
    limit = Limit(requests=6000, per_s=60, window="clock")
    clock = at("12:00:59.6")
    idle = budget(clock, limit)
    idle.acquire()
    clock.sleep(0.5)
    busy = budget(clock, limit)
    count, _ = granted(busy, clock)
    assert count + 1 <= 6000
    assert idle.acquire() > 0


def test_a_clock_window_can_have_a_burst(budget, at):
    """A smaller burst adds a sliding window of the same rate."""
    clock = at("12:00:00")
    limit = Limit(requests=100, per_s=900, window="clock", burst=10)
    assert granted(budget(clock, limit), clock) == (10, pytest.approx(90, abs=3))


@pytest.mark.parametrize("back", [{"days": -1}, {"seconds": -60}])
def test_a_clock_that_is_set_back_does_not_free_a_window(budget, at, back):
    """After the clock is set back by a day, or into the window before, earlier requests count as if
    they were made now.
    """
    clock = at("12:00:00")
    granted(budget(clock, STRAVA[0]), clock)
    clock.move(**back)
    count, wait_s = granted(budget(clock, STRAVA[0]), clock)
    assert (count, 0 < wait_s <= 900) == (0, True)


def test_a_window_shorter_than_a_second_follows_the_clock(budget, at):
    """A window that is a fraction of a second is counted exactly, too."""
    clock = at("12:00:00")
    asked = budget(clock, Limit(requests=7, per_s=0.1, window="clock"))
    for _ in range(20):
        count, wait_s = granted(asked, clock)
        assert (count <= 7, 0 < wait_s <= 0.11) == (True, True)
        clock.sleep(wait_s)


def test_what_another_program_has_used_counts(strava, at):
    """A response that states more requests than ours, because another program uses the same app,
    leaves us only the rest of the day.
    """
    clock = at("20:00:00")
    service, session = strava(clock, count=970)
    with pytest.raises(Retryable) as caught:
        list(map(session.get, ["activities"] * 100))
    assert (len(service.requests), service.refused) == (30, 0)
    assert caught.value.retry_after_s == pytest.approx(4 * 3600, abs=1)
    assert "another 4.0 h" in caught.value.what


def test_a_refusal_without_a_time_waits_for_the_clock(strava, at):
    """A 429 without ``Retry-After`` is not repeated before the window that it names ends."""
    clock = at("20:14:00")
    service, session = strava(clock, count=1000)
    with pytest.raises(Retryable) as caught:
        session.get("activities")
    assert (service.refused, caught.value.code) == (1, "FG-rate-limited")
    assert caught.value.retry_after_s == pytest.approx(3 * 3600 + 46 * 60, abs=3)


NOW = datetime(2026, 11, 23, 12, 7, 30, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
STRAVA_READS = [(1, 450), (360, 42750)]


@pytest.mark.parametrize(
    ("headers", "reports"),
    [
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "30"}, [(5, 30)]),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": str(EPOCH + 30)}, [(5, 30)]),
        ({"X-Rate-Limit-Remaining": "5", "X-Rate-Limit-Reset": f"{EPOCH + 30}000"}, [(5, 30)]),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "7"}, [(0, 7)]),
        (
            {"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "Mon, 23 Nov 2026 12:08:00 GMT"},
            [(5, 30)],
        ),
        ({"RateLimit": "limit=100, remaining=5, reset=30"}, [(5, 30)]),
        ({"RateLimit": '"burst";r=5;t=1, "day";r=50;t=3600'}, [(5, 1), (50, 3600)]),
        (
            {"RateLimit-Limit": "9, 9;w=60", "RateLimit-Remaining": "3", "RateLimit-Reset": "4"},
            [(3, 4)],
        ),
        (
            {"X-RateLimit-Limit": "200,2000", "X-RateLimit-Usage": "101,640"},
            [(99, 450), (1360, 42750)],
        ),
        (
            {"X-RateLimit-Limit": "100", "X-RateLimit-Used": "95", "X-RateLimit-Reset": "9"},
            [(5, 9)],
        ),
        ({"X-ReadRateLimit-Limit": "100,1000", "X-ReadRateLimit-Usage": "99,640"}, STRAVA_READS),
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "99999999"}, [(5, 86400)]),
        (
            {"X-RateLimit-Remaining-Minute": "5", "X-RateLimit-Remaining-Day": "50"},
            [(5, 30), (50, 42750)],
        ),
        (
            {"RateLimit-Limit-Hour": "100", "RateLimit-Used-Hour": "40", "Retry-After": "3"},
            [(60, 3150)],
        ),
        ({"X-Rate-Limit-Remaining-15min": "5"}, [(5, 450)]),
        ({"X-RateLimit-Daily-Remaining": "5", "X-RateLimit-Daily-Limit": "9"}, [(5, 42750)]),
        ({"X-RateLimit-Remaining-Seconds": "5", "X-RateLimit-Reset-Seconds": "2"}, [(5, 2)]),
        ({"X-RateLimit-Remaining-Month": "5"}, [(5, 42750)]),
        ({"X-RateLimit-Remaining-Tokens": "5", "X-RateLimit-Limit-Minute": "9"}, []),
        (
            {"RateLimit-Policy": '"hour";q=100;w=3600', "RateLimit": '"hour";r=5'},
            [(5, 3600)],
        ),
        (
            {
                "RateLimit-Policy": '"bytes";q=9;w=60;qu="content-bytes", "day";q=9;w=86400',
                "RateLimit": '"bytes";r=0;t=9, "day";r=7;t=30',
            },
            [(7, 30)],
        ),
        (
            {
                "RateLimit-Policy": "10;w=1, 100;w=60",
                "RateLimit-Limit": "100",
                "RateLimit-Remaining": "3",
            },
            [(3, 60)],
        ),
        ({"RateLimit-Limit": "9, 9;w=60", "RateLimit-Remaining": "3"}, [(3, 60)]),
        ({"RateLimit-Policy": '"a";q=10;w=1, "b";q=100;w=60'}, [(9, 1), (99, 60)]),
        ({"RateLimit-Policy": "100;w=60"}, [(99, 60)]),
        ({"RateLimit-Policy": '"day";q=1000;pk=:cHsdsRa894==:'}, []),
        ({"RateLimit-Policy": ';;,,"";q;w=,q=1', "RateLimit": ",;r=1"}, []),
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "0"}, [(5, 450)]),
        ({"X-RateLimit-Remaining": "many", "X-RateLimit-Reset": "soon"}, []),
        ({"X-RateLimit-Limit": "100"}, []),
        ({"RateLimit": "r=, t=1;;;=,"}, []),
        ({"Content-Type": "application/json"}, []),
    ],
)
def test_each_form_of_the_headers_is_read(headers, reports):
    """Numbers, moments in seconds or milliseconds, dates, lists and the structured header are
    read; a header that makes no sense is ignored.
    """
    from requests.structures import CaseInsensitiveDict

    found = reports_of(FakeAnswer(b"", headers=CaseInsensitiveDict(headers)), STRAVA, NOW)
    assert [(report.left, round(report.seconds)) for report in found] == reports


def test_without_a_reset_nothing_is_known(at):
    """A number of remaining requests without a reset means nothing if no window of the entry
    follows the clock.
    """
    answer = FakeAnswer(b"", headers={"x-ratelimit-remaining": "0"})
    assert reports_of(answer, [Limit(requests=8, per_s=1)], NOW) == []


def test_a_refusal_that_states_only_a_reset_allows_nothing_until_then():
    """A 429 whose headers say when to come back, but not how many requests remain, allows none."""
    headers = {"x-ratelimit-reset": "30"}
    [report] = reports_of(FakeAnswer(b"", 429, headers), (), NOW)
    assert (report.left, report.seconds) == (0, 30)
    assert reports_of(FakeAnswer(b"", 200, headers), (), NOW) == []


@pytest.mark.parametrize("kind", ["file", "loopback"])
def test_a_policy_is_kept_although_nothing_says_how_much_is_left(budget, at, kind):
    """If a service states only its limit, the requests of a window are counted from the first
    response on, and further responses do not begin another window.
    """
    clock = at("12:00:00")
    asked = NoBudget(clock) if kind == "loopback" else budget(clock, Limit(requests=100, per_s=900))
    [stated] = reports_of(FakeAnswer(b"", headers={"ratelimit-policy": "10;w=60"}), (), NOW)
    for _ in range(10):
        assert asked.acquire() == 0.0
        asked.cap(stated)
        clock.sleep(1)
    assert 0 < asked.acquire() <= 60
    clock.sleep(60)
    assert asked.acquire() == 0.0


@pytest.mark.parametrize("kind", ["file", "loopback"])
def test_a_reported_limit_is_kept(budget, at, kind):
    """No more requests are granted than a response allows, until its reset."""
    clock = at("12:00:00")
    asked = NoBudget(clock) if kind == "loopback" else budget(clock, Limit(requests=500, per_s=1))
    asked.acquire()
    asked.cap(Report("x", 3, 50.0))
    assert granted(asked, clock) == (3, pytest.approx(50))
    clock.sleep(50)
    assert asked.acquire() == 0.0


def test_a_late_response_does_not_raise_a_limit(budget, at):
    """Of two responses about the same reset, the lower number counts, whichever comes first."""
    clock = at("12:00:00")
    asked = budget(clock, Limit(requests=100, per_s=900))
    asked.cap(Report("x", 3, 50.0))
    asked.acquire()
    asked.cap(Report("x", 9, 51.0))
    assert granted(asked, clock)[0] == 2
    clock.sleep(51)
    asked.cap(Report("x", 9, 50.0))
    assert granted(asked, clock)[0] == 9


def test_a_lease_counts_in_a_reported_limit(budget, at):
    """Requests that a process has leased are part of what the service says is left, for it and
    for other processes.
    """
    clock = at("12:00:00")
    limit = Limit(requests=640, per_s=1)
    first = budget(clock, limit)
    first.acquire()
    first.cap(Report("x", 20, 50.0))
    assert granted(budget(clock, limit), clock)[0] + granted(first, clock)[0] == 20


def test_a_report_concerns_only_what_the_fewest_share(budget, at, tmp_path):
    """A limit of one account, which a response states, does not stop the other accounts."""
    clock = at("12:00:00")
    limits = (
        Limit(requests=50, per_s=60, scope="account"),
        Limit(requests=100, per_s=60, scope="ip"),
    )
    policy = HttpPolicy("https://example.org", limits=limits)
    first, second = (
        budget_of(policy, tmp_path, integration="example", account=name, clock=clock)
        for name in ("a", "b")
    )
    assert isinstance(first, AllBudgets)
    first.cap(Report("x", 0, 3600.0))
    assert (first.acquire() > 3000, second.acquire()) == (True, 0.0)


def test_a_file_of_an_earlier_version_is_read(budget, at, tmp_path):
    """A file without reported limits, as earlier versions wrote it, keeps its count."""
    clock = at("12:00:00")
    limit = Limit(requests=2, per_s=60)
    granted(budget(clock, limit), clock)
    (file,) = tmp_path.glob("*.json")
    content = file.read_bytes()
    assert b', "caps": {}' in content
    file.write_bytes(content.replace(b', "caps": {}', b""))
    assert budget(clock, limit).acquire() > 0


def test_a_session_learns_from_each_response(open_session, server, reply, clock):
    """A session stops before the service has to refuse a request, also on this machine, where only
    responses state limits.
    """
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}
    server.respond_with(reply(headers=headers), reply())
    session = open_session()
    session.get("a")
    began = clock.monotonic()
    session.get("b")
    assert clock.monotonic() - began == pytest.approx(60, abs=0.1)


def test_windows_of_the_clock_are_consecutive(budget, at):
    """Each quarter is used as soon as it begins."""
    clock = at("12:00:00")
    asked = budget(clock, STRAVA[0])
    moments = []
    for _ in range(4):
        _, wait_s = granted(asked, clock)
        clock.sleep(wait_s)
        moments.append(clock.now())
    assert {(b - a).total_seconds() for a, b in pairwise(moments)} == {900.0}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(st.floats(0, 400), st.sampled_from([0.1, 59.9, 60.0, 899.9, 900.0])),
        min_size=1,
        max_size=40,
    ),
    st.integers(min_value=1, max_value=9),
    st.sampled_from([60, 900, 3600]),
)
def test_no_window_of_the_clock_ever_holds_more_than_its_limit(steps, most, seconds):
    """Whatever the times of the requests are, no window is granted more than its limit, not even
    if each request arrives a little late.
    """
    windows = windows_of([Limit(requests=most, per_s=seconds, window="clock")])
    content, now, granted_at = b"", 1_795_003_200.0, []
    for step in steps:
        now += step
        for _ in range(3):
            ledger = Ledger(content, windows, now)
            grant = ledger.take(1)
            content = ledger.written()
            if not grant.wait_s:
                granted_at.extend([now] * (1 + grant.lease))
    for late_s in (0.0, 0.2):
        arrived = Counter((moment + late_s) // seconds for moment in granted_at)
        assert max(arrived.values()) <= most
