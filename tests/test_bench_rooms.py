"""The benchmark of rooms starts, and says what it has measured. How fast that is, is no matter here."""

import subprocess
import sys
from pathlib import Path


def test_the_benchmark_of_rooms_starts():
    few = ["--small", "5", "--large", "8", "--rooms", "2", "--runs", "1"]
    command = [sys.executable, "-m", "bench.rooms", *few]

    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=120)

    assert (done.returncode, done.stderr) == (0, "")
    for words in (
        "a post in a room of 5",
        "a post in a room of 8",
        "a page of its members",
        "home of who is in 2 rooms",
    ):
        assert words in done.stdout
