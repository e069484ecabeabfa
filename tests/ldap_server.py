"""OpenLDAP's slapd on loopback, with people and groups, TLS, and an authority of its own."""

import datetime
import ipaddress
import subprocess
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ldap3 import Connection
from servers import Server, free_port

SUFFIX = "dc=acme,dc=example"
ADMIN, PASSWORD = f"cn=admin,{SUFFIX}", "admin's password"
PEOPLE, GROUPS = f"ou=people,{SUFFIX}", f"ou=groups,{SUFFIX}"
CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
TLSCertificateFile cert.pem
TLSCertificateKeyFile key.pem
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw "{password}"
directory data
overlay memberof
"""


class Slapd(Server):
    """url: of ldaps; start_tls_url: where TLS is begun. ca: PEM of who vouches for it."""

    def __init__(self) -> None:
        super().__init__("slapd")
        self.tls_port = free_port()
        self.ca, cert, key = certificates()
        for name, text in (("cert.pem", cert), ("key.pem", key)):
            (self.folder / name).write_text(text)
        (self.folder / "data").mkdir()
        (self.folder / "slapd.conf").write_text(CONF.format(suffix=SUFFIX, admin=ADMIN, password=PASSWORD))
        tops = (f"dn: {SUFFIX}\nobjectClass: domain\ndc: acme\n", unit("people"), unit("groups"))
        self.load("\n".join(tops))

    @property
    def url(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"

    @property
    def start_tls_url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "bind_dn": ADMIN, "bind_password": PASSWORD, "base": PEOPLE, "ca": self.ca}

    @property
    def hosts(self) -> list[str]:
        return [f"127.0.0.1:{self.port}", f"127.0.0.1:{self.tls_port}"]

    def load(self, ldif: str) -> None:
        """Before it is started: thousands in a moment."""
        command = [self.program.with_name("slapadd"), "-q", "-f", "slapd.conf"]
        done = subprocess.run(command, input=ldif, text=True, cwd=self.folder, capture_output=True)
        assert done.returncode == 0, done.stderr

    def command(self) -> list[str]:
        listens = f"{self.start_tls_url} {self.url}"
        return [str(self.program), "-f", "slapd.conf", "-h", listens, "-d", "0"]

    def is_ready(self) -> bool:
        try:
            self.admin().unbind()
        except Exception:
            return False
        return True

    def admin(self) -> Connection:
        return Connection(f"ldap://127.0.0.1:{self.port}", ADMIN, PASSWORD, auto_bind=True)

    def add(self, dn: str, **attributes: Any) -> None:
        with self.admin() as connection:
            assert connection.add(dn, attributes=attributes), connection.result

    def add_group(self, name: str, *uids: str) -> None:
        """While it runs: only then it notes at people in which groups they are."""
        members = [dn_of(uid) for uid in uids]
        self.add(f"cn={name},{GROUPS}", objectClass="groupOfNames", cn=name, member=members)

    def delete(self, dn: str) -> None:
        with self.admin() as connection:
            assert connection.delete(dn), connection.result

    def set_members(self, group: str, dns: list[str]) -> None:
        with self.admin() as connection:
            assert connection.modify(f"cn={group},{GROUPS}", {"member": [("MODIFY_REPLACE", dns)]}), connection.result


def unit(name: str) -> str:
    return f"dn: ou={name},{SUFFIX}\nobjectClass: organizationalUnit\nou: {name}\n"


def dn_of(uid: str) -> str:
    return f"uid={uid},{PEOPLE}"


def person(uid: str, password: str = "", **more: str) -> str:
    """A person, as LDIF."""
    told = {"uid": uid, "cn": uid.title(), "sn": uid.title(), "mail": f"{uid}@acme.example"} | more
    lines = [f"dn: {dn_of(uid)}", "objectClass: inetOrgPerson", *(f"{name}: {one}" for name, one in told.items())]
    return "\n".join([*lines, *([f"userPassword: {password}"] if password else []), ""])


def certificates() -> tuple[str, str, str]:
    """(the authority, a certificate of it for 127.0.0.1, its key), as PEM."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Acme")])
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ldap")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    ca = _signed(ca_name, ca_key, ca_name, ca_key, x509.BasicConstraints(ca=True, path_length=0))
    cert = _signed(own, key, ca_name, ca_key, here)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(encoding, form, serialization.NoEncryption())
    return tuple(one.decode() for one in (ca.public_bytes(encoding), cert.public_bytes(encoding), secret))  # type: ignore[return-value]


def _signed(name: Any, key: Any, by: Any, by_key: Any, extension: Any) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(by).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=2))
    return made.add_extension(extension, critical=True).sign(by_key, hashes.SHA256())
