"""Runs `python -m chirrup …` in a process that need not import it: a copy of a process that has done so already.

To import it takes half a second of CPU, and the tests start hundreds of processes. What runs is the same module with
arguments, environment and files of its own. Some tests in test_cli.py start `python -m chirrup` as people do. The same
for toot, and for the workers of the tests of faults.
"""

import atexit
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parent.parent
MESSAGE_BYTES = 1 << 20
# What the original of a package's modules has imported.
IMPORTED = {
    "chirrup": ("cyclopts", "rich.table", "chirrup.app"),
    "toot": ("toot.cli",),
    "faults": ("faults.short_leases", "chirrup.app", "databases", "engines"),
}


class File(Protocol):
    def fileno(self) -> int: ...


class Process:
    """A process that runs a module, with the part of subprocess.Popen that tests use."""

    def __init__(self, pid: int, ended: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = ended  # the exit status comes out of this pipe

    def poll(self) -> int | None:
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """timeout: seconds; subprocess.TimeoutExpired if it still runs then."""
        status = self._wait(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("chirrup", timeout or 0)
        return status

    def send_signal(self, how: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, how)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _wait(self, timeout_s: float | None) -> int | None:
        waiting = select.poll()  # select() knows only the first 1,024 files
        waiting.register(self._ended, select.POLLIN)
        if self.returncode is None and waiting.poll(None if timeout_s is None else timeout_s * 1000):
            self.returncode = int(os.read(self._ended, 16))
            os.close(self._ended)
        return self.returncode


class _Original:
    """The process that has imported a package. One for all tests of a process."""

    def __init__(self, package: str) -> None:
        self._line, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._one_at_a_time = threading.Lock()
        command = [sys.executable, __file__, str(other.fileno()), package]
        self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[other.fileno()], stdin=subprocess.DEVNULL)
        other.close()

    def start(
        self, module: str, words: tuple[str, ...], env: Mapping[str, str], cwd: Path | None, files: list[int]
    ) -> Process:
        ended, end = os.pipe()
        message = json.dumps([module, words, dict(env), str(cwd or ROOT)])
        with self._one_at_a_time:
            socket.send_fds(self._line, [message.encode()], [*files, end])
            pid = int(self._line.recv(64))
        os.close(end)
        return Process(pid, ended)

    def stop(self) -> None:
        self._line.close()
        self._process.wait()


@cache
def _original(package: str) -> _Original:
    made = _Original(package)
    atexit.register(made.stop)
    return made


def start(
    *words: str,
    env: Mapping[str, str],
    out: File,
    err: File,
    stdin: File | None = None,
    module: str = "chirrup",
    cwd: Path | None = None,
) -> Process:
    """Start `python -m MODULE WORDS` with that environment, files and folder. stdin: None for an empty one."""
    with Path(os.devnull).open("rb") as nothing:
        files = [file.fileno() for file in (stdin or nothing, out, err)]
        return _original(module.split(".", 1)[0]).start(module, words, env, cwd, files)


def run(
    *words: str, env: Mapping[str, str], sent: str = "", module: str = "chirrup", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE WORDS` to its end. sent: what it reads from its standard input."""
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        stdin.write(sent.encode())
        stdin.seek(0)
        status = start(*words, env=env, stdin=stdin, out=out, err=err, module=module, cwd=cwd).wait()
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess([module, *words], status, *said)


def _serve(line: socket.socket) -> str:
    """Forks a process for each message, and tells its end. Returns in each of these: the module that it is to run."""
    ends: dict[int, int] = {}

    def tell_ended(*_: object) -> None:
        while ends:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            end = ends.pop(pid)
            os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(end)

    signal.signal(signal.SIGCHLD, tell_ended)
    while True:
        message, files, _, _ = socket.recv_fds(line, MESSAGE_BYTES, 4)
        if not message:
            os._exit(0)
        module, words, env, cwd = json.loads(message)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # it could end before it is in `ends`
        pid = os.fork()
        if pid:
            ends[pid] = files.pop()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
            for file in files:
                os.close(file)
            line.send(str(pid).encode())
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        for number, file in enumerate(files[:3]):
            os.dup2(file, number)
        for file in {*files, *ends.values(), line.detach()}:
            os.close(file)
        os.environ.clear()
        os.environ.update(env)
        os.chdir(cwd)
        sys.argv = [module, *words]
        return module


if __name__ == "__main__":
    sys.path[:1] = [str(ROOT), str(ROOT / "tests")]
    for name in IMPORTED[sys.argv[2]]:
        importlib.import_module(name)
    runpy.run_module(_serve(socket.socket(fileno=int(sys.argv[1]))), run_name="__main__", alter_sys=True)
