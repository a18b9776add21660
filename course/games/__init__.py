"""Games that an agent learns: vector environments in which N copies play side by side.

making    CartPole and Pong by name, and the examination of an agent
probes    tiny worlds that isolate one failure each
"""

from course.games.making import GAMES, PONG_PROTOCOL, Pong, evaluate, make, play

__all__ = ["GAMES", "PONG_PROTOCOL", "Pong", "evaluate", "make", "play"]
