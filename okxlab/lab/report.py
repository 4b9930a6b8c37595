"""What an examination has found, as plain values and as text."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Finding", "Report", "Verdict"]

Verdict = Literal["ok", "warning", "problem"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    subject: str
    """What it is, in a word or two."""
    verdict: Verdict
    """Whether it is well."""
    text: str
    """What was found; never a key, a secret or a passphrase."""
    advice: str = ""
    """What to do about it; "" if nothing."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found, in the order of looking."""

    findings: tuple[Finding, ...]
    """One for each thing."""

    @property
    def is_well(self) -> bool:
        """Whether there is no problem; a warning is none."""
        return not self.count("problem")

    def count(self, verdict: Verdict) -> int:
        """Return how many findings have a verdict."""
        return sum(one.verdict == verdict for one in self.findings)

    def __str__(self) -> str:
        width = max((len(one.subject) for one in self.findings), default=0)
        lines, said = [], ""
        for one in self.findings:
            lines.append(f"{one.verdict:<7}  {one.subject:<{width}}  {one.text}")
            if one.advice not in ("", said):  # one network fails in four places
                said = one.advice
                lines.append(f"{'':<7}  {'':<{width}}  -> {one.advice}")
        problems, warnings = self.count("problem"), self.count("warning")
        lines.append(
            "all is well"
            if not problems and not warnings
            else f"{_counted(problems, 'problem')}, {_counted(warnings, 'warning')}"
        )
        return "\n".join(lines)


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
