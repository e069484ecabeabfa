"""`chirrup decisions`: whether the signed decisions of an approval are as they were made."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cyclopts
from cyclopts import Parameter

from ..errors import SettingsError
from .common import COMMON, Common, console, opened_database

if TYPE_CHECKING:
    from ..api.approvals import OwnApproval
    from ..types import Decision

commands = cyclopts.App(name="decisions", help="Whether the signed decisions of an approval are as they were made.")


@commands.command
def verify(
    file: Annotated[
        Path | None,
        Parameter(help="What GET /api/chirrup/v1/approvals/ID has answered, or a hook has told; `-` reads it."),
    ] = None,
    *,
    post: Annotated[int, Parameter(help="Instead of a file: the post's number, on this server.")] = 0,
    key: Annotated[str, Parameter(help="The public key that you know of before, in base64.")] = "",
    common: Common = COMMON,
) -> None:
    """Check that no decision was changed, removed or put in, and that all are signed with the organisation's key.

    A file says itself which key it is signed with: give --key what the server told you another time, to be sure.
    """
    from ..actions import decisions
    from ..api.approvals import as_decisions

    if (file is None) == (post == 0):
        raise SettingsError("give either a file or --post, not both")
    if file:
        found = _read(file)
        public, digest, made = found.public_key, found.digest, as_decisions(found)
    else:
        public, digest, made = _stored(common, post)
    if key and key.strip() != public:
        raise SettingsError(f"these are signed with another key: {public}")
    decisions.verify(public, digest, made)
    choices = ", ".join(f"{one.name or one.account_id} {one.choice}" for one in made) or "nobody has decided yet"
    console.print(f"All {len(made)} decisions are as they were made: {choices}.", highlight=False, soft_wrap=True)
    print(public)


def _read(file: Path) -> "OwnApproval":
    import msgspec

    from ..api.approvals import OwnApproval

    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return msgspec.json.decode(data, type=OwnApproval)
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise SettingsError(f"{file} is not what GET /api/chirrup/v1/approvals/ID answers: {error}") from error


def _stored(common: Common, post: int) -> tuple[str, str, list["Decision"]]:
    """(public key, digest, decisions)"""
    from ..access import signing
    from ..actions import decisions
    from ..store import approvals

    settings = common.settings()
    with opened_database(settings) as db:
        found = db.write_now(approvals.by_ids, [post]).get(post)
        if found is None:
            raise SettingsError(f"the post {post} asks for no approval here")
        made = db.write_now(approvals.decisions, [post])[post]
    return decisions.public_key(signing.signer(settings), found.org_id), found.digest, made
