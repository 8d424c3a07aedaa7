"""The memory limiter refuses in time, and stops refusing."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collector import RefusedError
from processors.memory_limiter import MemoryLimiter, memory
from tests.helpers import ManualClock, batch, consume, make, metric, span

MIB = 1 << 20


class Process:
    """A process whose memory a test decides about, and which notes what is done to it."""

    def __init__(self, settings: dict[str, Any] | None = None) -> None:
        self.clock = ManualClock()
        self.used = 100 * MIB
        self.looks = 0
        self.done: list[str] = []
        self.trimmable = 0
        self.limiter = make(MemoryLimiter, settings, clock=self.clock)
        self.limiter.read_memory = self.look
        self.limiter.collect = lambda: self.done.append("collect")
        self.limiter.trim = self.trim

    def look(self) -> int:
        self.looks += 1
        return self.used

    def trim(self) -> None:
        self.done.append("trim")
        self.used -= self.trimmable
        self.trimmable = 0

    def takes(self) -> bool:
        try:
            consume(self.limiter, batch(span()))
        except RefusedError:
            return False
        return True


def test_spans_pass_below_the_soft_limit_and_are_refused_from_there_on():
    process = Process({"limit_mib": 500, "spike_limit_mib": 100})
    process.used = 400 * MIB - 1
    assert process.takes()
    process.used = 400 * MIB
    assert not process.takes()


def test_the_refusal_asks_the_agent_to_come_back():
    process = Process({"check_interval": "3s"})
    process.used = 600 * MIB
    with pytest.raises(RefusedError) as refused:
        consume(process.limiter, batch(span()))
    assert refused.value.reason == "memory_limited"
    assert refused.value.retry_after == 3.0


def test_the_room_for_spikes_is_a_fifth_by_default():
    process = Process({})
    process.used = 409 * MIB
    assert process.takes()
    process.used = 410 * MIB
    assert not process.takes()


def test_spans_pass_again_once_memory_is_free():
    process = Process()
    process.used = 600 * MIB
    assert not process.takes()
    process.used = 100 * MIB
    assert process.takes()
    assert len(process.limiter.next.spans) == 1


def test_a_burst_is_noticed_at_the_next_batch_once_half_of_the_memory_is_used():
    process = Process({"check_interval": "1h"})
    process.used = 205 * MIB
    assert process.takes()
    process.used = 450 * MIB
    assert not process.takes()


def test_memory_is_seldom_measured_while_there_is_plenty():
    process = Process({"check_interval": "1s"})
    for _ in range(100):
        assert process.takes()
    assert process.looks == 1
    process.clock.advance(1.0)
    assert process.takes()
    assert process.looks == 2


def test_what_the_allocator_holds_back_is_no_reason_to_refuse():
    process = Process()
    process.used, process.trimmable = 450 * MIB, 200 * MIB
    assert process.takes()
    assert process.done == ["collect", "trim"]


def test_refusing_costs_one_collection_in_ten_seconds_and_one_trim_a_second():
    process = Process()
    process.used = 450 * MIB
    for _ in range(100):
        process.clock.advance(0.1)
        assert not process.takes()
    assert process.done.count("collect") == 1
    assert process.done.count("trim") == 10


def test_above_the_hard_limit_a_collection_is_forced_each_second():
    process = Process()
    process.used = 513 * MIB
    for _ in range(100):
        process.clock.advance(0.1)
        assert not process.takes()
    assert process.done.count("collect") == 10


def test_a_percentage_is_of_the_memory_there_is():
    config = MemoryLimiter.Config(limit_percentage=75, spike_limit_percentage=25)
    assert config.limits(1000 * MIB) == (500 * MIB, 750 * MIB)


def test_limit_mib_goes_before_a_percentage():
    config = MemoryLimiter.Config(limit_mib=100, limit_percentage=75)
    assert config.limits(1000 * MIB) == (80 * MIB, 100 * MIB)


@given(
    limit=st.integers(1, 1 << 20),
    spike=st.none() | st.integers(1, 1 << 20),
    used=st.integers(0, 1 << 41),
)
def test_whatever_the_settings_nothing_passes_above_the_limit(limit, spike, used):
    try:
        process = Process({"limit_mib": limit, "spike_limit_mib": spike})
    except ValidationError:
        assert spike is not None
        assert spike >= limit
        return
    process.used = used
    assert not (process.takes() and used >= limit * MIB)


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"limit_mib": 100, "spike_limit_mib": 100}, "lower it"),
        ({"limit_percentage": 50, "spike_limit_percentage": 60}, "lower it"),
        ({"spike_limit_percentage": 20}, "use spike_limit_mib"),
        ({"limit_percentage": 50, "spike_limit_mib": 20}, "use spike_limit_percentage"),
        ({"limit_percentage": 101}, "less than or equal to 100"),
        ({"min_gc_interval_when_soft_limited": "1ms"}, "raise it"),
    ],
)
def test_settings_that_cannot_work_name_the_remedy(settings, remedy):
    with pytest.raises(ValidationError, match=remedy):
        MemoryLimiter.Config.model_validate(settings)


def test_the_gauge_shows_the_memory_in_use():
    process = Process()
    process.limiter.start()
    process.used = 123 * MIB
    assert metric(process.limiter, "winnow_process_memory_rss_bytes") == 123 * MIB


def test_where_memory_cannot_be_measured_nothing_is_refused():
    process = Process()
    process.limiter.read_memory = lambda: None
    process.limiter.start()
    assert process.takes()


def test_the_real_measurement_follows_the_kernel():
    before = memory.resident()
    ballast = bytearray(b"\x01") * (64 * MIB)
    assert memory.resident() - before > 60 * MIB
    del ballast
    memory.trimmer()()
    assert memory.resident() - before < 30 * MIB


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1048576\n"}, MIB),
        (
            {
                "proc/self/cgroup": "0::/system.slice/winnow.service\n",
                "sys/fs/cgroup/system.slice/winnow.service/memory.max": "max\n",
                "sys/fs/cgroup/system.slice/memory.max": "2097152\n",
            },
            2 * MIB,
        ),
        (
            {
                "proc/self/cgroup": "5:cpu,cpuacct:/a\n4:memory:/a\n",
                "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "3145728\n",
            },
            3 * MIB,
        ),
    ],
)
def test_a_container_may_use_what_its_cgroup_allows(tmp_path: Path, files, expected):
    for name, text in files.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    assert memory.total(tmp_path) == expected


def test_without_a_cgroup_the_whole_machine_may_be_used(tmp_path: Path):
    assert memory.total(tmp_path) > 256 * MIB
