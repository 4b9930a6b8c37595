"""Who is logged in on which connection, and what that lets a connection do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.protocol.asked import LoginAsked
from okxlab.protocol.channels import channel as find_channel
from okxlab.simulator.accounts.audience import COUNTED, MOST_CONNECTIONS
from okxlab.simulator.accounts.entrance import DeniedError
from okxlab.simulator.accounts.operations import operate

if TYPE_CHECKING:
    from okxlab.protocol.arg import Arg
    from okxlab.protocol.asked import OperationAsked, SubscribeAsked
    from okxlab.simulator.accounts.accounts import Accounts
    from okxlab.simulator.accounts.audience import Audience
    from okxlab.simulator.accounts.desk import Desk
    from okxlab.simulator.faults import Faults
    from okxlab.simulator.link import Link

__all__ = ["Members"]


class Members:
    """The connections that are logged in.

    Parameters
    ----------
    accounts
        The accounts.
    audience
        The subscriptions to their channels.
    faults
        Switches, of which some refuse logins.
    """

    def __init__(self, accounts: Accounts, audience: Audience, faults: Faults) -> None:
        self._accounts = accounts
        self._audience = audience
        self._faults = faults
        self._desks: dict[Link, Desk] = {}

    def decide(
        self, link: Link, asked: LoginAsked | OperationAsked, now: float
    ) -> None:
        """Let somebody in, or do an order operation, or refuse it.

        Parameters
        ----------
        link
            The connection.
        asked
            What it asks for.
        now
            Monotonic time [s].
        """
        if isinstance(asked, LoginAsked):
            self._decide_login(link, asked)
        elif link.path != "private":
            link.session.refuse(asked, "60028")
        else:
            answer = operate(self._desks[link], asked, self._accounts.venue.now_ms)
            link.session.push(answer, now)

    def admits(self, link: Link, arg: Arg) -> bool:
        """Tell whether the tier of whoever logged in is enough for a channel."""
        demanded = find_channel(arg.channel).tier.removeprefix("VIP")
        return not demanded or self._desks[link].account.tier >= int(demanded)

    def join(self, link: Link, asked: SubscribeAsked) -> None:
        """Subscribe a connection to a private channel and say how things stand.

        OKX counts the connections that hold some of them; who is one too many has
        its ack already, and is told that it has nothing all the same.
        """
        desk, channel = self._desks[link], asked.arg.channel
        held = self._audience.connections(desk, channel)
        is_counted = channel in COUNTED
        if is_counted and link not in held and len(held) >= MOST_CONNECTIONS:
            link.session.tell_conn_count(channel, len(held), exceeded=True)
        elif link.session.register(asked):
            self._audience.join(link, desk, asked.arg)
            if is_counted:
                link.session.tell_conn_count(channel, len({**held, link: None}))

    def leave(self, link: Link, arg: Arg) -> None:
        """Take back a subscription; harmless if there is none."""
        self._audience.leave(link, self._desks[link], arg)

    def forget(self, link: Link) -> None:
        """Forget a connection that is gone and has left everything."""
        self._desks.pop(link, None)

    def _decide_login(self, link: Link, asked: LoginAsked) -> None:
        refusal = self._faults.take("refuse_logins", path=link.path)
        if refusal is not None:
            link.session.refuse(asked, refusal["code"], refusal["msg"])
        elif link in self._desks or len(asked.args) > 1:
            link.session.refuse(asked, "60031")
        else:
            try:
                self._desks[link] = self._accounts.admit(asked.args[0])
            except DeniedError as denied:
                link.session.refuse(asked, denied.code, denied.msg)
            else:
                link.session.accept_login()
