"""Errors in Mastodon's form and words: clients show them, and some compare them. Their statuses: http/problems.py."""

from typing import Any

from ..errors import ChirrupError, Invalid, InvalidFields, InvalidSignUp, NotAllowed, NotFound, OAuthError
from ..social.collections import InvalidCollection
from ..social.composing import MentionsUnexpected

FAILED = "Validation failed: "
# (field, rule) -> Mastodon's own sentence.
SENTENCES = {
    ("account", "taken"): "Account has already been taken",
    ("context", "blank"): "Context can't be blank",
    ("context", "unknown"): "Context None or invalid context supplied",
    ("domain", "blank"): "Domain can't be blank",
    ("domain", "invalid"): "Domain is not a valid domain name",
    ("keyword", "blank"): "Keyword can't be blank",
    ("phrase", "blank"): "Phrase can't be blank",
    ("severity", "blank"): "Severity can't be blank",
    ("status", "blank"): "Status must exist",
    ("status", "taken"): "Status has already been taken",
    ("scheduled_at", "too_soon"): "Scheduled at The scheduled date must be in the future",
    ("tag", "invalid"): "Tag is invalid",
    ("title", "blank"): "Title can't be blank",
    ("version", "blank"): "Version can't be blank: send the one of the draft that you replace",
}
WHOLE = {  # (field, rule) -> the whole message, without FAILED
    (
        "filter",
        "shared",
    ): "Other keywords of this filter share what you want to change: use an app that knows filters of"
    " several keywords, or the settings on the web",
    ("scheduled_at", "unreadable"): "Record invalid",
    ("media_ids", "mixed"): "Cannot attach a video to a post that already contains images",
    ("media_ids", "not_ready"): "Cannot attach files that have not finished processing. Try again in a moment!",
    ("account_id", "blank"): "`account_id` parameter is missing",
    ("media", "shown"): "Media attachment is currently used by a status",
    ("text", "mentions"): "Unexpected accounts mentioned",
    ("token", "unknown"): "This link no longer works. Ask for a new one.",
}
NOT_FOUND = {"quoted post": "The post you want to quote does not exist, or is not yours to quote"}
# Mastodon's names of rules in `details`; every other one is ERR_INVALID.
RULES = {
    rule: f"ERR_{rule.upper()}"
    for rule in ("accepted", "blank", "blocked", "reserved", "taken", "too_long", "too_short")
}


def words(error: ChirrupError) -> dict[str, Any]:
    """The body of an error."""
    if isinstance(error, OAuthError):
        return {"error": error.error, "error_description": error.message}
    body: dict[str, Any] = {"error": message(error)}
    if isinstance(error, InvalidSignUp | InvalidCollection):
        details: dict[str, list[dict[str, str]]] = {}
        for problem in error.problems:
            detail = {"error": RULES.get(problem.rule, "ERR_INVALID"), "description": problem.why}
            details.setdefault(problem.field, []).append(detail)
        body["details"] = details
        if isinstance(error, InvalidCollection):
            body = {"error": body}  # as documented
    elif isinstance(error, MentionsUnexpected):
        body["unexpected_accounts"] = [{"id": str(id)} for id in error.account_ids]
    return body


def message(error: ChirrupError) -> str:
    if isinstance(error, NotFound):
        return NOT_FOUND.get(error.what, "Record not found")
    if isinstance(error, NotAllowed):
        return f"This action is not allowed: {error.message}" if error.message else "This action is not allowed"
    if isinstance(error, InvalidCollection):
        return FAILED + ", ".join(f"{one.field.replace('_', ' ').capitalize()} {one.why}" for one in error.problems)
    if isinstance(error, InvalidFields):
        return FAILED + ", ".join(map(_sentence, error.problems))
    if isinstance(error, Invalid):
        return WHOLE.get((error.field, error.rule)) or FAILED + _sentence(error)
    return error.message


def _sentence(error: Invalid) -> str:
    if error.rule == "wrong_type":  # names the field itself
        return error.why
    name = "Redirect URI" if error.field == "redirect_uris" and error.rule == "invalid" else error.field
    return SENTENCES.get((error.field, error.rule)) or (error.why if error.is_sentence else f"{name} {error.why}")
