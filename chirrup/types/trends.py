"""What an organisation talks about more than usual."""

import msgspec


class Trends(msgspec.Struct, frozen=True):
    """What came out when it was last counted, the strongest first."""

    tags: list[str] = []  # normal forms in the organisation
    posts: list[int] = []
