"""The results of the tests of faults: a line for each, printed as a table at the end of `make faults` (conftest.py).

CHIRRUP_ROUNDS says how often each fault happens (10 in the normal run, 100 in the long one); CHIRRUP_SEED repeats a
run's choices (not the machine's).
"""

import dataclasses
import os
import random
import statistics
import time

ROUNDS = int(os.environ.get("CHIRRUP_ROUNDS", "10"))
SEED = int(os.environ.get("CHIRRUP_SEED", "0")) or random.SystemRandom().getrandbits(32)
LONG = ROUNDS >= 100
POSTS_WANTED = 10_000  # acknowledged in a long run
HEAD = ("fault", "rounds", "acknowledged", "posts", "lost", "doubled", "back after (median, longest)")


@dataclasses.dataclass
class Line:
    fault: str  # as docs/operate/faults.md numbers it, and where
    rounds: int = 0
    acknowledged: int = 0  # requests, those for posts among them
    posts: int = 0
    lost: int = 0  # acknowledged, but not there afterwards
    doubled: int = 0  # there without an acknowledgement, or there twice
    recovery_s: list[float] = dataclasses.field(default_factory=list)  # from the end of the fault to the first success

    def round_over(self, of: int) -> None:
        self.rounds += 1
        if LONG and self.rounds % 10 == 0:
            now = time.strftime("%H:%M:%S")
            print(f"{now} {self.fault}: round {self.rounds} of {of}, {self.acknowledged} acknowledged", flush=True)

    def cells(self) -> tuple[str, ...]:
        back = f"{statistics.median(self.recovery_s):.1f} s, {max(self.recovery_s):.1f} s" if self.recovery_s else ""
        numbers = (self.rounds, self.acknowledged, self.posts, self.lost, self.doubled)
        return (self.fault, *(f"{number:,}" for number in numbers), back)


def table(lines: list[Line]) -> str:
    total = Line("all", *(sum(getattr(line, name) for line in lines) for name in COUNTS))
    rows = [HEAD, *(line.cells() for line in sorted(lines, key=lambda line: line.fault)), total.cells()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(_set(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _set(cell: str, width: int) -> str:
    """A cell, with numbers aligned to the right."""
    return cell.rjust(width) if cell.replace(",", "").isdigit() else cell.ljust(width)


COUNTS = ("rounds", "acknowledged", "posts", "lost", "doubled")
