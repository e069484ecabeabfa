"""GitHub's webhooks (https://docs.github.com/en/webhooks/webhook-events-and-payloads). An event without a line here is
said by its name. What is said of one issue, pull request, run or release is one thread.
"""

from collections.abc import Callable
from typing import Any

from .incoming import Incoming, Read, Said, at, items, joined, line, short, url, words

COMMITS = 5  # that are listed
BODY_CHARS = 280
_ZERO = "0" * 40


def fits(incoming: Incoming) -> bool:
    body = incoming.body
    is_githubs = "x-github-event" in incoming.headers
    return is_githubs or (bool(line(body, "repository", "full_name")) and bool(line(body, "sender", "login")))


def read(incoming: Incoming) -> Read:
    body = incoming.body
    event = incoming.headers.get("x-github-event", "") or _event(body)
    made = (EVENTS.get(event) or _unknown(event))(body)
    return Read((made,) if made else (), id=incoming.headers.get("x-github-delivery", ""))


def _event(body: Any) -> str:
    """Where no header says it: told by what is in the body."""
    keys = body.keys() if isinstance(body, dict) else ()
    if "pull_request" in keys and "review" in keys:
        return "pull_request_review"
    if "comment" in keys and "issue" in keys:
        return "issue_comment"
    if "ref_type" in keys:
        return "create" if "master_branch" in keys else "delete"
    for key, event in _BY_KEY.items():
        if key in keys:
            return event
    return ""


_BY_KEY = {
    "zen": "ping",
    "commits": "push",
    "pull_request": "pull_request",
    "issue": "issues",
    "release": "release",
    "workflow_run": "workflow_run",
    "check_run": "check_run",
    "forkee": "fork",
    "starred_at": "star",
    "member": "member",
    "alert": "dependabot_alert",
}


# parts of sentences


def _repo(body: Any) -> str:
    return line(body, "repository", "full_name") or line(body, "organization", "login") or "GitHub"


def _who(body: Any, *path: str) -> str:
    return line(body, *(path or ("sender",)), "login") or "somebody"


def _action(body: Any, default: str = "changed") -> str:
    return line(body, "action").replace("_", " ") or default


def _said(body: Any, what: str, *more: str, link: str = "", about: str = "") -> Said:
    text = joined(f"[{_repo(body)}] {what}", *more, link)
    return Said(text, link, (f"{_repo(body)} {about}",) if about else ())


def _excerpt(text: str) -> str:
    """The first words of a longer text, without comments for people who fill in a form."""
    lines = [one.strip() for one in text.splitlines() if not one.strip().startswith("<!--")]
    whole = " ".join(filter(None, lines))
    return whole if len(whole) <= BODY_CHARS else whole[: BODY_CHARS - 1].rstrip() + "…"


def _titled(one: Any) -> str:
    return f"#{line(one, 'number')} {line(one, 'title')}".strip()


# one event each


def _ping(body: Any) -> Said:
    return _said(body, "GitHub is connected", f"“{line(body, 'zen')}”" if line(body, "zen") else "")


def _push(body: Any) -> Said:
    ref = line(body, "ref")
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    who = line(body, "pusher", "name") or _who(body)
    commits = items(body, "commits")
    if at(body, "deleted") is True or line(body, "after") == _ZERO:
        return _said(body, f"{who} deleted {kind} {name}")
    shown = [
        f"• {short(words(one, 'message'), 100)} ({line(one, 'author', 'username') or line(one, 'author', 'name')})"
        for one in commits[:COMMITS]
    ]
    rest = len(commits) - COMMITS
    many = f"{len(commits)} commit{'' if len(commits) == 1 else 's'}"
    did = f"created {kind} {name}" if at(body, "created") is True and not commits else f"pushed {many} to {name}"
    did = did.replace("pushed", "force-pushed") if at(body, "forced") is True else did
    return _said(body, f"{who} {did}", *shown, f"and {rest} more" if rest > 0 else "", link=url(body, "compare"))


def _issues(body: Any) -> Said:
    issue, action = at(body, "issue"), _action(body)
    detail = {
        "labeled": f": {line(body, 'label', 'name')}",
        "unlabeled": f": {line(body, 'label', 'name')}",
        "assigned": f" to {_who(body, 'assignee')}",
        "unassigned": f" from {_who(body, 'assignee')}",
    }.get(action, "")
    text = _excerpt(words(issue, "body")) if action == "opened" else ""
    return _said(
        body,
        f"{_who(body)} {action} issue {_titled(issue)}{detail}",
        text,
        link=url(issue, "html_url"),
        about=f"#{line(issue, 'number')}",
    )


def _issue_comment(body: Any) -> Said:
    issue, comment = at(body, "issue"), at(body, "comment")
    did = "commented on" if _action(body) == "created" else f"{_action(body)} a comment on"
    kind = "issue" if at(issue, "pull_request") is None else "pull request"
    return _said(
        body,
        f"{_who(body)} {did} {kind} {_titled(issue)}",
        _excerpt(words(comment, "body")),
        link=url(comment, "html_url") or url(issue, "html_url"),
        about=f"#{line(issue, 'number')}",
    )


def _pull_request(body: Any) -> Said:
    pull, action = at(body, "pull_request"), _action(body)
    number = line(pull, "number") or line(body, "number")
    did = "merged" if action == "closed" and at(pull, "merged") is True else action
    did = {"synchronize": "pushed to", "review requested": "asked for a review of"}.get(did, did)
    branches = joined(line(pull, "head", "ref"), line(pull, "base", "ref"), by=" → ")
    text = joined(branches, _excerpt(words(pull, "body"))) if action == "opened" else ""
    return _said(
        body,
        f"{_who(body)} {did} pull request #{number} {line(pull, 'title')}",
        text,
        link=url(pull, "html_url"),
        about=f"#{number}",
    )


def _review(body: Any) -> Said:
    pull, review = at(body, "pull_request"), at(body, "review")
    state = line(review, "state").lower()
    did = {"approved": "approved", "changes_requested": "asked for changes in"}.get(state, "reviewed")
    did = did if _action(body) == "submitted" else f"{_action(body)} a review of"
    return _said(
        body,
        f"{_who(body)} {did} pull request {_titled(pull)}",
        _excerpt(words(review, "body")),
        link=url(review, "html_url") or url(pull, "html_url"),
        about=f"#{line(pull, 'number')}",
    )


def _review_comment(body: Any) -> Said:
    pull, comment = at(body, "pull_request"), at(body, "comment")
    return _said(
        body,
        f"{_who(body)} commented on {line(comment, 'path')} in pull request {_titled(pull)}",
        _excerpt(words(comment, "body")),
        link=url(comment, "html_url"),
        about=f"#{line(pull, 'number')}",
    )


def _release(body: Any) -> Said:
    release = at(body, "release")
    tag = line(release, "tag_name")
    name = line(release, "name")
    return _said(
        body,
        f"{_who(body)} {_action(body)} release {tag}{f' “{name}”' if name and name != tag else ''}",
        _excerpt(words(release, "body")) if _action(body) in ("published", "released") else "",
        link=url(release, "html_url"),
        about=f"release {tag}",
    )


def _run(key: str, kind: str) -> Callable[[Any], Said]:
    """A workflow run, a check run, a check suite: what is said of one commit is one thread."""

    def said(body: Any) -> Said:
        run = at(body, key)
        name = line(run, "name") or line(body, "workflow", "name") or line(run, "app", "name") or kind
        result = line(run, "conclusion") or line(run, "status") or _action(body)
        branch = line(run, "head_branch") or line(run, "check_suite", "head_branch")
        sha = line(run, "head_sha")
        title = line(run, "display_title") or short(words(run, "head_commit", "message"), 100)
        return _said(
            body,
            f"{kind} {name}: {result.replace('_', ' ')}{f' on {branch}' if branch else ''}",
            joined(title, sha[:7], by=" · "),
            link=url(run, "html_url") or url(run, "details_url"),
            about=f"commit {sha}" if sha else "",
        )

    return said


def _ref(did: str) -> Callable[[Any], Said]:
    def said(body: Any) -> Said:
        kind = line(body, "ref_type") or "branch"
        return _said(body, f"{_who(body)} {did} {kind} {line(body, 'ref')}", link=url(body, "repository", "html_url"))

    return said


def _fork(body: Any) -> Said:
    link = url(body, "forkee", "html_url")
    return _said(body, f"{_who(body)} forked it to {line(body, 'forkee', 'full_name')}", link=link)


def _star(body: Any) -> Said:
    did = "took back a star" if _action(body) == "deleted" else "starred it"
    stars = line(body, "repository", "stargazers_count")
    return _said(body, f"{_who(body)} {did}{f' ({stars} stars)' if stars else ''}")


def _member(body: Any) -> Said:
    return _said(body, f"{_who(body)} {_action(body)} {_who(body, 'member')} as a collaborator")


def _alert(kind: str) -> Callable[[Any], Said]:
    def said(body: Any) -> Said:
        alert = at(body, "alert")
        advisory = at(alert, "security_advisory")
        package = line(alert, "dependency", "package", "name")
        severity = line(advisory, "severity") or line(alert, "rule", "severity")
        what = (
            line(advisory, "summary") or line(alert, "rule", "description") or line(alert, "secret_type_display_name")
        )
        return _said(
            body,
            joined(f"{kind} #{line(alert, 'number')} {_action(body)}:", severity, package, by=" "),
            what,
            link=url(alert, "html_url"),
            about=f"{kind} {line(alert, 'number')}",
        )

    return said


def _discussion(body: Any) -> Said:
    talk, comment = at(body, "discussion"), at(body, "comment")
    did = f"{_action(body)} discussion" if comment is None else "commented on discussion"
    return _said(
        body,
        f"{_who(body)} {did} {_titled(talk)}",
        _excerpt(words(comment, "body") or words(talk, "body")),
        link=url(comment, "html_url") or url(talk, "html_url"),
        about=f"#{line(talk, 'number')}",
    )


def _deployment_status(body: Any) -> Said:
    status, deployment = at(body, "deployment_status"), at(body, "deployment")
    place = line(deployment, "environment") or line(status, "environment")
    return _said(
        body,
        f"Deployment to {place}: {line(status, 'state')}",
        line(status, "description"),
        link=url(status, "environment_url") or url(status, "target_url"),
        about=f"deployment {line(deployment, 'id')}",
    )


def _status(body: Any) -> Said:
    sha = line(body, "sha")
    what = f"{line(body, 'context')}: {line(body, 'state')}"
    return _said(body, what, line(body, "description"), link=url(body, "target_url"), about=f"commit {sha}")


def _commit_comment(body: Any) -> Said:
    comment = at(body, "comment")
    sha = line(comment, "commit_id")
    what = f"{_who(body)} commented on commit {sha[:7]}"
    return _said(body, what, _excerpt(words(comment, "body")), link=url(comment, "html_url"), about=f"commit {sha}")


def _unknown(event: str) -> Callable[[Any], Said]:
    def said(body: Any) -> Said:
        action = line(body, "action").replace("_", " ")
        what = joined(event.replace("_", " ") or "an event", action, by=" ")
        return _said(body, f"{_who(body)}: {what}", link=url(body, "repository", "html_url"))

    return said


EVENTS: dict[str, Callable[[Any], Said]] = {
    "ping": _ping,
    "push": _push,
    "issues": _issues,
    "issue_comment": _issue_comment,
    "pull_request": _pull_request,
    "pull_request_review": _review,
    "pull_request_review_comment": _review_comment,
    "release": _release,
    "workflow_run": _run("workflow_run", "Workflow"),
    "check_run": _run("check_run", "Check"),
    "check_suite": _run("check_suite", "Checks"),
    "workflow_job": _run("workflow_job", "Job"),
    "create": _ref("created"),
    "delete": _ref("deleted"),
    "fork": _fork,
    "star": _star,
    "watch": _star,
    "member": _member,
    "dependabot_alert": _alert("Dependabot alert"),
    "code_scanning_alert": _alert("Code scanning alert"),
    "secret_scanning_alert": _alert("Secret scanning alert"),
    "discussion": _discussion,
    "discussion_comment": _discussion,
    "deployment_status": _deployment_status,
    "status": _status,
    "commit_comment": _commit_comment,
}
