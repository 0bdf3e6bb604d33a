"""nfstream beside MineScope, in an environment of its own that is made once under benchmarks/data.

It is not among the locked requirements: nothing else needs it, and it brings pandas.
"""

import subprocess
import venv
from pathlib import Path

from benchmarks.peers import Peer, number

WANTED = "nfstream==6.6.0"
HOME = Path(__file__).parent / "data" / "nfstream"
PYTHON = HOME / "bin" / "python"
SCRIPT = """
import sys
from nfstream import NFStreamer
flows = packets = 0
for flow in NFStreamer(source=sys.argv[1], n_meters=1, statistical_analysis=False):
    flows, packets = flows + 1, packets + flow.bidirectional_packets
print(f"flows: {flows} packets: {packets}")
"""


def nfstream() -> tuple[Peer | None, str]:
    """Return the peer, or None and why it cannot be run here."""
    if not PYTHON.exists():
        venv.create(HOME, with_pip=True)
    asked = [str(PYTHON), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", WANTED]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode:
        return None, f"{WANTED} could not be installed: {(done.stderr.strip().splitlines() or ['?'])[-1]}"
    return (
        Peer(
            "nfstream",
            str(PYTHON),
            WANTED,
            lambda capture, _: [str(PYTHON), "-c", SCRIPT, str(capture)],
            number(r"packets: (\d+)"),
            (str(PYTHON), "-c", "import nfstream; print(nfstream.__version__)"),
            "flow table and nDPI on a flow's first packets, one object a flow in Python; one meter process, "
            "held to the same core; leaves out what it cannot read",
        ),
        "",
    )
