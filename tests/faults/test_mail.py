"""The mail server is away, and the server is killed while it sends: every mail comes, and at most twice. R12."""

import signal
from collections import Counter
from pathlib import Path

from client import Server, eventually
from mail_folder import path_in
from mail_server import mail_server, text_of
from servers import free_port
from visitor import Visitor

AT_ONCE = 4  # mails that are being sent


def test_mails_wait_for_the_mail_server_and_a_kill_loses_none(tmp_path: Path):
    port = free_port()
    env = {"CHIRRUP_MAIL": f"smtp://127.0.0.1:{port}", "COLUMNS": "300"}  # tables are not wrapped
    with Server(tmp_path / "data", env=env) as server:
        persons, author = [server.person() for _ in range(24)], server.person()
        people, said = [f"{one.name}@example.com" for one in persons], set[str]()
        for one in persons:
            assert one.patch("/api/chirrup/v1/mail/prefs", mode="all").ok
            said.add(f"<p.{author.say(f'@{one.name} hello')['id']}@localhost>")
        visitor = Visitor(server.url)
        for email in people:
            assert visitor.post("/forgot", csrf_from="/forgot", email=email).status_code == 200
        eventually(lambda: "took no mail" in server.command("jobs", "--kind", "mail_reset"), within_s=20)
        server.stop(signal.SIGKILL)

        with mail_server(port=port) as outside:
            server.start()
            server.command("jobs", "--retry", "--state", "waiting", "--limit", "100")
            eventually(lambda: len(outside.mails) >= 3, within_s=20)
            server.stop(signal.SIGKILL)
            server.start()
            eventually(lambda: {mail["To"] for mail in outside.mails} >= set(people), within_s=30)
            eventually(lambda: "mail_" not in server.command("jobs"), within_s=30)

            told = Counter(
                mail["Message-ID"] for mail in outside.mails if mail["References"] or "hello" in mail["Subject"]
            )
            assert told.keys() == said  # none is lost, and of two a mail program shows one
            assert max(told.values()) <= 2
            assert told.total() <= len(said) + AT_ONCE
            links = [mail for mail in outside.mails if mail["Message-ID"] not in said]
            came = Counter(mail["To"] for mail in links)
            assert came.keys() == set(people)
            assert max(came.values()) <= 2
            assert came.total() <= len(people) + AT_ONCE
            newest = {mail["To"]: path_in(text_of(mail)) for mail in links}
            assert {visitor.get(path).status_code for path in newest.values()} == {200}
