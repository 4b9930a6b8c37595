"""What happens to rows on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.faults.armed_fault import Filter
from okxlab.simulator.faults.switchboard import Switchboard

if TYPE_CHECKING:
    from okxlab.simulator.faults.armed_fault import ArmedFault

__all__ = ["FeedFaults"]


class FeedFaults(Switchboard):
    """Switches for the pushes of channels."""

    def skip_seq(
        self,
        inst_id: str | None = None,
        *,
        channel: str | None = "books",
        count: int | None = 1,
    ) -> ArmedFault:
        """Lose updates of a book, so that its sequence numbers no longer join on.

        Parameters
        ----------
        inst_id
            Only this instrument.
        channel
            Only this channel.
        count
            Updates to lose.
        """
        return self._arm("skip_seq", Filter(None, channel, inst_id), count)

    def reset_seq(self, inst_id: str) -> int:
        """Let the sequence numbers of an instrument begin anew, as after maintenance.

        The next update of each of its books has a ``seqId`` below its
        ``prevSeqId``, which is still that of the update before: nothing is lost, and
        a client that asks for growing numbers is wrong.  Trades go by the new
        numbers too.

        Parameters
        ----------
        inst_id
            The instrument, or a spread.

        Returns
        -------
        int
            1 if there is such an instrument, else 0.
        """
        return self._run(lambda exchange: exchange.reset_seq(inst_id))

    def duplicate(
        self,
        inst_id: str | None = None,
        *,
        channel: str | None = None,
        count: int | None = 1,
    ) -> ArmedFault:
        """Send a push twice.

        Parameters
        ----------
        inst_id, channel
            Only pushes like this.
        count
            Pushes to double.
        """
        return self._arm("duplicate", Filter(None, channel, inst_id), count)

    def stop_pushing(
        self,
        inst_id: str | None = None,
        *,
        channel: str | None = None,
        path: str | None = None,
        count: int | None = None,
    ) -> ArmedFault:
        """Hold back data, while acks and pongs go on.

        Parameters
        ----------
        inst_id, channel, path
            Only pushes like this.
        count
            Pushes to lose; all until lifted by default.
        """
        return self._arm("stop_pushing", Filter(path, channel, inst_id), count)

    def burst(
        self,
        times: int = 100_000,
        inst_id: str | None = None,
        *,
        channel: str | None = "tickers",
        count: int | None = 1,
    ) -> ArmedFault:
        """Send a push again and again, as fast as the client takes it.

        Parameters
        ----------
        times
            How often it is repeated.
        inst_id, channel
            Only pushes like this.
        count
            Pushes to repeat.
        """
        where = Filter(None, channel, inst_id)
        return self._arm("burst", where, count, times=times)

    def reorder(
        self,
        inst_id: str | None = None,
        *,
        channel: str | None = "trades",
        count: int | None = 1,
    ) -> ArmedFault:
        """Send a push behind the one that follows it.

        Parameters
        ----------
        inst_id, channel
            Only pushes like this.
        count
            Pushes to send late.
        """
        return self._arm("reorder", Filter(None, channel, inst_id), count)

    def replay(
        self,
        inst_id: str | None = None,
        *,
        channel: str | None = None,
        later: int = 10,
        count: int | None = 1,
    ) -> ArmedFault:
        """Send a push a second time, when it is old: a bar that has long closed.

        Parameters
        ----------
        inst_id, channel
            Only pushes like this.
        later
            After how many further pushes of the subscription.
        count
            Pushes to send again.
        """
        if later < 1:
            raise ValueError(f"later={later!r} must be a positive number of pushes")
        where = Filter(None, channel, inst_id)
        return self._arm("replay", where, count, later=later)

    def blank_numbers(
        self,
        inst_id: str | None = None,
        *,
        channel: str | None = "tickers",
        count: int | None = 1,
    ) -> ArmedFault:
        """Send "" in the place of prices and sizes, as OKX does for what it lacks.

        Parameters
        ----------
        inst_id, channel
            Only pushes like this.
        count
            Pushes to blank.
        """
        return self._arm("blank_numbers", Filter(None, channel, inst_id), count)
