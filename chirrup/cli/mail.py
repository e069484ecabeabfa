"""`chirrup mail`: whether mails can be sent, and the key that signs them."""

import cyclopts

from ..config import Settings
from .common import COMMON, Common, console

commands = cyclopts.App(name="mail", help="See whether mails can be sent, and sign them.")


@commands.command
def test(address: str, *, common: Common = COMMON) -> None:
    """Send a test mail to ADDRESS now, and print each step and what the mail server answers."""
    import asyncio
    import secrets
    import time

    from .. import folder
    from ..app import open_mailer
    from ..mail import message

    settings = common.settings()
    folder.prepare(settings)
    head = message.letterhead(settings)
    mailer = open_mailer(settings)
    words = message.Words(
        f"A mail from {head.title}",
        (f"{head.url} can send you mail: this one was sent with `chirrup mail test`.",),
    )
    made = message.compose(head, address, words, id=f"test-{secrets.token_hex(8)}", now_ms=int(time.time() * 1000))
    console.print(f"1. It is from {head.sender_name} <{head.sender}> to {address}.", soft_wrap=True, highlight=False)
    console.print(f"2. {_signature(settings, head.sender)}", soft_wrap=True, highlight=False)
    if settings.mail:
        console.print(f"3. Connected: {asyncio.run(mailer.check())}.", soft_wrap=True, highlight=False)
    asyncio.run(mailer.send(made))
    if settings.mail:
        console.print(f"4. The mail server took a mail for {address}: now it delivers it, or sends it back.")
        console.print("If it does not come, look into the folder for spam, and into the mail server's log.")
    else:
        console.print(
            f"3. The mail lies in {settings.data / 'mail' / made.id}.eml: no mail server is set.", soft_wrap=True
        )


def _signature(settings: Settings, sender: str) -> str:
    """Whether it will be believed, in a sentence."""
    from ..mail import dkim

    if not settings.mail:
        return "It is not signed: nobody sends it."
    if dkim.find(settings) is None:
        return "It is not signed by this server: make a key with `chirrup mail dkim`, unless the mail server signs."
    return f"It is signed for {sender.rpartition('@')[2]}, with the key {dkim.SELECTOR}._domainkey."


@commands.command
def dkim(*, common: Common = COMMON) -> None:
    """Make the key that signs mails, if there is none, and print the record that DNS must have."""
    from .. import folder
    from ..mail import dkim, message

    settings = common.settings()
    folder.prepare(settings)
    domain = message.letterhead(settings).sender.rpartition("@")[2]
    was_there = dkim.find(settings) is not None
    key = dkim.make(settings)
    console.print(f"The key is {dkim.path(settings)}; keep it secret, and in your copies.", soft_wrap=True)
    console.print("DNS must have this TXT record, in strings of 255 characters at most:", soft_wrap=True)
    strings = " ".join(f'"{part}"' for part in dkim.strings(key.record))
    console.print(f"\n{dkim.SELECTOR}._domainkey.{domain}. TXT {strings}\n", soft_wrap=True, highlight=False)
    if not was_there:
        console.print("Mails are signed once the server has been restarted; set the record before that.")
    console.print("`chirrup doctor` looks whether DNS has it.")
