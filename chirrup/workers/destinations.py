"""The hosts that jobs speak to, as this worker knows them: how busy each is, and which are away."""

import msgspec

AWAY_MAX_MS = 600_000  # at most so long without an attempt, however long the job that found it away waits
KEPT = 10_000  # hosts; when there are more, those where nothing runs are forgotten
PACE_MAX_MS, LATER_MAX_MS = 2_000, 60_000


class Away(msgspec.Struct, frozen=True):
    until_ms: int
    answer: str


class _Host(msgspec.Struct):
    running: int = 0
    answers: bool = False  # since this worker began, or since it was away
    away: Away | None = None
    took_ms: float = 20.0  # a job there, on average; the newest count most
    put_off_until_ms: int = 0  # when the last of those that were put off is due


class Destinations:
    """ "" is no destination: it is never away and has room for all."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    def away(self, name: str, now_ms: int) -> Away | None:
        host = self._hosts.get(name)
        return host.away if host and host.away and host.away.until_ms > now_ms else None

    def has_room(self, name: str, most: int) -> bool:
        """Whether one more may run there. The first one runs alone: if the host is dead, one attempt finds it out."""
        host = self._hosts.get(name)
        return not host or not host.running or (host.answers and host.running < most)

    def began(self, name: str) -> None:
        if name:
            self._host(name).running += 1

    def ended(self, name: str) -> None:
        """Without anything learnt about the host."""
        if name:
            self._host(name).running -= 1

    def answered(self, name: str, took_ms: float) -> None:
        """It did or refused something: it is there."""
        if name:
            host = self._host(name)
            host.answers, host.away = True, None
            host.took_ms += (took_ms - host.took_ms) / 8

    def is_away(self, name: str, now_ms: int, pause_ms: int, answer: str) -> None:
        if name:
            host = self._host(name)
            host.answers, host.away = False, Away(now_ms + min(pause_ms, AWAY_MAX_MS), answer)

    def pause_ms(self, name: str, most: int, now_ms: int) -> int:
        """For one more job that finds no room: it comes due about when those put off before it have been taken."""
        host = self._host(name)
        pace_ms = min(PACE_MAX_MS, host.took_ms / most / 2)
        host.put_off_until_ms = int(min(now_ms + LATER_MAX_MS, max(now_ms, host.put_off_until_ms) + pace_ms + 1))
        return host.put_off_until_ms - now_ms

    def _host(self, name: str) -> _Host:
        if name not in self._hosts and len(self._hosts) >= KEPT:
            self._hosts = {name: host for name, host in self._hosts.items() if host.running}
        return self._hosts.setdefault(name, _Host())
