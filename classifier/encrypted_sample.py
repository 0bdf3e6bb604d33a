"""Whether what is seen of sealed traffic is but a sample of it: then its shape says nothing.

A sampling probe, an overrun mirror port or a capture filter leaves packets out, and does not say so. The
sequence numbers of TCP do: before most packets there are bytes that nobody saw. What a path or a busy probe
loses is a few per cent. Datagrams tell nothing of it, so the TCP flows of a capture speak for them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.distinct import distinct
from facts.rhythm import GAP, RESENT

MOST_OF_SOURCE = 1 / 8
"""Share of data packets with a gap before them, in the median of a source's TCP flows, from which on the
source is a sample. On training networks of the laboratory that median is 5 % where 5 % are missed, 10 % where
10 % are; from 20 % on, honest tunnels have the shape of mining in six windows of ten thousand."""
MOST_OF_FLOW = 2 / 5
"""The same share of one flow, which chance and a bad path move more: beyond it, it is a sample whatever the
others are."""
ENOUGH = 3
"""TCP flows that a source has at least, to tell."""
TCP = 6

Rows = NDArray[Any]


def missing(flows: Rows, packets: Rows) -> NDArray[np.float64]:
    """Return (n,) the share of packets that are missing, where what is seen of a flow is a sample; else 0.

    (n,) FLOW and (m,) PACKET by flow, as `classifier.encrypted_flows.dependencies` takes them. Nothing but
    gaps in one direction's own sequence counts: of a capture that begins late, or holds one direction alone,
    nothing is missing. A segment that overtook others has a gap before it, and they are taken for
    repetitions, so these are taken off.
    """
    count = len(flows)
    marks, owner = packets["marks"], packets["flow"]
    seen = np.bincount(owner, minlength=count)
    torn = np.bincount(owner[marks & GAP != 0], minlength=count)
    again = np.bincount(owner[marks & RESENT != 0], minlength=count)
    share = np.maximum(torn - again, 0) / np.maximum(seen, 1)
    told = (flows["proto"] == TCP) & (seen > 0)
    found = np.where(told & (share >= MOST_OF_FLOW), share, 0.0)
    for source in distinct(flows["source"]).tolist():
        here = flows["source"] == source
        shares = share[here & told]
        if len(shares) >= ENOUGH and (usual := float(np.median(shares))) >= MOST_OF_SOURCE:
            found[here] = np.maximum(found[here], usual)
    return found
