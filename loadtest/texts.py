"""What the callers have said to them: the same texts for the same seed."""

import random

SENTENCES = (
    "Your parcel left the depot this morning and will be with you before noon.",
    "The next train to the coast leaves from platform four in twelve minutes.",
    "Thank you for waiting, I have found the booking under your name.",
    "The doctor can see you on Tuesday at half past nine, or on Friday after lunch.",
    "I am afraid that the blue one is sold out, but we expect it again next week.",
    "Please hold the line while I put you through to somebody who can help.",
    "The kitchen closes at ten, and the bar stays open until midnight.",
    "You can return it to any of our shops within thirty days.",
    "The water will be turned off between two and four in the afternoon.",
    "That comes to forty euros and sixty cents, including the delivery.",
    "Turn left after the bridge, and you will see the station on your right.",
    "I have sent the code to your telephone, so please read it out to me.",
)
#: A turn lasts about eight seconds: that is how long people let somebody talk.
SENTENCES_PER_TURN = 2


def turn_text(rng: random.Random) -> str:
    """Return what is said in one turn."""
    return " ".join(rng.sample(SENTENCES, SENTENCES_PER_TURN))


def long_text(max_chars: int) -> str:
    """Return a text of `max_chars` characters: many minutes of speech."""
    everything = " ".join(SENTENCES) + " "
    return (everything * (max_chars // len(everything) + 1))[:max_chars]
