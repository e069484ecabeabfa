"""What people see the fields of forms called: at the start of a sentence about one, or over one."""

from ..social.composing import MEDIA_MAX

_OF_PICTURES = {"picture": "Picture", "description": "The description of picture", "focus": "The focus of picture"}

# By what the operations call them, or the forms.
NAMES = {
    "Idempotency-Key": "This form",
    "account": "This account",
    "avatar": "Your picture",
    "choices": "Your choice",
    "description": "The description of a picture",
    "display_name": "Your name",
    "address": "The e-mail address",
    "email": "The e-mail address",
    "fields": "The table for your profile",
    "field_name": "A label in your table",
    "field_value": "A line in your table",
    "file": "The picture",
    "focus": "The focus of a picture",
    "header": "Your header",
    "language": "The language",
    "media": "The picture",
    "media_ids": "Pictures",
    "note": "The text about you",
    "option": "An option of the poll",
    "password": "The password",
    "poll": "The poll",
    "post": "This post",
    "q": "What you look for",
    "summary": "The content warning",
    "text": "Your text",
    "username": "The username",
    "visibility": "The choice of who may see it",
} | {f"{name}{n}": f"{word} {n + 1}" for n in range(MEDIA_MAX) for name, word in _OF_PICTURES.items()}

# Those that people type into.
TYPED = frozenset(
    (
        "text",
        "summary",
        "option",
        "display_name",
        "note",
        "field_name",
        "field_value",
        "username",
        "email",
        "address",
        "q",
    )
) | {f"description{n}" for n in range(MEDIA_MAX)}


def typed(name: str) -> str:
    """What a field is called that people type into; "" for all others."""
    if name.startswith("about"):  # the description of a picture that was uploaded already
        return NAMES["description"]
    return NAMES[name] if name in TYPED else ""
