"""Debian's postfix on loopback, in a folder of its own: takes mails, puts some into maildirs, passes others on."""

import pwd
import shutil
import smtplib
import subprocess
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path

from mail_server import read
from servers import Server, free_port

MAIN = """
compatibility_level = 3.7
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/maillog
maillog_file_prefixes = {folder}
inet_protocols = ipv4
myhostname = mx.example
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
alias_database =
virtual_mailbox_domains = {domains}
virtual_mailbox_maps = texthash:{folder}/mailboxes
virtual_mailbox_base = {folder}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
relay_domains = {passed}
transport_maps = texthash:{folder}/transport
message_size_limit = 41943040
smtpd_recipient_restrictions = permit_mynetworks
lmtp_send_xforward_command = yes
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 5 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix(Server):
    """mailboxes: addresses that have a maildir here. passed: domain -> port on loopback, by LMTP. Only as root."""

    def __init__(self, *mailboxes: str, passed: Mapping[str, int] | None = None) -> None:
        super().__init__("postfix")
        self.port = free_port()
        nobody, passed = pwd.getpwnam("nobody"), passed or {}
        domains = {one.rpartition("@")[2] for one in mailboxes}
        for name in ("queue", "data", "mail"):
            (self.folder / name).mkdir()
        self.folder.chmod(0o755)  # its parts run as other users
        shutil.chown(self.folder / "data", "postfix")
        shutil.chown(self.folder / "mail", "nobody")
        self._daemons = Path("/usr/lib/postfix/sbin")
        main = MAIN.format(
            folder=self.folder,
            daemons=self._daemons,
            domains=" ".join(domains),
            passed=" ".join(passed),
            uid=nobody.pw_uid,
            gid=nobody.pw_gid,
        )
        transport = "".join(f"{domain} lmtp:inet:127.0.0.1:{port}\n" for domain, port in passed.items())
        files = {"main.cf": main, "master.cf": MASTER.format(port=self.port), "transport": transport}
        files["mailboxes"] = "".join(f"{one} {one}/\n" for one in mailboxes)
        for name, text in files.items():
            (self.folder / name).write_text(text)
        command = [self.program, "-c", self.folder, "check"]  # makes the folders of the queue
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def command(self) -> list[str]:
        return [str(self._daemons / "master"), "-c", str(self.folder), "-d"]

    def is_ready(self) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=2):
                return True
        except (OSError, smtplib.SMTPException):
            return False

    def files(self, mailbox: str) -> list[Path]:
        """The mails in its maildir, the first that came first."""
        return sorted((self.folder / "mail" / mailbox).glob("[cn]*/*"), key=lambda file: file.stat().st_mtime_ns)

    def mails(self, mailbox: str) -> list[EmailMessage]:
        return [read(file.read_bytes()) for file in self.files(mailbox)]

    def flush(self) -> None:
        """Try again at once what waits."""
        subprocess.run(["postqueue", "-c", self.folder, "-f"], check=True, capture_output=True, timeout=60)

    def waits(self) -> bool:
        """Whether mails wait that could not be passed on yet."""
        command = ["postqueue", "-c", self.folder, "-j"]
        return bool(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout.strip())

    @property
    def maillog(self) -> str:
        return (self.folder / "maillog").read_text()
