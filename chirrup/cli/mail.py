"""`chirrup mail`: whether mails can be sent."""

import cyclopts

from .common import COMMON, Common, console

commands = cyclopts.App(name="mail", help="See whether mails can be sent.")


@commands.command
def test(address: str, *, common: Common = COMMON) -> None:
    """Send a test mail to ADDRESS now, and print what the mail server answers."""
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
    asyncio.run(mailer.send(made))
    if settings.mail:
        console.print(f"The mail server took a mail for {address}.")
    else:
        console.print(
            f"The mail lies in {settings.data / 'mail' / made.id}.eml: no mail server is set.", soft_wrap=True
        )
