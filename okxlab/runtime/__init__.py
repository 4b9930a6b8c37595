"""The background thread, its loop, its clock and the thread for callbacks."""

from okxlab.runtime.background import Runtime
from okxlab.runtime.clock import Clock
from okxlab.runtime.dispatcher import Dispatcher, Ticket
from okxlab.runtime.gate import ConnectGate
from okxlab.runtime.kept import keep
from okxlab.runtime.lifetime import close_runtime, current_runtime
from okxlab.runtime.offset import ClockOffset, SleepWatch
from okxlab.runtime.painter import Painter

__all__ = [
    "Clock",
    "ClockOffset",
    "ConnectGate",
    "Dispatcher",
    "Painter",
    "Runtime",
    "SleepWatch",
    "Ticket",
    "close_runtime",
    "current_runtime",
    "keep",
]
