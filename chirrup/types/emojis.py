"""Pictures that stand for a word in texts."""

import msgspec


class Emoji(msgspec.Struct, frozen=True):
    """A picture that an organisation draws where `:shortcode:` is written. Columns of `emojis`."""

    id: int
    org_id: int
    shortcode: str
    category: str  # for pickers; "": none
    listed: int  # 1: pickers offer it
    key: str  # blob key of the picture
    still_key: str  # of its first frame; the same key where nothing moves
