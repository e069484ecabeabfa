"""Mails are kept in this process: for tests."""

from ...errors import Unreachable
from ...ports import Mail


class MemoryMailer:
    """away: why mails cannot be handed over; "": they can."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.away = ""

    async def send(self, mail: Mail) -> None:
        await self.check()
        self.sent.append(mail)

    async def check(self) -> str:
        if self.away:
            raise Unreachable(self.away)
        return "mails are kept in memory"
