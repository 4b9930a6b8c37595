"""Private channels that have no basis in the simulated market: scripted stories.

Algo orders, trading bots, copy trading, block trades, orders of spreads, deposits
and withdrawals are not simulated.  What their channels push are *stories*, told
again and again: a trigger order that waits and takes effect, a grid that runs and is
stopped, a request for quotes that is filled.  `story` says what a story is, the
modules beside it hold the stories as tables, and `stories` tells them.

A story follows from the seed of the market, the account, and virtual time alone.
Its prices are near those of the market and its numbers fit each other, but it stands
*beside* the account: it moves no money of it, and none of its orders is among the
account's own.
"""
