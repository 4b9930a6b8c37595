"""Who is subscribed to what the sources tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from okxlab.simulator.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from okxlab.protocol.arg import Arg
    from okxlab.simulator.change import Change
    from okxlab.simulator.link import Link
    from okxlab.simulator.source import Source

__all__ = ["Topics"]


class Topics:
    """The subscriptions to public channels.

    Parameters
    ----------
    sources
        What tells the channels; asked in this order.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        # Each topic with its source and key, found when it was made: what an arg
        # is about can be found no longer once an instrument has expired.
        self._topics: dict[Arg, tuple[Topic, Source, str]] = {}
        self._by_key: dict[tuple[str, str], dict[Topic, None]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nobody is subscribed to anything."""
        return not self._topics

    def knows(self, arg: Arg) -> bool:
        """Tell whether an arg can be had."""
        return self._find(arg) is not None

    def join(self, link: Link, arg: Arg) -> tuple[Topic, Change | None]:
        """Take a connection in.

        Returns
        -------
        tuple
            The topic, and what is to be pushed first, if anything.

        Raises
        ------
        KeyError
            If `knows` says no.
        """
        if arg not in self._topics:
            self._open(arg)
        topic, source, key = self._topics[arg]
        topic.links[link] = None
        return topic, source.opening(arg.channel, key)

    def leave(self, link: Link, arg: Arg) -> None:
        """Let go of a connection; harmless if it is not there."""
        if arg not in self._topics:
            return
        topic, source, key = self._topics[arg]
        topic.links.pop(link, None)
        if not topic.links:
            del self._topics[arg]
            here = self._by_key[arg.channel, key]
            del here[topic]
            if not here:
                del self._by_key[arg.channel, key]
            source.unwatch(arg.channel, key)

    def reached(self, change: Change) -> list[Topic]:
        """Return the topics that a change is to be sent to."""
        return [
            topic
            for key in (change.key, *change.wider)
            for topic in self._by_key.get((change.channel, key), ())
        ]

    def _open(self, arg: Arg) -> None:
        found = self._find(arg)
        if found is None:
            raise KeyError(arg)
        source, key = found
        topic = Topic(arg)
        source.watch(arg.channel, key)
        self._topics[arg] = (topic, source, key)
        self._by_key.setdefault((arg.channel, key), {})[topic] = None

    def _find(self, arg: Arg) -> tuple[Source, str] | None:
        for source in self._sources:
            key = source.find(arg)
            if key is not None:
                return source, key
        return None
