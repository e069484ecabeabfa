"""Cookies of browsers in which an account has logged in before."""

from chirrup.access import browsers
from chirrup.access.signing import Signer

OURS, THEIRS = Signer(b"a" * 32), Signer(b"b" * 32)


def test_a_browser_is_known_to_the_accounts_that_used_it_last():
    cookie = ""
    for account_id in range(1, 8):
        cookie = browsers.remember(OURS, cookie, account_id)
        assert browsers.FORM.fullmatch(cookie)
    cookie = browsers.remember(OURS, cookie, 7)

    names = [browsers.known_as(OURS, cookie, account_id) for account_id in range(10)]
    assert [bool(name) for name in names] == [False] * 3 + [True] * 5 + [False] * 2
    assert len(set(names)) == 2


def test_nobody_can_make_one_up():
    cookie = browsers.remember(OURS, "", 1)
    name, sign = cookie.split(".")
    other = browsers.remember(OURS, "", 2)

    assert other.split(".")[0] != name
    for forged in ("", "a", name, f"{name}.{sign}.", f"{other.split('.')[0]}.{sign}", f"{name}.{'0' * 32}", cookie * 2):
        assert browsers.known_as(OURS, forged, 1) == ""
    assert browsers.known_as(THEIRS, cookie, 1) == ""
    assert browsers.known_as(OURS, browsers.remember(OURS, "broken", 1), 1)
