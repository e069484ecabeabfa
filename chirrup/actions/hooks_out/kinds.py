"""Of what a hook can hear, and when it is sent again."""

from ...errors import Invalid, not_among

PUBLISHED, EDITED, DELETED = "post.published", "post.edited", "post.deleted"
JOINED, LEFT = "member.joined", "member.left"
TEST = "test"
KINDS = {
    PUBLISHED: "Somebody said something.",
    EDITED: "What somebody said is different now.",
    DELETED: "A post that the hook was told of is gone.",
    JOINED: "Somebody came into the room.",
    LEFT: "Somebody left the room, or was put out.",
}
OF_ROOMS = frozenset({JOINED, LEFT})  # only for a hook of one room

# Between two attempts: ten in 75 hours, as Standard Webhooks has it, each longer by up to a quarter.
PAUSES_S = (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
ATTEMPTS = len(PAUSES_S) + 1


def check(names: list[str], room_id: int) -> str:
    """As they are kept. Raises Invalid."""
    wanted = list(dict.fromkeys(names))
    for one in wanted:
        if one not in KINDS:
            raise not_among("events", KINDS, one)
        if one in OF_ROOMS and not room_id:
            raise Invalid("events", "no_room", "has {got}, which only a hook of one room can hear", got=one)
    if not wanted:
        raise Invalid("events", "blank", "can't be blank: choose what it hears of")
    return " ".join(wanted)
