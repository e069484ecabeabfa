"""The answer when an account takes back its mark of a post that it can no longer see.

Clients expect a Status. It has the post's id, dates and author, but no content and no counts
(docs/decisions/0024-own-marks.md).
"""

import msgspec

from ..errors import NotFound
from ..ports import Tx
from ..social import accounts, reactions
from ..times import iso
from ..types import Post
from .call import Call
from .entities import QuoteApproval, Status
from .render_accounts import Json


def or_status(tx: Tx, call: Call, post: Post) -> Json:
    """The post as call's viewer sees it; without its content if they may not see it."""
    try:
        return call.render.status(tx, call.viewer_id, post.id)
    except NotFound:
        return msgspec.Raw(msgspec.json.encode(_without_content(tx, call, post)))


def _without_content(tx: Tx, call: Call, post: Post) -> Status:
    marks = reactions.marks(tx, call.viewer_id, post)
    author = accounts.get(tx, call.viewer_id, post.author_id)
    return Status(
        id=str(post.id),
        created_at=iso(post.created_ms),
        edited_at=None,
        in_reply_to_id=None,
        in_reply_to_account_id=None,
        sensitive=False,
        spoiler_text="",
        visibility=post.visibility,
        language=None,
        uri=call.render.post_url(author.username, post.id),
        url=None,
        content="",
        media_attachments=[],
        mentions=[],
        tags=[],
        emojis=[],
        application=None,
        card=None,
        tagged_collections=[],
        account=call.render.account(tx, post.author_id),
        replies_count=0,
        reblogs_count=0,
        favourites_count=0,
        favourited=marks.favourited,
        reblogged=marks.boosted,
        bookmarked=marks.bookmarked,
        muted=marks.muted,
        filtered=[],
        poll=None,
        quotes_count=0,
        quote=None,
        quote_approval=QuoteApproval(automatic=[], manual=[], current_user="denied"),
        reblog=None,
    )
