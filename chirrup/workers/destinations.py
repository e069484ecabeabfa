"""What this worker knows of the hosts that jobs connect to: how busy each is, and which are away."""

import msgspec

AWAY_MAX_MS = 600_000  # a host is tried again after this, even if the job that found it away waits longer
KEPT = 10_000  # hosts; if there are more, those without running jobs are forgotten
PACE_MAX_MS, LATER_MAX_MS = 2_000, 60_000


class Away(msgspec.Struct, frozen=True):
    until_ms: int
    answer: str


class _Host(msgspec.Struct):
    running: int = 0
    answers: bool = False  # it has answered since this worker began, or since it was away
    away: Away | None = None
    took_ms: float = 20.0  # the average time of a job there; new ones count most
    put_off_until_ms: int = 0  # when the last job that was put off is due


class Destinations:
    """The name "" means no destination: it is never away and has room for all jobs."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    def away(self, name: str, now_ms: int) -> Away | None:
        host = self._hosts.get(name)
        return host.away if host and host.away and host.away.until_ms > now_ms else None

    def has_room(self, name: str, most: int) -> bool:
        """Whether one more job may run there. The first runs alone: if the host is dead, one attempt is enough."""
        host = self._hosts.get(name)
        return not host or not host.running or (host.answers and host.running < most)

    def began(self, name: str) -> None:
        if name:
            self._host(name).running += 1

    def ended(self, name: str) -> None:
        """A job has ended; says nothing about the host."""
        if name:
            self._host(name).running -= 1

    def answered(self, name: str, took_ms: float) -> None:
        """The host did or refused a job, so it is not away."""
        if name:
            host = self._host(name)
            host.answers, host.away = True, None
            host.took_ms += (took_ms - host.took_ms) / 8

    def is_away(self, name: str, now_ms: int, pause_ms: int, answer: str) -> None:
        if name:
            host = self._host(name)
            host.answers, host.away = False, Away(now_ms + min(pause_ms, AWAY_MAX_MS), answer)

    def pause_ms(self, name: str, most: int, now_ms: int) -> int:
        """The pause for a job without room: it is due about when the jobs put off before it have run."""
        host = self._host(name)
        pace_ms = min(PACE_MAX_MS, host.took_ms / most / 2)
        host.put_off_until_ms = int(min(now_ms + LATER_MAX_MS, max(now_ms, host.put_off_until_ms) + pace_ms + 1))
        return host.put_off_until_ms - now_ms

    def _host(self, name: str) -> _Host:
        if name not in self._hosts and len(self._hosts) >= KEPT:
            self._hosts = {name: host for name, host in self._hosts.items() if host.running}
        return self._hosts.setdefault(name, _Host())
