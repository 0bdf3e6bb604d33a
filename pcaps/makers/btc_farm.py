"""Three ASICs of one farm mine Bitcoin at a pool for five minutes: shares, one rejected, two jobs."""

from pcaps.makers.making import C, S, Tape
from pcaps.makers.stratum_lines import answer, notify, opening, share

FILE = "btc_farm.pcap"
POOL = ("203.0.113.10", 3333)


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    for machine in range(3):
        worker = f"rack1-{machine + 1}"
        script = opening(worker, "cgminer/4.12.1", f"{0xA0000001 + machine:08x}")
        script.append((0.0, S, notify("6a1f", 938_400, clean=True)))
        for count in range(12):
            request = 4 + count
            script.append(
                (18.0 + machine + count % 3, C, share(request, worker, "6a1f" if count < 7 else "6a20"))
            )
            script.append((0.04, S, answer(request, accepted=(machine, count) != (1, 5))))
            if count == 6:
                script.append((1.0, S, notify("6a20", 938_401, clean=True)))
        tape.tcp(machine * 0.7, ("192.0.2.21", 50211 + machine), POOL, script)
    return tape.in_time_order().pcap()
