"""The kinds of benign traffic that are played."""

from benchmarks.lab.benign import feeds, machines, messaging, offices, people
from benchmarks.lab.benign.kind import Kind

KINDS: tuple[Kind, ...] = (
    *messaging.KINDS,
    *machines.KINDS,
    *feeds.KINDS,
    *people.KINDS,
    *offices.KINDS,
)
