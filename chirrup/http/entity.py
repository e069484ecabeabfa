"""The base of all entities."""

from typing import Annotated

import msgspec

Id = Annotated[str, msgspec.Meta(pattern="^(0|[1-9][0-9]{0,18})$")]


class Entity(msgspec.Struct, kw_only=True):
    pass
