"""Simulated accounts: who may log in, what they hold, and their orders.

Every account trades with the simulated market and with nobody else.  Its orders
are *weightless*: they meet the flow's orders, but the flow, its book and its trades
stay what they would have been, so that all who watch the market see the same,
whoever trades.  `desk` does the trading of one account, `taking` and `resting` say
what its orders meet, `holdings` keeps its cash and positions in whole numbers, and
`accounts` is all of them as the exchange has them.
"""

from okxlab.simulator.accounts.account import Account, Fees

__all__ = ["Account", "Fees"]
