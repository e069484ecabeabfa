"""What waits for staff: a report with posts, an appeal, a sign-up. For tests of their pages."""

import secrets

from client import Person, Server

from chirrup.social import accounts, mails_in

API = "/api/v1"


def warned(boss: Person, person: Person, action: str = "none", words: str = "Behave") -> str:
    """One of the staff has done this; the id of the strike that it is."""
    made = boss.post(f"{API}/admin/accounts/{person.id}/action", type=action, text=words)
    assert made.ok, made.text
    return person.get("/api/chirrup/v1/strikes").json()[0]["id"]


class Docket:
    """Staff's is boss; bad was reported by good, and warned before, against which bad has appealed."""

    def __init__(self, server: Server, boss: Person) -> None:
        self.server, self.boss = server, boss
        self.good, self.bad = server.person(), server.person()
        self.posts = [self.bad.say(f"{word} spam")["id"] for word in ("first", "second")]
        self.secret = self.bad.say(f"@{self.good.name} psst", visibility="direct")["id"]
        told = {"status_ids": [*self.posts, self.secret], "comment": "Look\nat this", "category": "spam"}
        self.report = self.good.post(f"{API}/reports", account_id=self.bad.id, **told).json()["id"]
        self.strike = warned(boss, self.bad)
        assert self.bad.post(f"/api/chirrup/v1/strikes/{self.strike}/appeal", text="But I did").ok
        self.newcomer = f"new{secrets.token_hex(4)}"
        wanted = accounts.SignUp(
            self.newcomer, f"{self.newcomer}@example.com", "-", pending=True, reason="I like birds", ip="192.0.2.1"
        )
        self.newcomer_id = str(server.do(lambda engines: engines.db.write(accounts.create, wanted)).id)
        arrived = mails_in.Arrived(int(self.bad.id), 0, self.newcomer, "bad@example.com", "", "Bread at six", "")
        held = server.do(lambda engines: engines.db.write(mails_in.hold, arrived, "No signature fits it.", b"psst"))
        self.mail = str(held.id)

    def path(self, route: str) -> str:
        """The address of a page of staff's, with what is here in it."""
        verb = route.rsplit("/", 1)[1]
        account = self.newcomer_id if verb in ("reject", "approve") else self.bad.id
        ids = {"/admin/reports/": self.report, "/admin/accounts/": account, "/admin/appeals/": self.strike}
        ids["/admin/mails/"] = self.mail
        return next((route.replace("{id}", id) for start, id in ids.items() if route.startswith(start)), route)
