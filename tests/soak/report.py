"""What a soak has seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Report:
    """Figures of one soak; `wrong` is empty if all is well."""

    seed: int
    seconds: float = 0.0
    market: float = 0.0
    rounds: int = 0
    streams: int = 0
    strikes: Counter = field(default_factory=Counter)
    rows: int = 0
    frames: int = 0
    gaps: int = 0
    unhealed: int = 0
    hopeless: int = 0
    refilled: int = 0
    reconnects: int = 0
    resyncs: int = 0
    trades: int = 0
    missing: int = 0
    bars: int = 0
    books: int = 0
    states: int = 0
    accounts: int = 0
    memory: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        second, last = self.thirds()
        kinds = ", ".join(f"{kind} {n}" for kind, n in self.strikes.most_common())
        return "\n".join(
            (
                (
                    f"seed {self.seed}: {self.seconds / 60:.1f} min, "
                    f"{self.market / 3600:.2f} h of market, {self.rounds} rounds"
                ),
                f"{sum(self.strikes.values())} faults ({kinds})",
                (
                    f"{self.streams} streams, {self.frames} frames, {self.rows} rows, "
                    f"{self.reconnects} reconnects, {self.resyncs} resyncs of books"
                ),
                (
                    f"{self.gaps} gaps of trades and bars, {self.unhealed} of them not "
                    f"healed, {self.refilled} trades that were missing; "
                    f"{self.hopeless} gaps of what cannot be healed"
                ),
                (
                    f"{self.trades} trades shown exactly once, {self.missing} lost in "
                    "gaps of the ledger"
                ),
                (
                    f"{self.bars} bars, {self.books} books and {self.states} last "
                    f"states equal, {self.accounts} times the account"
                ),
                (
                    f"memory: {second:.1f} MB in the second third, {last:.1f} MB in the "
                    f"last ({(last / second - 1) * 100 if second else 0:+.1f} %)"
                ),
                f"{len(self.wrong)} wrong",
            )
        )

    def thirds(self) -> tuple[float, float]:
        """Return the median memory of the second and of the last third [MB].

        A round may end while frames of megabytes are on their way.
        """
        n = len(self.memory)
        if n < 3:
            return 0.0, 0.0
        second, last = self.memory[n // 3 : 2 * n // 3], self.memory[2 * n // 3 :]
        return median(second), median(last)
