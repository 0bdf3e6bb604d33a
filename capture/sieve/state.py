"""What the kernels of the sieve keep between two calls: one record."""

import numpy as np

from capture.words import array

RANKS = 4
"""Kinds of flows, in the order in which the table gives them up; see expiry.py."""

HANDS = 4
"""Timeouts of idle flows; see idle.py."""

STATE = np.dtype(
    [
        ("row", "<i8"),  # the next record of the block to look at
        ("used", "<i8"),  # records that hold, or held, a flow
        ("live", "<i8"),  # flows in the table
        ("free", "<i8"),  # index + 1 of the first record that was given up and not used again; 0: none
        ("events", "<i8"),  # rows handed on by this call
        ("samples", "<i8"),  # places kept of packets that were skipped
        ("newest", "<i8"),  # the latest time seen, nanoseconds since 1970 UTC
        ("created", "<i8"),  # flows ever made
        ("tagged", "<i8"),  # flows of which a payload was tagged
        ("fragments", "<i8"),  # TCP fragments met
        ("fragments_over", "<i8"),  # those of them over the budget
        ("waiting", "<i8", (RANKS,)),  # flows in each rank's queues
        ("oldest", "<i8", (RANKS,)),  # for each rank, the tick of its oldest queue that may hold a flow
        (
            "hands",
            "<i8",
            (RANKS * HANDS,),
        ),  # for each rank and timeout, the tick of the queue to be passed next
        ("logged", "<i8"),  # rows of the rhythm log in use
        ("log_room", "<i8"),  # rows that it may use for now
        ("log_ends", "<i8"),  # rows of it that say that a record was given up
    ]
)
STATES = array(STATE)
