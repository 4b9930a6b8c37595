"""Spreads of the simulated market: two of its instruments against each other.

`listing` says which there are, `pricing` makes their price of those of their legs,
a `pit` for each lets random traders meet around it, `rows` writes what the wire
is told, the `board` holds them all and `calls` answers by REST.
"""
