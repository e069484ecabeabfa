"""Advisories about what we depend on, as PyPI has them: audit.py LOCK_FILE. Exit code 1: there are some.

Where PyPI cannot be asked, says so and goes on: a machine without a way out can test all the rest.
"""

import json
import subprocess
import sys
from pathlib import Path

TIMEOUT_S = 60


def ask(lock_file: str) -> str:
    """pip-audit's answer (JSON), or in a line why there is none."""
    program = Path(sys.executable).parent / "pip-audit"
    options = ["--disable-pip", "--require-hashes", "--format=json", "--progress-spinner=off", "--timeout=5"]
    try:
        done = subprocess.run(
            [program, *options, "--requirement", lock_file],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout or (done.stderr.strip().splitlines() or ["no answer"])[-1]


def verdict(answer: str) -> tuple[list[str], int]:
    """(lines to say, exit code) for what ask() gave."""
    try:
        found = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return [f"Left out: nobody looked for advisories ({answer[:200]})"], 0
    unknown = [one["name"] for one in found if "vulns" not in one]
    known = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
        for one in found
        for hole in one.get("vulns", ())
    ]
    said = (
        [f"Left out: no advisories could be asked for about {len(unknown)} of {len(found)} packages"] if unknown else []
    )
    return said + known, 1 if known else 0


if __name__ == "__main__":
    lines, code = verdict(ask(sys.argv[1]))
    print(*lines or ["No advisories"], sep="\n")
    sys.exit(code)
