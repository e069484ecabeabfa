"""Films and sounds for tests: a second long, made by ffmpeg's own sources."""

import os
import subprocess
from pathlib import Path

TITLE = "CANARY-of-the-title"
MOVING = ("-f", "lavfi", "-i", "testsrc=d=1:s=96x64:r=10")
SOUND = ("-f", "lavfi", "-i", "sine=d=1:r=44100")
FILM = (*MOVING, *SOUND, "-shortest", "-metadata", f"title={TITLE}", "-metadata", "location=+40.7-074.0/")


def made(to: Path, *arguments: str) -> bytes:
    """What ffmpeg writes with these arguments, to a file whose name says the format."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(to)], check=True)
    return to.read_bytes()


class Gate:
    """An ffmpeg that waits until open(), and fails after fail(). environ: for a server that is to use it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        script = folder / "ffmpeg"
        script.write_text(
            f'#!/bin/sh\nwhile [ ! -e "{folder}/open" ]; do sleep 0.02; done\n'
            f'[ -e "{folder}/fail" ] && exit 1\nexec /usr/bin/ffmpeg "$@"\n'
        )
        script.chmod(0o755)
        self.environ = {"PATH": f"{folder}:{os.environ['PATH']}"}

    def open(self) -> None:
        (self._folder / "open").touch()

    def close(self) -> None:
        for name in ("open", "fail"):
            (self._folder / name).unlink(missing_ok=True)

    def fail(self) -> None:
        (self._folder / "fail").touch()
        self.open()
