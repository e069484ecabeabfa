"""The names of form fields for people: at the start of a sentence about one, or above one."""

from ..social.composing import MEDIA_MAX
from ..wording import ENGLISH, N_, Language

# Of one picture among several: "picture0" is the first.
_OF_PICTURES = {
    "picture": N_("Picture {n}"),
    "description": N_("The description of picture {n}"),
    "focus": N_("The focus of picture {n}"),
}

# The field's name in operations or forms -> its name for people.
NAMES = {
    "Idempotency-Key": N_("This form"),
    "account": N_("This account"),
    "alias": N_("The old account"),
    "app_password_name": N_("The name of the app password"),
    "app_passwords": N_("Your app passwords"),
    "archive": N_("The archive"),
    "days": N_("The number of days"),
    "permissions": N_("The choice of what it may do"),
    "role": N_("The role"),
    "role_name": N_("The name of the role"),
    "roles": N_("The roles"),
    "rooms": N_("The choice of rooms"),
    "scopes": N_("The choice of what it may do"),
    "uses": N_("How many may come"),
    "audience": N_("The choice of who may see them"),
    "avatar": N_("Your picture"),
    "category": N_("The choice of what is wrong"),
    "choices": N_("Your choice"),
    "comment": N_("Your text"),
    "context": N_("The choice of where it applies"),
    "description": N_("The description of a picture"),
    "display_name": N_("Your name"),
    "address": N_("The e-mail address"),
    "email": N_("The e-mail address"),
    "emoji": N_("The emoji"),
    "expires_in": N_("The choice of how long it applies"),
    "fields": N_("The table for your profile"),
    "field_name": N_("A label in your table"),
    "field_value": N_("A line in your table"),
    "file": N_("The picture"),
    "filter": N_("This filter"),
    "filter_action": N_("The choice of what you see instead"),
    "focus": N_("The focus of a picture"),
    "header": N_("Your header"),
    "kind": N_("The choice of what it is"),
    "keyword": N_("A word or phrase"),
    "keywords": N_("The words of your filters"),
    "language": N_("The language"),
    "media": N_("The picture"),
    "media_ids": N_("Pictures"),
    "moved_to": N_("The new account"),
    "note": N_("The text about you"),
    "option": N_("An option of the poll"),
    "part": N_("Parts of words"),
    "passkey_name": N_("The name of the passkey"),
    "passkeys": N_("Your passkeys"),
    "password": N_("The password"),
    "poll": N_("The poll"),
    "post": N_("This post"),
    "q": N_("What you look for"),
    "reason": N_("Your reason"),
    "quote_approval_policy": N_("The choice of who may quote you"),
    "quote_policy": N_("The choice of who may quote you"),
    "rule_ids": N_("The choice of rules"),
    "scheduled_at": N_("The time to post it"),
    "rule_hint": N_("More about the rule"),
    "rule_text": N_("The rule"),
    "site_accent": N_("The colour"),
    "site_accent_dark": N_("The colour in the dark"),
    "site_contact_account": N_("The account to write to"),
    "site_contact_email": N_("The e-mail address to write to"),
    "site_description": N_("The description"),
    "site_logo": N_("The logo"),
    "site_languages": N_("The languages"),
    "site_post_chars_max": N_("The number of characters"),
    "site_registrations": N_("The choice of who may sign up"),
    "site_rules": N_("The rules"),
    "site_title": N_("The title"),
    "summary": N_("The content warning"),
    "table": N_("The file"),
    "text": N_("Your text"),
    "title": N_("The name"),
    "type": N_("The choice of what is done"),
    "username": N_("The username"),
    "visibility": N_("The choice of who may see it"),
    "whole": N_("Words and phrases"),
}

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
        "app_password_name",
        "role_name",
        "uses",
        "days",
        "username",
        "alias",
        "moved_to",
        "email",
        "address",
        "q",
        "emoji",
        "reason",
        "title",
        "whole",
        "part",
        "rule_text",
        "rule_hint",
        "site_title",
        "site_accent",
        "site_accent_dark",
        "site_description",
        "site_languages",
        "site_contact_email",
        "site_contact_account",
        "site_post_chars_max",
    )
) | {f"description{n}" for n in range(MEDIA_MAX)}


def name_of(field: str, language: Language) -> str:
    kind = field.rstrip("0123456789")
    if kind != field and kind in _OF_PICTURES:
        return language.say(_OF_PICTURES[kind], {"n": int(field.removeprefix(kind)) + 1})
    return language.say(NAMES.get(field, field))


def typed(name: str) -> str:
    """The name of a field that people type into; "" for all others."""
    if name.startswith("about"):  # the description of a picture that is uploaded already
        return NAMES["description"]
    return name_of(name, ENGLISH) if name in TYPED else ""
