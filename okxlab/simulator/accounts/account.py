"""Who may log in to the simulator, and what they begin with."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from okxlab.protocol.auth import Credentials
from okxlab.simulator.accounts.money import ONE, amount

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Account", "Fees"]

PosMode = Literal["net_mode", "long_short_mode"]

_BALANCES = {"USDT": "100000", "BTC": "1"}
_RATE_PLACES = 10**12
"""A fee rate is a whole number of these parts of `ONE`: eight decimal places."""
_MOST_LEVERAGE = 125
_MOST_TIER = 9


class Fees(msgspec.Struct, frozen=True, kw_only=True):
    """Fee rates as decimal texts: ``"0.001"`` is a tenth of a percent.

    The defaults are those of an ordinary user of OKX.
    """

    spot_maker: str = "0.0008"
    """Spot orders that rested."""
    spot_taker: str = "0.001"
    """Spot orders that met resting ones."""
    swap_maker: str = "0.0002"
    """Orders in swaps and futures that rested."""
    swap_taker: str = "0.0005"
    """Orders in swaps and futures that met resting ones."""

    def rate(self, inst_type: str, *, maker: bool) -> int:
        """Return the rate for a fill, as an amount."""
        kind = "spot" if inst_type == "SPOT" else "swap"
        return amount(getattr(self, f"{kind}_{'maker' if maker else 'taker'}"))


class Account:
    """A simulated account: its key, and what it begins with.

    Parameters
    ----------
    api_key, secret_key, passphrase
        What a client logs in with; they never show themselves.
    balances
        Cash at the beginning by currency, as decimal texts; 100,000 USDT and
        1 BTC by default.
    fees
        What fills cost.
    leverage
        Of positions in swaps and futures: a whole number, 1 to 125.
    pos_mode
        ``"net_mode"``, in which buys and sales of an instrument make one position, or
        ``"long_short_mode"``, in which each order says which of two it is about.
    tier
        The VIP tier, 0 to 9, which some channels demand.
    simulated
        True for a key of demo trading, which live trading refuses, False for a key
        of live trading, which demo trading refuses (50101); by default it is good
        for both.

    Raises
    ------
    CredentialsError
        If key, secret or passphrase is empty.
    ValueError
        If another value makes no sense.

    Examples
    --------
    >>> Account("ada-key", "ada-secret", "ada-pass", balances={"USDT": "500"})
    <Account balances={'USDT': '500'}>
    """

    def __init__(
        self,
        api_key: str = "simulator-key",
        secret_key: str = "simulator-secret",  # noqa: S107  # it opens a toy
        passphrase: str = "simulator-pass",  # noqa: S107  # it opens a toy
        *,
        balances: Mapping[str, str] | None = None,
        fees: Fees | None = None,
        leverage: int = 10,
        pos_mode: PosMode = "net_mode",
        tier: int = 9,
        simulated: bool | None = None,
    ) -> None:
        self.credentials = Credentials(api_key, secret_key, passphrase)
        self.api_key = api_key
        self.balances = dict(_BALANCES if balances is None else balances)
        self.fees = Fees() if fees is None else fees
        self.pos_mode = pos_mode
        self.simulated = simulated
        if any(amount(cash) < 0 for cash in self.balances.values()):
            raise ValueError(f"balances={self.balances!r} must not be below 0")
        rates = [amount(rate) for rate in msgspec.structs.astuple(self.fees)]
        if any(not 0 <= rate < ONE or rate % _RATE_PLACES for rate in rates):
            raise ValueError(
                f"{self.fees!r}: a rate is 0 or a fraction of up to eight places"
            )
        if pos_mode not in get_args(PosMode):
            raise ValueError(
                f"pos_mode={pos_mode!r} must be one of {get_args(PosMode)}"
            )
        # A fraction would make fractions of amounts.
        if leverage not in range(1, _MOST_LEVERAGE + 1):
            raise ValueError(
                f"leverage={leverage!r} must be a whole number, 1 to {_MOST_LEVERAGE}"
            )
        if tier not in range(_MOST_TIER + 1):
            raise ValueError(f"tier={tier!r} must be a whole number, 0 to {_MOST_TIER}")
        self.leverage = int(leverage)
        self.tier = int(tier)

    @property
    def uid(self) -> str:
        """The account's id on the wire: 18 digits that follow from its key."""
        digest = hashlib.sha256(self.api_key.encode()).digest()
        return str(10**17 + int.from_bytes(digest[:8], "big") % (9 * 10**17))

    def __repr__(self) -> str:
        return f"<Account balances={self.balances}>"
