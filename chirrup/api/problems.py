"""Errors of Chirrup's own API: a sentence for people, and by field what is wrong, with a word for programs."""

from typing import Any

from ..errors import ChirrupError, Invalid, InvalidFields, NotAllowed
from ..wording import N_, Language

REFUSED, REFUSED_BECAUSE = N_("This action is not allowed"), N_("This action is not allowed: {why}")


def words(error: ChirrupError, language: Language) -> dict[str, Any]:
    """The body of an error, of the same form as Mastodon's for a sign-up. details: of the fields that it is about."""
    if not isinstance(error, Invalid):
        why = language.say(error.template, error.params)
        if isinstance(error, NotAllowed):
            why = language.say(REFUSED_BECAUSE, {"why": why}) if why else language.say(REFUSED)
        return {"error": why}
    problems = error.problems if isinstance(error, InvalidFields) else [error]
    details: dict[str, list[dict[str, str]]] = {}
    for one in problems:
        why = language.say(one.template, one.params)
        details.setdefault(one.field, []).append({"error": one.rule, "description": why})
    return {"error": ", ".join(_sentence(one, language) for one in problems), "details": details}


def _sentence(error: Invalid, language: Language) -> str:
    why = language.say(error.template, error.params)
    names_itself = error.is_sentence or error.rule == "wrong_type"
    return why if names_itself else f"{language.field(error.field)} {why}"
