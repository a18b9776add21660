"""Games that an agent learns: vector environments in which N copies play side by side.

making    CartPole and Pong, by name
pong      Pong from its pixels, cut to what matters
exam      how an agent is examined
probes    tiny worlds that isolate one failure each
"""

from course.games.exam import evaluate, play, states
from course.games.making import GAMES, make
from course.games.pong import PONG_PROTOCOL, Pong

__all__ = ["GAMES", "PONG_PROTOCOL", "Pong", "evaluate", "make", "play", "states"]
