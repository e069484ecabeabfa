"""The privacy policy of a site: what its operator has written, and what its own rules say about what is kept."""

import html

from ..access.sites import Site
from ..ports import Tx
from ..social import documents
from ..social.documents import Document
from ..types import RetentionClass
from . import holds, retention

WORDS = {
    RetentionClass.POSTS: "Posts are deleted {days} days after they were written.",
    RetentionClass.DIRECT: "Direct posts are deleted {days} days after they were written.",
    RetentionClass.MEDIA: "Pictures, films and sound are deleted {days} days after they were posted; the words stay.",
}
SEARCHED = (
    "Those to whom an owner here has given this task can search in all that was said, also in direct posts; each "
    "search is written down. What they hold, such as for a court, is kept out of sight until the hold has ended, even "
    "when it is deleted."
)


def policy(tx: Tx, site: Site) -> Document | None:
    """None: there is nothing to say."""
    written, told = documents.privacy(site), words(tx, site.org_id)
    if not told:
        return written
    more = "".join(f"<p>{html.escape(one)}</p>" for one in told)
    return Document((written.html if written else "") + more, written.changed_ms if written else tx.now_ms)


def words(tx: Tx, org_id: int) -> list[str]:
    """What is deleted when, and what is kept in spite of that. An organisation says the second in any case."""
    rules = [one for one in retention.rules(tx, org_id) if not one.room_id]
    told = [WORDS[RetentionClass(one.kind)].format(days=one.days) for one in rules]
    return [*told, SEARCHED] if org_id or told or holds.every(tx, org_id) else []
