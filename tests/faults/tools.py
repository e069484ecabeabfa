"""Programs that cause faults, and their Debian packages."""

import os
import shutil

import pytest

PACKAGES = {"strace": "strace", "prlimit": "util-linux"}


def need(program: str) -> str:
    """The program's path. Skips the test if it is missing; with CI set, fails."""
    path = shutil.which(program)
    if path is None:
        _leave_out(f"no {program} here: apt-get install {PACKAGES[program]}")
    return path or ""


def need_root(what: str) -> None:
    if os.getuid() != 0:
        pytest.skip(f"only root may {what}")


def _leave_out(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{reason} (CI is set, so nothing may be left out)")
    pytest.skip(reason)
