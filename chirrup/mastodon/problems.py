"""Errors in Mastodon's form and words: clients show them, and some compare them. Their statuses: http/problems.py.

What programs read is the same in all languages: the words of OAuth, and ERR_… in details. Mastodon's own English
sentences are said as they are to whoever is answered in English.
"""

from typing import Any

from ..errors import ChirrupError, Invalid, InvalidFields, InvalidSignUp, NotAllowed, NotFound, OAuthError
from ..social.collections import InvalidCollection
from ..social.composing import MentionsUnexpected
from ..wording import N_, Language

FAILED = N_("Validation failed: {problems}")
NOT_HERE = N_("Record not found")
REFUSED, REFUSED_BECAUSE = N_("This action is not allowed"), N_("This action is not allowed: {why}")
# (field, rule) -> Mastodon's own sentence.
SENTENCES = {
    ("account", "taken"): N_("Account has already been taken"),
    ("context", "blank"): N_("Context can't be blank"),
    ("context", "unknown"): N_("Context None or invalid context supplied"),
    ("domain", "blank"): N_("Domain can't be blank"),
    ("domain", "invalid"): N_("Domain is not a valid domain name"),
    ("keyword", "blank"): N_("Keyword can't be blank"),
    ("phrase", "blank"): N_("Phrase can't be blank"),
    ("severity", "blank"): N_("Severity can't be blank"),
    ("status", "blank"): N_("Status must exist"),
    ("status", "taken"): N_("Status has already been taken"),
    ("scheduled_at", "too_soon"): N_("Scheduled at The scheduled date must be in the future"),
    ("tag", "invalid"): N_("Tag is invalid"),
    ("title", "blank"): N_("Title can't be blank"),
    ("version", "blank"): N_("Version can't be blank: send the one of the draft that you replace"),
}
WHOLE = {  # (field, rule) -> the whole message, without FAILED
    (
        "filter",
        "shared",
    ): N_(
        "Other keywords of this filter share what you want to change: use an app that knows filters of several"
        " keywords, or the settings on the web"
    ),
    ("scheduled_at", "unreadable"): N_("Record invalid"),
    ("media_ids", "mixed"): N_("Cannot attach a video to a post that already contains images"),
    ("media_ids", "not_ready"): N_("Cannot attach files that have not finished processing. Try again in a moment!"),
    ("account_id", "blank"): N_("`account_id` parameter is missing"),
    ("media", "shown"): N_("Media attachment is currently used by a status"),
    ("text", "mentions"): N_("Unexpected accounts mentioned"),
    ("token", "unknown"): N_("This link no longer works. Ask for a new one."),
}
NOT_FOUND = {"quoted post": N_("The post you want to quote does not exist, or is not yours to quote")}
# Mastodon's names of rules in `details`; every other one is ERR_INVALID.
RULES = {
    rule: f"ERR_{rule.upper()}"
    for rule in ("accepted", "blank", "blocked", "reserved", "taken", "too_long", "too_short")
}


def words(error: ChirrupError, language: Language) -> dict[str, Any]:
    """The body of an error."""
    if isinstance(error, OAuthError):  # in ASCII, for who writes the app: RFC 6749, 5.2
        return {"error": error.error, "error_description": error.message}
    body: dict[str, Any] = {"error": message(error, language)}
    if isinstance(error, InvalidSignUp | InvalidCollection):
        details: dict[str, list[dict[str, str]]] = {}
        for problem in error.problems:
            why = language.say(problem.template, problem.params)
            detail = {"error": RULES.get(problem.rule, "ERR_INVALID"), "description": why}
            details.setdefault(problem.field, []).append(detail)
        body["details"] = details
        if isinstance(error, InvalidCollection):
            body = {"error": body}  # as documented
    elif isinstance(error, MentionsUnexpected):
        body["unexpected_accounts"] = [{"id": str(id)} for id in error.account_ids]
    return body


def message(error: ChirrupError, language: Language) -> str:
    if isinstance(error, NotFound):
        return language.say(NOT_FOUND.get(error.what, NOT_HERE))
    why = language.say(error.template, error.params)
    if isinstance(error, NotAllowed):
        return language.say(REFUSED_BECAUSE, {"why": why}) if why else language.say(REFUSED)
    if isinstance(error, InvalidCollection):
        return _failed(language, error.problems, capital=True)
    if isinstance(error, InvalidFields):
        return _failed(language, error.problems)
    if isinstance(error, Invalid):
        whole = WHOLE.get((error.field, error.rule))
        return language.say(whole) if whole else _failed(language, [error])
    return why


def _failed(language: Language, problems: list[Invalid], *, capital: bool = False) -> str:
    return language.say(FAILED, {"problems": ", ".join(_sentence(one, language, capital) for one in problems)})


def _sentence(error: Invalid, language: Language, capital: bool) -> str:
    """capital: with the names of fields as Mastodon says them to people, "Language code" for language_code."""
    if (known := SENTENCES.get((error.field, error.rule))) and not capital:
        return language.say(known)
    why = language.say(error.template, error.params)
    if error.is_sentence or error.rule == "wrong_type":  # the latter names the field itself
        return why
    is_uri = error.field == "redirect_uris" and error.rule == "invalid"
    name = language.field("Redirect URI") if is_uri else language.field(error.field)
    if capital and name == error.field:
        name = name.replace("_", " ").capitalize()
    return f"{name} {why}"
