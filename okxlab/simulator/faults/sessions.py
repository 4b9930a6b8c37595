"""What an exchange does to its clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.faults.armed_fault import Filter
from okxlab.simulator.faults.switchboard import Switchboard

if TYPE_CHECKING:
    from okxlab.simulator.faults.armed_fault import ArmedFault, Target

__all__ = ["SessionFaults"]

_NOTICE = "The connection will soon be closed for a service upgrade. Please reconnect."
"""OKX's words for notice 64008, as published."""


class SessionFaults(Switchboard):
    """Switches for acks, logins, pongs, notices and ends."""

    def close(
        self,
        code: int = 4006,
        reason: str = "Abnormal disconnection",
        *,
        path: str | None = None,
    ) -> int:
        """End open connections with a close frame.

        Parameters
        ----------
        code, reason
            What the close frame says; OKX's own are 4001 to 4009.
        path
            Only connections of this path.

        Returns
        -------
        int
            Connections hit.
        """
        return self._each(Filter(path), lambda target: target.close(code, reason))

    def notice(
        self,
        code: str = "64008",
        msg: str = _NOTICE,
        *,
        close_after: float | None = None,
        path: str | None = None,
    ) -> int:
        """Send a service notice; OKX hangs up 60 s after a 64008.

        Parameters
        ----------
        code, msg
            Code and words.
        close_after
            Seconds until the server closes the connection; it stays by default.
        path
            Only connections of this path.

        Returns
        -------
        int
            Connections hit.
        """
        return self._each(
            Filter(path), lambda target: target.notice(code, msg, close_after)
        )

    def mute_pongs(
        self, *, path: str | None = None, count: int | None = None
    ) -> ArmedFault:
        """Leave ``ping`` unanswered, while data goes on.

        Parameters
        ----------
        path
            Only connections of this path.
        count
            Pings to ignore; all until lifted by default.
        """
        return self._arm("mute_pongs", Filter(path), count)

    def delay_acks(
        self,
        seconds: float = 1.0,
        *,
        pushes: int | None = None,
        path: str | None = None,
        channel: str | None = None,
        inst_id: str | None = None,
        count: int | None = None,
    ) -> ArmedFault:
        """Send the data of a subscription first and its ack late.

        Parameters
        ----------
        seconds
            How late, by the wall clock.
        pushes
            Instead: after how many frames of that channel.
        path, channel, inst_id
            Only subscriptions like this.
        count
            Acks to delay; all until lifted by default.
        """
        where = Filter(path, channel, inst_id)
        return self._arm("delay_acks", where, count, seconds=seconds, pushes=pushes)

    def withhold_acks(
        self,
        *,
        data: bool = False,
        path: str | None = None,
        channel: str | None = None,
        inst_id: str | None = None,
        count: int | None = None,
    ) -> ArmedFault:
        """Never answer a request.

        Parameters
        ----------
        data
            Whether the subscription takes place all the same; if not, the request
            is lost altogether.
        path, channel, inst_id
            Only subscriptions like this.
        count
            Requests to swallow; all until lifted by default.
        """
        where = Filter(path, channel, inst_id)
        return self._arm("withhold_acks", where, count, data=data)

    def refuse_acks(
        self,
        code: str = "60018",
        msg: str | None = None,
        *,
        after_ack: bool = False,
        path: str | None = None,
        channel: str | None = None,
        inst_id: str | None = None,
        count: int | None = None,
    ) -> ArmedFault:
        """Refuse subscriptions with an error.

        Parameters
        ----------
        code, msg
            OKX's code and words; by default the words known for the code.
        after_ack
            Acknowledge first and refuse then, as OKX has been seen to do.
        path, channel, inst_id
            Only subscriptions like this.
        count
            Requests to refuse; all until lifted by default.
        """
        where = Filter(path, channel, inst_id)
        return self._arm(
            "refuse_acks", where, count, code=code, msg=msg, after_ack=after_ack
        )

    def refuse_logins(
        self,
        code: str = "60009",
        msg: str = "Login failed.",
        *,
        path: str | None = None,
        count: int | None = 1,
    ) -> ArmedFault:
        """Refuse logins, right or wrong.

        Parameters
        ----------
        code, msg
            OKX's code and words.
        path
            Only logins on this path.
        count
            Logins to refuse; ``None`` for all until lifted.
        """
        return self._arm("refuse_logins", Filter(path), count, code=code, msg=msg)

    def delay_logins(
        self, seconds: float = 1.0, *, path: str | None = None, count: int | None = 1
    ) -> ArmedFault:
        """Answer logins late.

        Parameters
        ----------
        seconds
            How late, by the wall clock.
        path
            Only logins on this path.
        count
            Logins to delay; ``None`` for all until lifted.
        """
        return self._arm("delay_logins", Filter(path), count, seconds=seconds)

    def revoke_logins(
        self,
        code: str = "60005",
        msg: str = "Invalid apiKey",
        *,
        path: str | None = None,
        count: int | None = None,
    ) -> ArmedFault:
        """Close connections that are logged in, as when their key was deleted.

        They are closed with 4007, and later logins are refused.

        Parameters
        ----------
        code, msg
            What later logins are told.
        path
            Only on this path.
        count
            Later logins to refuse; all until lifted by default.
        """

        def close(target: Target) -> None:
            if target.is_logged_in:
                target.close(4007, "API key has been updated or deleted")

        refusing = self.refuse_logins(code, msg, path=path, count=count)
        self._each(Filter(path), close)
        return refusing
