"""The rhythm log: when, which way and how large each data packet of a flow was; no bytes of what it said.

The sieve writes it for flows that may be quiet and long-lived, all that judging sealed traffic needs. The
classifier reads it, the lake keeps it, and the traffic laboratory makes it; all three name these columns.
"""

import numpy as np

PACKET = np.dtype(
    [
        ("at_ns", "<i8"),  # capture time, nanoseconds since 1970 UTC
        ("flow", "<u4"),  # row of the flow table that stands beside the log
        ("size", "<u2"),  # TCP or UDP payload bytes on the wire; 65,535 stands for that or more
        ("way", "u1"),  # 0 from endpoint a to b, 1 from b to a
        ("marks", "u1"),  # bits of RECORD, RESENT, GAP, CUT
    ]
)
"""One data packet: 16 bytes. Rows lie in the order in which the packets were read."""

RECORD, RESENT, GAP, CUT = 1, 2, 4, 8
"""Bits of `marks`: the payload begins with a TLS application data record header; its TCP bytes were seen
before; TCP bytes before it were not seen (lost on the way or by the capture); earlier packets of the flow are
not in this log, so this one is not its first."""
