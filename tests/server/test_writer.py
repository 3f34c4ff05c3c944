"""The queue of records, and the files that they are written to."""

import threading
import time

from modelport_server.observe import sink, writer
from modelport_server.observe.sink import RotatingFile
from modelport_server.observe.writer import Record, Writer


def test_files_rotate_and_never_have_more_than_they_may(tmp_path):
    file = RotatingFile(tmp_path / "c", 8000)
    for number in range(1000):
        file.write(b"%07d\n" % number * 10)
    found = sorted(tmp_path.iterdir())
    assert [path.name for path in found] == ["c", *(f"c.{number}" for number in range(1, sink.FILES))]
    assert sum(path.stat().st_size for path in found) <= 8000
    newest_first = [int(line) for path in found for line in reversed(path.read_text().split())]
    assert newest_first == sorted(newest_first, reverse=True)
    assert newest_first[0] == 999


def test_two_processes_rotate_one_path_without_losing_what_is_new(tmp_path):
    one, other = RotatingFile(tmp_path / "c", 80_000), RotatingFile(tmp_path / "c", 80_000)
    for number in range(600):
        (one if number % 2 else other).write(b"%09d\n" % number * 10)
    lines = [int(line) for path in tmp_path.iterdir() for line in path.read_text().split()]
    assert sorted(set(lines)) == list(range(600))


def test_a_file_that_somebody_else_renames_is_made_anew(tmp_path):
    file = RotatingFile(tmp_path / "c", 80_000)
    file.write(b"1\n")
    (tmp_path / "c").rename(tmp_path / "taken")
    file.write(b"2\n")
    assert ((tmp_path / "taken").read_text(), (tmp_path / "c").read_text()) == ("1\n", "2\n")


class Stuck:
    """A sink that takes nothing until it is let go."""

    def __init__(self):
        self.go, self.lines = threading.Event(), []

    def write(self, lines):
        self.go.wait(30)
        self.lines += lines.splitlines()


def test_a_queue_that_is_full_drops_and_counts_and_nobody_waits():
    stuck = Stuck()
    queue = Writer(stuck)
    started = time.monotonic()
    taken = sum(queue.put(Record("inference", 10, lambda: b"x\n")) for _ in range(3 * writer.MOST_RECORDS))
    assert time.monotonic() - started < 10  # the sink would have kept us for 30
    stuck.go.set()
    queue.close(30)
    assert len(stuck.lines) == taken == queue.written["inference"]
    assert queue.dropped["queue"] == 3 * writer.MOST_RECORDS - taken > 0


def test_a_queue_has_a_bound_in_bytes_too():
    stuck = Stuck()
    queue = Writer(stuck)
    assert not queue.put(Record("inference", writer.MOST_BYTES + 1, lambda: b"x\n"))
    stuck.go.set()
    queue.close(30)


def test_a_sink_that_fails_is_said_once_and_what_is_lost_is_counted(caplog):
    class Full:
        def write(self, lines):
            raise OSError(28, "No space left on device")

    queue = Writer(Full())
    for _ in range(5):
        queue.put(Record("inference", 1, lambda: b"x\n"))
        time.sleep(0.01)
    queue.put(Record("inference", 1, lambda: 1 / 0))
    queue.close(30)
    assert (queue.dropped["write"], queue.dropped["record"]) == (5, 1)
    assert caplog.text.count("No space left on device") == 1
