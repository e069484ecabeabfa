"""The picture and the header of a room: its managers choose them."""

import msgspec

from ..access.caller import Caller
from ..social import pictures
from . import rooms
from .rooms import RoomChange


async def change(
    caller: Caller, id: int, wanted: RoomChange, *, avatar: bytes | None = None, header: bytes | None = None
) -> None:
    """rooms.change() with new pictures. Raises as that, and as pictures.stored()."""
    if avatar or header:
        await caller.read(rooms.managed, caller.account_id, id)  # before work is done for others
    most = caller.site.media_bytes_max
    async with pictures.stored(caller.engines, id, bytes_max=most, avatar=avatar, header=header) as made:
        new = {name: key for name, key in msgspec.structs.asdict(made).items() if key is not None}
        await caller.write(rooms.change, caller.account_id, id, msgspec.structs.replace(wanted, **new))
