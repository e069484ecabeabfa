"""Debian's dovecot on loopback: maildirs read by IMAP, in which everybody has the same password."""

import imaplib
import shutil
from pathlib import Path

from servers import Server, free_port

CONF = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/home/%u mail=maildir:{maildirs}/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


class Dovecot(Server):
    """maildirs: a folder with one for each user. Only as root."""

    def __init__(self, maildirs: Path) -> None:
        super().__init__("dovecot-imapd")
        self.port = free_port()
        self.folder.chmod(0o755)  # its parts run as other users
        (self.folder / "home").mkdir()
        shutil.chown(self.folder / "home", "nobody")
        conf = CONF.format(folder=self.folder, maildirs=maildirs, port=self.port, password=self.password)
        (self.folder / "conf").write_text(conf)

    def command(self) -> list[str]:
        return [str(self.program), "-F", "-c", str(self.folder / "conf")]

    def is_ready(self) -> bool:
        try:
            imaplib.IMAP4("127.0.0.1", self.port, timeout=2).logout()
        except (OSError, imaplib.IMAP4.error):
            return False
        return True

    def log_in(self, user: str) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        client.login(user, self.password)
        client.select("INBOX")
        return client
