"""`chirrup demo`: a small invented network, made with the product's own operations."""

from rich.console import Console

from .access.passwords import Passwords
from .ports import Database, Tx
from .social import accounts, follows, posts, reactions
from .store import accounts as account_rows
from .types import Draft, PollDraft, Visibility

PASSWORD = "chirrup-demo"
PEOPLE = {
    "ann": ("Ann Baker", "Bread at six, gossip at seven. The bakery on Market Square."),
    "bob": ("Bob", "Train driver. Photographs bridges."),
    "carla": ("Carla Núñez", "Teaches physics, grows tomatoes."),
    "dev": ("Dev", "I fix what the town council breaks. #opendata"),
    "elif": ("Elif Yılmaz", "Runs slowly, reads fast."),
    "farid": ("فريد", "قهوة وكتب"),
    "goro": ("ゴロー", "町の図書館で働いています。"),
    "town": ("Town Hall", "News of the council. Please be kind to the intern."),
}
FOLLOWS = {
    "ann": "bob carla elif town",
    "bob": "ann dev town goro",
    "carla": "ann bob dev elif town",
    "dev": "ann bob carla elif farid goro town",
    "elif": "ann carla dev farid",
    "farid": "elif goro ann",
    "goro": "farid bob carla",
    "town": "ann dev",
}


def fill(db: Database, console: Console) -> None:
    """Make the network unless it exists, and print how to log in."""
    if not db.write_now(account_rows.ids_by_names, ["ann"]):
        db.write_now(_make, Passwords().hash(PASSWORD))
    console.print(f"A town to look at: log in as ann@town.example with the password [bold]{PASSWORD}[/].")


def _make(tx: Tx, password_hash: str) -> None:
    ids = {name: _person(tx, name, password_hash) for name in PEOPLE}
    for name, followees in FOLLOWS.items():
        for followee in followees.split():
            follows.follow(tx, ids[name], ids[followee])

    def say(name: str, words: str, **how: object) -> int:
        return posts.publish(tx, ids[name], Draft(text=words, **how)).id  # pyright: ignore[reportArgumentType]

    market = say("town", "The market moves to the station square this Saturday: the old one gets new paving. #market")
    reply = say("ann", "@town For how long? I have ovens to plan.", reply_to_id=market)
    say("town", "@ann Two weekends, the engineer says. Three, says the intern.", reply_to_id=reply)
    sunrise = say(
        "bob", "06:12, the fog lifts off the river exactly as the first train crosses. Worth every alarm clock."
    )
    say("elif", "@bob Next time wake me too!", reply_to_id=sunrise)
    say(
        "carla",
        "Tomato report: eleven. The slugs report: also eleven.",
        summary="Gardening, strong language from the slugs",
    )
    say("farid", "صباح الخير من المقهى ☕️")
    say("goro", "今日の新着は「小さな町の大きな地図」です。 #図書館")
    poll = PollDraft(["Yes, at noon", "Yes, in the evening", "Only with cake"], 3 * 24 * 3600)
    cake = say("dev", "Open data meet-up next week? #opendata", poll=poll)
    say("ann", "@dev I can bring the cake, so that settles it.", reply_to_id=cake)
    say("dev", "Note to self: the budget sheet has two rows for 'misc'.", visibility=Visibility.FOLLOWERS)
    for name in ("ann", "carla", "dev"):
        reactions.favourite(tx, ids[name], sunrise)
    for name in ("bob", "elif"):
        reactions.boost(tx, ids[name], market)


def _person(tx: Tx, name: str, password_hash: str) -> int:
    display_name, note = PEOPLE[name]
    account = accounts.create(tx, accounts.SignUp(name, f"{name}@town.example", password_hash))
    accounts.change_profile(tx, account.id, accounts.ProfileChange(display_name=display_name, note=note))
    return account.id
