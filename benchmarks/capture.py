"""The benchmark capture: made once, and anew when what it is made of changes."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.bench import say

ROOT = Path(__file__).parents[1]
DATA = ROOT / "benchmarks" / "data"
CAPTURE = DATA / "mix.pcap"
MADE = CAPTURE.with_suffix(".json")
"""What it holds, and the digest of its makers."""
MAKERS = ("benchmarks/generate.py", "benchmarks/mix/*.py", "pcaps/makers/*.py")


def digest() -> str:
    """Return the digest of everything that the capture depends on."""
    found = hashlib.sha256()
    for pattern in MAKERS:
        for path in sorted(ROOT.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()


def generated() -> Path:
    """Return the benchmark capture, made now where it is missing or older in kind than its makers."""
    if not (CAPTURE.exists() and made().get("makers") == digest()):
        DATA.mkdir(exist_ok=True)
        say(f"making {CAPTURE.relative_to(ROOT)}, once (about 2 GB, half a minute)")
        fresh = CAPTURE.with_suffix(".new")
        # In a process of its own: this one stays small, because a child's peak is never below its parent's.
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.generate", str(fresh)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        fresh.replace(CAPTURE)  # who reads the old one goes on reading it
        MADE.write_text(json.dumps({"makers": digest(), **json.loads(done.stdout)}) + "\n")
    return CAPTURE


def made() -> dict[str, Any]:
    """Return what the capture holds; empty where none was made."""
    return dict(json.loads(MADE.read_text())) if MADE.exists() else {}


def read_through(path: Path) -> None:
    """Read a file once, so that it lies in the page cache."""
    room = bytearray(1 << 20)
    with path.open("rb", buffering=0) as file:
        while file.readinto(room):
            pass


if __name__ == "__main__":
    print(generated())
