"""Free ports of this machine for servers that tests start."""

import fcntl
import os
import random
import socket
from threading import Lock

PORTS = range(10_000, 32_000)  # below those that the kernel gives to outgoing connections (32768 and up)
_CLAIMS = f"/tmp/chirrup-ports-{os.getuid()}"  # whatever TMPDIR is: all processes of tests share it
_claimed: set[int] = set()
_file: list[int] = []
_lock = Lock()


def free_port() -> int:
    """A loopback port without a listener, which no client and no other process of tests can get.

    This process has it until it ends, so a server may be stopped and started again: byte n of a file is locked for
    port n. A second server of this process never gets it.
    """
    with _lock:
        if not _file:  # opened once: a lock of fcntl ends when any opened copy of its file is closed
            _file.append(os.open(_CLAIMS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        while True:
            port = random.SystemRandom().choice(PORTS)
            if port not in _claimed and _claim(port) and _is_free(port):
                _claimed.add(port)
                return port


def _claim(port: int) -> bool:
    try:
        fcntl.lockf(_file[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
