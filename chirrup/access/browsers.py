"""Browsers in which an account has logged in before. They have a signed cookie and a login limit of their own.

So a person who guesses passwords elsewhere cannot lock the owner out:
https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

import re
import secrets

from .signing import Signer

LIFE_S = 365 * 24 * 60 * 60
ACCOUNTS_MAX = 5  # remembered in one browser
FORM = re.compile(r"[A-Za-z0-9_-]{22}(?:\.[0-9a-f]{32}){1,5}")  # the browser's name, and a signature for each account


def known_as(signer: Signer, cookie: str, account_id: int) -> str:
    """The browser's name, if account_id has logged in with it before; else ""."""
    name, *signs = cookie.split(".")
    if not account_id or not FORM.fullmatch(cookie):
        return ""
    return name if any(signer.fits(_said(name, account_id), sign) for sign in signs) else ""


def remember(signer: Signer, cookie: str, account_id: int) -> str:
    """The cookie for a browser in which account_id has just logged in. cookie: its old one, or ""."""
    name, *signs = cookie.split(".") if FORM.fullmatch(cookie) else [secrets.token_urlsafe(16)]
    sign = signer.sign(_said(name, account_id))
    kept = [one for one in signs if one != sign][-(ACCOUNTS_MAX - 1) :]
    return ".".join([name, *kept, sign])


def _said(name: str, account_id: int) -> str:
    return f"browser {name} of {account_id}"
