"""Stories of money that comes and goes over a chain; demo trading has none.

The account's balances do not change by it.
"""

from __future__ import annotations

from typing import Final

from okxlab.simulator.accounts.scripted.story import Story, Thing

__all__ = ["FUNDS"]

_ALIKE: Final = {
    "amt": "{amount}",
    "areaCodeFrom": "",
    "ccy": "USDT",
    "chain": "USDT-TRC20",
    "from": "",
    "pTime": "",
    "subAcct": "",
    "to": "T{hash:.33}",
    "ts": "{begin}",
    "txId": "{hash}",
    "uid": "{uid}",
}
_DEPOSIT: Final = {
    **_ALIKE,
    "actualDepBlkConfirm": "0",
    "depId": "{id[0]}",
    "fromWdId": "",
    "state": "0",
}
_WITHDRAWAL: Final = {
    **_ALIKE,
    "addrEx": None,
    "areaCodeTo": "",
    "clientId": "",
    "fee": "1",
    "feeCcy": "USDT",
    "memo": "",
    "nonTradableAsset": False,
    "note": "",
    "pmtId": "",
    "state": "0",
    "tag": "",
    "toAddrType": "1",
    "txId": "",
    "wdId": "{id[0]}",
}

FUNDS: Final = (
    Story(
        name="deposit",
        every_s=360,
        in_demo=False,
        things=(
            Thing(
                channel="deposit-info",
                members=_DEPOSIT,
                steps=(
                    (0, {}),
                    (20, {"actualDepBlkConfirm": "6"}),
                    (45, {"actualDepBlkConfirm": "10", "state": "1"}),
                    (80, {"actualDepBlkConfirm": "20", "state": "2"}),
                ),
            ),
        ),
    ),
    Story(
        name="deposit of bitcoin",
        every_s=900,
        in_demo=False,
        things=(
            Thing(
                channel="deposit-info",
                members={
                    **_DEPOSIT,
                    "amt": "0.0{amount}",
                    "ccy": "BTC",
                    "chain": "BTC-Bitcoin",
                    "to": "bc1q{hash:.38}",
                },
                steps=(
                    (0, {}),
                    (120, {"actualDepBlkConfirm": "1", "state": "1"}),
                    (240, {"actualDepBlkConfirm": "2", "state": "2"}),
                ),
            ),
        ),
    ),
    Story(
        name="withdrawal",
        every_s=420,
        in_demo=False,
        things=(
            Thing(
                channel="withdrawal-info",
                members=_WITHDRAWAL,
                steps=(
                    (0, {}),
                    (15, {"state": "7"}),
                    (40, {"state": "1", "txId": "{hash}"}),
                    (90, {"state": "2"}),
                ),
            ),
        ),
    ),
    Story(
        name="withdrawal that is taken back",
        every_s=900,
        in_demo=False,
        things=(
            Thing(
                channel="withdrawal-info",
                members=_WITHDRAWAL,
                steps=((0, {}), (25, {"state": "-3"}), (30, {"state": "-2"})),
            ),
        ),
    ),
)
"""What happens to deposits and withdrawals."""
