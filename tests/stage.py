"""An author with posts for different audiences, and accounts with every relationship to the author."""

from typing import Any, NamedTuple

from client import Person, Server, eventually
from visitor import Visitor, logged_in

VISIBILITIES = ("public", "unlisted", "private", "direct")
NOBODY = "anonymous"
FOLLOWING = ("follower", "friend", "ex_follower", "removed", "blocked", "muter")  # at first
PEOPLE = (*FOLLOWING, "stranger", "pending", "mentioned", "blocker", "author", "admin")
VIEWERS = (NOBODY, *PEOPLE)


class Said(NamedTuple):
    """One post of the author's. kind: plain, thread (below plain), reply (to another's post), boost (of plain)."""

    kind: str
    visibility: str
    id: str
    poll_id: str
    word: str  # a word that no other post has


class Stage:
    """friend: a follower who is mentioned. removed: a follower whom the author removed. blocked: was a friend before.
    muter: a follower who mutes the author. blocker: blocks the author.

    At first, everybody favourited and bookmarked all posts they could see. Then some relationships ended.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self.people = {name: server.admin() if name == "admin" else server.person() for name in PEOPLE}
        self.people[NOBODY] = server.anyone()
        self.author = self.people["author"]
        self.other = server.person()
        self.tag = f"tag{self.author.id}"
        self.link = f"http://{self.tag}.example/"
        self.lists: dict[str, str] = {}
        self.announced = False  # announcements that link to what the author said
        self.said: list[Said] = []
        self._visitors: dict[str, Visitor] = {}
        self._gather()
        self.root = self.other.say("what all may answer")["id"]
        for visibility in VISIBILITIES:
            self._speak(visibility)
        self.notified = {name: self._notifications(name) for name in ("friend", "mentioned", "blocked")}
        self.talks = {name: self._talks(name) for name in ("friend", "mentioned", "blocked", "author")}
        self._mark()
        self.report = self._report()
        self._part()

    def visitor(self, name: str) -> Visitor:
        """The browser of this account."""
        if name not in self._visitors:
            known = name != NOBODY
            self._visitors[name] = logged_in(self.server, self.people[name]) if known else Visitor(self.server.url)
        return self._visitors[name]

    def _gather(self) -> None:
        self._change(indexable=True)
        for name in FOLLOWING:
            person = self.people[name]
            assert person.follow(self.author)["following"]
            self.lists[name] = person.post("/api/v1/lists", title="authors").json()["id"]
            assert person.post(f"/api/v1/lists/{self.lists[name]}/accounts", account_ids=[self.author.id]).ok
        self._change(locked=True)
        assert self.people["pending"].follow(self.author)["requested"]

    def _change(self, **profile: Any) -> None:
        assert self.author.patch("/api/v1/accounts/update_credentials", **profile).ok

    def _speak(self, visibility: str) -> None:
        poll = {"options": ["a", "b"], "expires_in": 3600}
        plain = self._say("plain", visibility, poll=poll)
        self._say("thread", visibility, in_reply_to_id=plain.id)
        self._say("reply", visibility, in_reply_to_id=self.root)
        text = self._text(plain.word) + " edited"
        assert self.author.put(f"/api/v1/statuses/{plain.id}", status=text, poll=poll).ok
        if visibility != "direct":
            assert self.author.post(f"/api/v1/statuses/{plain.id}/pin").ok
            boost = self.author.post(f"/api/v1/statuses/{plain.id}/reblog").json()
            self.said.append(Said("boost", visibility, boost["id"], "", plain.word))

    def _say(self, kind: str, visibility: str, **more: Any) -> Said:
        word = f"{kind}{visibility}{self.author.id}"
        made = self.author.say(self._text(word), visibility=visibility, **more)
        said = Said(kind, visibility, made["id"], (made["poll"] or {}).get("id", ""), word)
        self.said.append(said)
        return said

    def _text(self, word: str) -> str:
        mentions = " ".join(f"@{self.people[name].name}" for name in ("friend", "mentioned", "blocked"))
        return f"{word} #{self.tag} {mentions} {self.link}"

    def _notifications(self, name: str) -> dict[str, str]:
        """post -> notification, once all have arrived."""
        mine = {said.id for said in self.said if said.kind != "boost"}

        def notified() -> dict[str, str]:
            found = self.people[name].get("/api/v1/notifications", limit=80).json()
            return {one["status"]["id"]: one["id"] for one in found if one["type"] == "mention"}

        eventually(lambda: notified().keys() >= mine)
        return notified()

    def _talks(self, name: str) -> dict[str, str]:
        """last post -> conversation."""

        def found() -> dict[str, str]:
            return {
                one["last_status"]["id"]: one["id"] for one in self.people[name].get("/api/v1/conversations").json()
            }

        last = {said.id for said in self.said if said.visibility == "direct" and said.kind in ("thread", "reply")}
        eventually(lambda: found().keys() >= last)
        return found()

    def _mark(self) -> None:
        for name in PEOPLE:
            for said in self.said:
                for mark in ("favourite", "bookmark"):
                    self.people[name].post(f"/api/v1/statuses/{said.id}/{mark}")

    def _report(self) -> str:
        """By friend, who can see all that the author said."""
        posts = [said.id for said in self.said]
        return self.people["friend"].post("/api/v1/reports", account_id=self.author.id, status_ids=posts).json()["id"]

    def _part(self) -> None:
        def relate(who: Person, verb: str, whom: Person) -> None:
            assert who.post(f"/api/v1/accounts/{whom.id}/{verb}").ok

        relate(self.people["ex_follower"], "unfollow", self.author)
        relate(self.author, "remove_from_followers", self.people["removed"])
        relate(self.author, "block", self.people["blocked"])
        relate(self.people["muter"], "mute", self.author)
        relate(self.people["blocker"], "block", self.author)
