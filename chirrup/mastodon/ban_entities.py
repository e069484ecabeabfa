"""What staff keep out, in Mastodon's words: https://docs.joinmastodon.org/entities/Admin_DomainBlock/ and so on."""

from .entities import Entity, Id


class AdminDomainBlock(Entity, kw_only=True):
    id: Id
    domain: str
    digest: str  # SHA-256 of the domain
    created_at: str
    severity: str
    reject_media: bool
    reject_reports: bool
    private_comment: str | None
    public_comment: str | None
    obfuscate: bool


class DomainBlockRefused(Entity, kw_only=True):
    error: str
    existing_domain_block: AdminDomainBlock


class AdminDomainAllow(Entity, kw_only=True):
    id: Id
    domain: str
    created_at: str


class TriesOfDay(Entity, kw_only=True):
    day: str  # its beginning, in seconds since 1970
    accounts: str
    uses: str


class AdminEmailDomainBlock(Entity, kw_only=True):
    id: Id
    domain: str
    created_at: str
    history: list[TriesOfDay]


class AdminIpBlock(Entity, kw_only=True):
    id: Id
    ip: str
    severity: str
    comment: str
    created_at: str
    expires_at: str | None


class AdminCanonicalEmailBlock(Entity, kw_only=True):
    id: Id
    canonical_email_hash: str
