"""Becomes a program that may only compute: `python -m chirrup.social.films.locked FOLDER … PROGRAM ARGUMENTS`.

It reads the system's libraries and its folder, writes into its folder only, and has no network, whatever the film that
it reads makes it do. Memory, CPU time and the size of files are limited, and it ends with whoever started it.
Linux only. Nothing of this needs rights: Landlock for files (where the kernel has it), seccomp for system calls.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

NICE = 15  # posting comes first
READ_ONLY = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/proc/cpuinfo")

# linux/prctl.h
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
# linux/landlock.h. The rights of files are one bit each; those of the versions before come first.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every machine
_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # version -> how many rights of files it knows; 16 from 5 on
_EXECUTE, _READ_FILE, _READ_DIR = 1, 1 << 2, 1 << 3
_OF_FILES = _EXECUTE | 1 << 1 | _READ_FILE | 1 << 14  # the others are of folders
_NETWORK, _SCOPES = 0b11, 0b11  # TCP to bind and connect; sockets and signals of others

# linux/seccomp.h, linux/filter.h, linux/audit.h
_SET_MODE_FILTER = 1
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_ABOVE, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # 1: EPERM
_ABI_X32 = 0x40000000


class Machine:
    """The numbers of what is refused: sockets, io_uring (which makes sockets too), and what reaches other processes."""

    def __init__(self, audit: int, seccomp: int, refused: tuple[int, ...]) -> None:
        self.audit, self.seccomp, self.refused = audit, seccomp, refused


# In this order: socket, socketpair, ptrace, process_vm_readv and writev, kill, tkill; the same on both: io_uring_setup,
# pidfd_send_signal, pidfd_getfd.
_BOTH = (425, 424, 438)
MACHINES = {
    "x86_64": Machine(0xC000003E, 317, (41, 53, 101, 310, 311, 62, 200, *_BOTH)),
    "aarch64": Machine(0xC00000B7, 277, (198, 199, 117, 270, 271, 129, 130, *_BOTH)),
}

_libc: Any = ctypes.CDLL(None, use_errno=True)


def possible() -> bool:
    """Whether programs can be locked down here."""
    return sys.platform == "linux" and platform.machine() in MACHINES


def _call(what: str, function: Callable[..., int], *arguments: Any) -> int:
    found = function(*arguments)
    if found < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return found


def _limit(memory_bytes: int, cpu_s: int, file_bytes: int) -> None:
    for kind, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        _, given = resource.getrlimit(kind)
        most = most if given == resource.RLIM_INFINITY else min(most, given)
        resource.setrlimit(kind, (most, most))


def _lock_files(folder: Path, program: Path) -> None:
    version = _libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:  # an old kernel: the other locks still hold
        return
    all_rights = (1 << _RIGHTS.get(version, 16)) - 1
    head = struct.pack("QQQ", all_rights, _NETWORK if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    head = head[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = _call("landlock_create_ruleset", _libc.syscall, _CREATE_RULESET, head, len(head), 0)
    readable = _EXECUTE | _READ_FILE | _READ_DIR
    for path, rights in [*((Path(one), readable) for one in (*READ_ONLY, program.parent)), (folder, all_rights)]:
        with suppress(FileNotFoundError):
            handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
            rights &= all_rights if path.is_dir() else _OF_FILES
            rule = struct.pack("=Qi", rights, handle)
            _call("landlock_add_rule", _libc.syscall, _ADD_RULE, rules, 1, rule, 0)
            os.close(handle)
    _call("landlock_restrict_self", _libc.syscall, _RESTRICT_SELF, rules, 0)
    os.close(rules)


def _lock_calls(machine: Machine) -> None:
    refused = machine.refused
    program = [
        (_LOAD, 0, 0, 4),  # seccomp_data.arch
        (_JUMP_IF_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # seccomp_data.nr
        (_JUMP_IF_ABOVE, len(refused) + 1, 0, _ABI_X32),
        *((_JUMP_IF_EQUAL, len(refused) - n, 0, number) for n, number in enumerate(refused)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    filter = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    _call("seccomp", _libc.syscall, machine.seccomp, _SET_MODE_FILTER, 0, filter)


def main() -> None:
    folder, memory_bytes, cpu_s, file_bytes, program, *arguments = sys.argv[1:]
    parent = os.getppid()
    _call("prctl", _libc.prctl, _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before that
        sys.exit(1)
    os.nice(NICE)
    os.chdir(folder)
    _limit(int(memory_bytes), int(cpu_s), int(file_bytes))
    _call("prctl", _libc.prctl, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _lock_files(Path(folder), Path(program))
    _lock_calls(MACHINES[platform.machine()])
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main()
