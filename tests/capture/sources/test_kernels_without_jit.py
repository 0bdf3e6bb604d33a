import os
import subprocess
import sys
from pathlib import Path

from tests.capture.sources.captures import (
    START_NS,
    enhanced,
    interface,
    obsolete,
    option,
    packets,
    pcap,
    pcapng,
    section,
    simple,
)
from tests.conftest import ROOT

TELL = """
import sys
from capture.sources.merge import MergeSource, merged
from capture.sources.opening import open_source
for path in sys.argv[1:]:
    with open_source(path, 0, 256) as source:
        for part in source.blocks():
            for row in part.records.tolist():
                print(row, part.data[row[0] : row[0] + row[1]].tobytes().hex())
    print(source.skipped, source.skipped_counts, source.damage_counts, source.untimed)
for part in merged([MergeSource(path, i) for i, path in enumerate(sys.argv[1:])]):
    for row in part.records.tolist():
        print(row, part.data[row[0] : row[0] + row[1]].tobytes().hex())
"""


def told(paths: list[Path], jit: bool) -> str:
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "0" if jit else "1"}
    done = subprocess.run(
        [sys.executable, "-c", TELL, *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=environment,
    )
    assert not done.stderr
    return done.stdout


def test_the_kernels_say_the_same_as_plain_python(tmp_path: Path) -> None:
    rows = packets(12)
    units = b"".join(
        interface(options=option(9, bytes([unit]))) for unit in (0, 9, 12, 0x80, 0xA0, 0xBF, 0xFF)
    )
    mixed = section() + units + interface(options=option(14, b"\1" * 8))
    mixed += b"".join(enhanced(row, face=i % 9) for i, row in enumerate(rows))
    mixed += enhanced(rows[0], stamp=2**64 - 1) + obsolete(rows[1]) + simple(rows[2])
    made = [
        pcap(rows),
        pcap(rows, ">", 0xA1B23C4D, version=(2, 3), swap_lengths=True)[:-5],
        pcapng(packets(12, start_ns=START_NS + 500_000), ">"),
        mixed,
    ]
    paths = [tmp_path / str(i) for i in range(len(made))]
    for path, data in zip(paths, made, strict=True):
        path.write_bytes(data)
    assert told(paths, jit=False) == told(paths, jit=True)
