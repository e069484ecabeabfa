"""How often what guards access may be tried. Enforced where requests come in, through the Limits socket.

`by` says what the count is kept for: "ip" (IPv6: its /64), "account" (who is being logged in to, acted as, or, when
nobody has that name, the name tried), "address" (the e-mail address a mail would go to).
"""

import msgspec


class Limit(msgspec.Struct, frozen=True):
    name: str
    by: str
    amount: int
    per_s: int


LOGIN = (Limit("login_account", "account", 10, 300), Limit("login_ip", "ip", 25, 300))
PASSWORD_CHANGE = (Limit("password_account", "account", 10, 300), Limit("password_ip", "ip", 25, 300))
RESET = (
    Limit("reset_address", "address", 5, 1800),
    Limit("reset_account", "account", 5, 1800),
    Limit("reset_ip", "ip", 25, 1800),
)
CONFIRMATION = (
    Limit("confirmation_address", "address", 5, 1800),
    Limit("confirmation_account", "account", 5, 1800),
    Limit("confirmation_ip", "ip", 25, 1800),
)
FOLLOW_LINK = (Limit("link_ip", "ip", 25, 300),)  # each try of a reset form costs a hash
SIGN_UP = (Limit("sign_up_ip", "ip", 5, 1800),)
REGISTER_APP = (Limit("app_ip", "ip", 30, 600),)
TOKEN = (Limit("token_ip", "ip", 100, 300),)
ALL = (*LOGIN, *PASSWORD_CHANGE, *RESET, *CONFIRMATION, *FOLLOW_LINK, *SIGN_UP, *REGISTER_APP, *TOKEN)
