"""Counts of several worlds, added up."""

from collections import Counter

from pipeline.contract import FileCounts


class Sum:
    """What all worlds of a run counted so far; `damage` also of files that could not be read at all."""

    def __init__(self) -> None:
        self.packets = 0
        self.parsed = 0
        self.flows = 0
        self.bytes = 0
        self.tagged_flows = 0
        self.skipped: Counter[str] = Counter()
        self.damage: Counter[str] = Counter()
        self.released: Counter[str] = Counter()

    def add(self, counts: FileCounts) -> None:
        """Add one world's counts."""
        for name in ("packets", "parsed", "flows", "bytes", "tagged_flows"):
            setattr(self, name, getattr(self, name) + getattr(counts, name))
        for name in ("skipped", "damage", "released"):
            getattr(self, name).update(getattr(counts, name))

    def counts(self) -> FileCounts:
        """Return the counts of all, under no name."""
        return FileCounts(
            source="",
            packets=self.packets,
            parsed=self.parsed,
            skipped=self.skipped,
            damage=self.damage,
            flows=self.flows,
            bytes=self.bytes,
            tagged_flows=self.tagged_flows,
            released=self.released,
        )
