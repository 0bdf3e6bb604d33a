"""What looking addresses up costs inside the process: many assignments, a million questions.

usage: python -m benchmarks.attributing FOLDER QUESTIONS
"""

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from registry.attribution import Attributor
from registry.csv_import import load_folder
from registry.model import RegistryData

NOW_NS = 1_772_416_800_000_000_000


def main() -> None:
    """Load, ask, and print what it cost."""
    folder, questions = Path(sys.argv[1]), int(sys.argv[2])
    began = time.process_time()
    data = load_folder(folder).data or RegistryData()
    loaded = time.process_time() - began
    began = time.process_time()
    attributor = Attributor(data)
    indexed = time.process_time() - began
    draw = np.random.default_rng(7)
    addresses = np.zeros((questions, 2), np.uint64)
    span = np.uint64(len(data.assignments) * 64 * 5 // 4)  # a fifth of what is asked was never assigned
    addresses[:, 1] = (np.uint64(0xFFFF) << np.uint64(32)) + np.uint64(0x0A000000)
    addresses[:, 1] += draw.integers(0, span, questions, dtype=np.uint64)
    began = time.process_time()
    answers = attributor.attribute_many(addresses, np.full(questions, NOW_NS))
    found = time.process_time() - began
    began = time.process_time()
    held = sum(answers.attribution(place).certain for place in range(questions))
    answered = time.process_time() - began
    print(
        json.dumps(
            {
                "assignments": len(data.assignments),
                "questions": questions,
                "held": held,
                "load_s": loaded,
                "index_s": indexed,
                "find_s": found,
                "answer_s": answered,
                "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
            }
        )
    )


if __name__ == "__main__":
    main()
