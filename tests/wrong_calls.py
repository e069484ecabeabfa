"""Calls that the type checker must refuse. `make check` fails if one of these ignores is not needed."""

from chirrup.access.caller import Caller
from chirrup.ports import Database
from chirrup.social import posts as social
from chirrup.store import posts


async def read_and_write(db: Database, call: Caller) -> None:
    await db.read(posts.by_id, "1")  # pyright: ignore[reportArgumentType]
    await db.write(social.delete, 1, 2, keep=True)  # pyright: ignore[reportCallIssue]
    await db.read_lagging(posts.by_id)  # pyright: ignore[reportCallIssue]
    db.write_now(posts.by_id, 1, 2)  # pyright: ignore[reportCallIssue]

    await call.read(posts.by_id, "1")  # pyright: ignore[reportArgumentType]
    await call.browse(posts.by_id, 1, 2)  # pyright: ignore[reportCallIssue]
    id: int = await call.write(social.delete, 1, 2)  # pyright: ignore[reportAssignmentType]
    await call.write(len, id)  # pyright: ignore[reportArgumentType, reportCallIssue]
