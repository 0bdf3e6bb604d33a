"""A mining connection as a bad tap sees it: begun mid-stream, segments lost, repeated and out of order."""

from pcaps.makers.making import C, S, Tape
from pcaps.makers.stratum_lines import answer, notify, share

FILE = "lossy.pcap"


def make() -> bytes:
    """Return the capture."""
    script = [
        (0.0, S, notify("71a0", 938_410, clean=True)[37:])
    ]  # the first message's beginning was not captured
    for count in range(10):
        script.append((15.0, C, share(50 + count, "shelf9", f"71a{count // 4}")))
        script.append((0.05, S, answer(50 + count, accepted=True)))
        if count % 4 == 3:
            script.append((0.5, S, notify(f"71a{count // 4 + 1}", 938_411 + count, clean=True)))
    tape = Tape()
    tape.tcp(1.0, ("192.0.2.33", 51515), ("203.0.113.10", 25), script, opened=False, closed=False)
    packets = tape.packets
    data = [i for i, (_, raw) in enumerate(packets) if len(raw) > 54]
    lost, again, late = data[4], data[6], data[9]
    shuffled = []
    for index, timed in enumerate(packets):
        if index == lost:
            continue
        shuffled.append(timed)
        if index == again:
            shuffled.append((timed[0] + 0.2, timed[1]))
    at = shuffled.index(packets[late])
    shuffled[at], shuffled[at + 2] = (
        (shuffled[at][0], shuffled[at + 2][1]),
        (shuffled[at + 2][0], shuffled[at][1]),
    )
    tape.packets = shuffled
    return tape.pcap()
