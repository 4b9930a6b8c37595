"""The other side of the wire: an OKX v5 exchange on the loopback interface."""

from okxlab.protocol.asked import ServerSettings
from okxlab.simulator.accounts import Account, Fees
from okxlab.simulator.faults import Faults
from okxlab.simulator.simulator import Simulator

__all__ = ["Account", "Faults", "Fees", "ServerSettings", "Simulator"]
