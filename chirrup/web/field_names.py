"""The names of form fields for people: at the start of a sentence about one, or above one."""

from ..social.composing import MEDIA_MAX

_OF_PICTURES = {"picture": "Picture", "description": "The description of picture", "focus": "The focus of picture"}

# The field's name in operations or forms -> its name for people.
NAMES = {
    "Idempotency-Key": "This form",
    "account": "This account",
    "alias": "The old account",
    "archive": "The archive",
    "audience": "The choice of who may see them",
    "avatar": "Your picture",
    "choices": "Your choice",
    "context": "The choice of where it applies",
    "description": "The description of a picture",
    "display_name": "Your name",
    "address": "The e-mail address",
    "email": "The e-mail address",
    "expires_in": "The choice of how long it applies",
    "fields": "The table for your profile",
    "field_name": "A label in your table",
    "field_value": "A line in your table",
    "file": "The picture",
    "filter": "This filter",
    "filter_action": "The choice of what you see instead",
    "focus": "The focus of a picture",
    "header": "Your header",
    "kind": "The choice of what it is",
    "keyword": "A word or phrase",
    "keywords": "The words of your filters",
    "language": "The language",
    "media": "The picture",
    "media_ids": "Pictures",
    "moved_to": "The new account",
    "note": "The text about you",
    "option": "An option of the poll",
    "part": "Parts of words",
    "passkey_name": "The name of the passkey",
    "passkeys": "Your passkeys",
    "password": "The password",
    "poll": "The poll",
    "post": "This post",
    "q": "What you look for",
    "reason": "Your reason",
    "quote_approval_policy": "The choice of who may quote you",
    "quote_policy": "The choice of who may quote you",
    "scheduled_at": "The time to post it",
    "summary": "The content warning",
    "table": "The file",
    "text": "Your text",
    "title": "The name",
    "username": "The username",
    "visibility": "The choice of who may see it",
    "whole": "Words and phrases",
} | {f"{name}{n}": f"{word} {n + 1}" for n in range(MEDIA_MAX) for name, word in _OF_PICTURES.items()}

# Fields that people type into.
TYPED = frozenset(
    (
        "text",
        "summary",
        "option",
        "display_name",
        "note",
        "field_name",
        "field_value",
        "passkey_name",
        "username",
        "alias",
        "moved_to",
        "email",
        "address",
        "q",
        "reason",
        "title",
        "whole",
        "part",
    )
) | {f"description{n}" for n in range(MEDIA_MAX)}


def typed(name: str) -> str:
    """The name of a field that people type into; "" for all others."""
    if name.startswith("about"):  # the description of a picture that is uploaded already
        return NAMES["description"]
    return NAMES[name] if name in TYPED else ""
