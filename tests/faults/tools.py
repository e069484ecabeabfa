"""Programs that make faults, and where they come from."""

import os
import shutil

import pytest

PACKAGES = {"strace": "strace", "prlimit": "util-linux"}


def need(program: str) -> str:
    """Its path. Skips where it is missing; with CI set that is a failure."""
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
