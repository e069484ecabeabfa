"""Streams of public posts with certain words: actions/matcher.py."""

from stream.town import Town, update

from chirrup.social import follows
from chirrup.types import Visibility


async def test_a_track_carries_the_public_posts_with_its_words_also_those_that_were_missed(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    await town.settled()
    socket = await town.listen(bob, "track", track="bread cake,#bakery")
    lines = await town.events("track", await town.token(bob), track="bread cake,#bakery")

    both = await town.say(ann, "Cake, or BREAD?")
    for text, how in (("bread", {}), ("bread and cake", {"visibility": Visibility.FOLLOWERS}), ("bakery", {})):
        await town.say(ann, text, **how)
    tagged = await town.say(ann, "at the #Bakery")
    assert (
        [await socket.event() for _ in range(2)]
        == [await lines.event() for _ in range(2)]
        == [*map(update, (both, tagged))]
    )

    lines.drop()
    await town.say(ann, "tea")
    missed = await town.say(ann, "bread, cake")
    again = await town.events("track", await town.token(bob), lines.last, track="bread cake,#bakery")
    assert await again.event() == update(missed)
    assert await socket.event() == update(missed)
    await socket.ask(stream="track", track="!")
    refused = await socket.next()
    assert refused["status"] == 422 and "at least one word" in refused["error"]
