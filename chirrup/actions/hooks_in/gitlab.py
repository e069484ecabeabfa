"""GitLab's webhooks (https://docs.gitlab.com/user/project/integrations/webhook_events). An event without a line here is
said by its name. What is said of one issue, merge request or pipeline is one thread.
"""

from collections.abc import Callable
from typing import Any

from .incoming import Incoming, Read, Said, at, items, joined, line, short, url, words

COMMITS = 5
BODY_CHARS = 280
_ZERO = "0" * 40
_DID = {
    "open": "opened",
    "close": "closed",
    "reopen": "reopened",
    "update": "changed",
    "merge": "merged",
    "approved": "approved",
    "approval": "approved",
    "unapproved": "took back the approval of",
    "unapproval": "took back the approval of",
    "create": "created",
    "delete": "deleted",
}


def fits(incoming: Incoming) -> bool:
    body = incoming.body
    is_gitlabs = "x-gitlab-event" in incoming.headers
    return is_gitlabs or (bool(line(body, "object_kind")) and at(body, "project") is not None)


def read(incoming: Incoming) -> Read:
    body = incoming.body
    kind = line(body, "object_kind") or line(body, "event_name") or line(body, "event_type")
    said = EVENTS.get(kind, _unknown)(body)
    return Read(
        (said,), id=incoming.headers.get("x-gitlab-event-uuid", "") or incoming.headers.get("idempotency-key", "")
    )


def _project(body: Any) -> str:
    return line(body, "project", "path_with_namespace") or line(body, "project", "name") or "GitLab"


def _who(body: Any) -> str:
    return line(body, "user", "name") or line(body, "user_name") or line(body, "user", "username") or "somebody"


def _said(body: Any, what: str, *more: str, link: str = "", about: str = "") -> Said:
    text = joined(f"[{_project(body)}] {what}", *more, link)
    return Said(text, link, (f"{_project(body)} {about}",) if about else ())


def _excerpt(text: str) -> str:
    whole = " ".join(text.split())
    return whole if len(whole) <= BODY_CHARS else whole[: BODY_CHARS - 1].rstrip() + "…"


def _did(body: Any) -> str:
    action = line(body, "object_attributes", "action") or line(body, "object_attributes", "state")
    return _DID.get(action, action or "changed")


def _push(body: Any) -> Said:
    ref = line(body, "ref")
    name = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    commits, total = items(body, "commits"), line(body, "total_commits_count")
    many = total or str(len(commits))
    if line(body, "after") == _ZERO:
        return _said(body, f"{_who(body)} deleted {kind} {name}")
    shown = [
        f"• {short(line(one, 'title') or words(one, 'message'), 100)} ({line(one, 'author', 'name')})"
        for one in commits[-COMMITS:]
    ]
    begun = kind == "tag" or (line(body, "before") == _ZERO and not commits)
    did = f"created {kind} {name}" if begun else f"pushed {many} commit{'' if many == '1' else 's'} to {name}"
    link = (url(commits[-1], "url") if commits else "") or url(body, "project", "web_url")
    return _said(body, f"{_who(body)} {did}", *shown, link=link)


def _issue(body: Any) -> Said:
    one, did = at(body, "object_attributes"), _did(body)
    kind = (line(one, "type") or "issue").lower()
    number = line(one, "iid")
    text = _excerpt(words(one, "description")) if did == "opened" else ""
    what = f"{_who(body)} {did} {kind} #{number} {line(one, 'title')}"
    return _said(body, what, text, link=url(one, "url"), about=f"#{number}")


def _merge_request(body: Any) -> Said:
    one, did = at(body, "object_attributes"), _did(body)
    number = line(one, "iid")
    branches = joined(line(one, "source_branch"), line(one, "target_branch"), by=" → ")
    text = joined(branches, _excerpt(words(one, "description"))) if did == "opened" else ""
    what = f"{_who(body)} {did} merge request !{number} {line(one, 'title')}"
    return _said(body, what, text, link=url(one, "url"), about=f"!{number}")


def _note(body: Any) -> Said:
    note = at(body, "object_attributes")
    merge, issue = at(body, "merge_request"), at(body, "issue")
    if merge is not None:
        on, about = f"merge request !{line(merge, 'iid')} {line(merge, 'title')}", f"!{line(merge, 'iid')}"
    elif issue is not None:
        on, about = f"issue #{line(issue, 'iid')} {line(issue, 'title')}", f"#{line(issue, 'iid')}"
    elif at(body, "snippet") is not None:
        on, about = f"snippet {line(body, 'snippet', 'title')}", ""
    else:
        on, about = f"commit {line(body, 'commit', 'id')[:7]}", f"commit {line(body, 'commit', 'id')}"
    text = _excerpt(words(note, "note"))
    return _said(body, f"{_who(body)} commented on {on}", text, link=url(note, "url"), about=about)


def _pipeline(body: Any) -> Said:
    one = at(body, "object_attributes")
    id, project = line(one, "id"), url(body, "project", "web_url")
    merge = line(body, "merge_request", "iid")
    what = f"Pipeline #{id}: {line(one, 'status')} on {line(one, 'ref')}"
    failed = [line(job, "name") for job in items(body, "builds") if line(job, "status") == "failed"]
    link = url(one, "url") or (f"{project}/-/pipelines/{id}" if project else "")
    more = short(words(body, "commit", "title") or words(body, "commit", "message"), 100)
    about = f"!{merge}" if merge else f"pipeline {id}"
    return _said(body, what, f"failed: {', '.join(failed[:5])}" if failed else "", more, link=link, about=about)


def _job(body: Any) -> Said:
    id = line(body, "pipeline_id")
    project = url(body, "project", "web_url") or url(body, "repository", "homepage")
    link = f"{project}/-/jobs/{line(body, 'build_id')}" if project else ""
    name = joined(line(body, "build_stage"), line(body, "build_name"), by=" ")
    what = f"Job {name}: {line(body, 'build_status')} on {line(body, 'ref')}"
    return _said(body, what, line(body, "build_failure_reason"), link=link, about=f"pipeline {id}" if id else "")


def _deployment(body: Any) -> Said:
    what = f"Deployment to {line(body, 'environment')}: {line(body, 'status')}"
    link = url(body, "environment_external_url") or url(body, "deployable_url")
    more = short(words(body, "commit_title"), 100)
    return _said(body, what, more, link=link, about=f"deployment {line(body, 'deployment_id')}")


def _release(body: Any) -> Said:
    tag, name = line(body, "tag"), line(body, "name")
    action = line(body, "action")
    what = f"Release {tag}{f' “{name}”' if name and name != tag else ''} was {_DID.get(action, action or 'made')}"
    return _said(body, what, _excerpt(words(body, "description")), link=url(body, "url"), about=f"release {tag}")


def _wiki(body: Any) -> Said:
    one = at(body, "object_attributes")
    return _said(body, f"{_who(body)} {_did(body)} wiki page {line(one, 'title')}", link=url(one, "url"))


def _unknown(body: Any) -> Said:
    kind = line(body, "object_kind") or line(body, "event_name") or line(body, "event_type") or "an event"
    what = joined(kind.replace("_", " "), line(body, "object_attributes", "action") or line(body, "action"), by=" ")
    link = url(body, "object_attributes", "url") or url(body, "project", "web_url")
    return _said(body, f"{_who(body)}: {what}", line(body, "object_attributes", "title"), link=link)


EVENTS: dict[str, Callable[[Any], Said]] = {
    "push": _push,
    "tag_push": _push,
    "issue": _issue,
    "work_item": _issue,
    "confidential_issue": _issue,
    "note": _note,
    "confidential_note": _note,
    "merge_request": _merge_request,
    "pipeline": _pipeline,
    "build": _job,
    "job": _job,
    "deployment": _deployment,
    "release": _release,
    "wiki_page": _wiki,
}
