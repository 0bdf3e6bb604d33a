"""All sections, in the order in which they are measured and shown."""

from benchmarks.sections import (
    compressed,
    correctness,
    files,
    first,
    growth,
    load,
    lookups,
    parallel,
    replay,
    rhythms,
    scoring,
    stages,
    start,
)

SECTIONS = {
    section.name: section
    for section in (
        replay.SECTION,
        stages.SECTION,
        growth.SECTION,
        files.SECTION,
        compressed.SECTION,
        parallel.SECTION,
        first.SECTION,
        start.SECTION,
        lookups.SECTION,
        load.SECTION,
        scoring.SECTION,
        rhythms.SECTION,
        correctness.SECTION,
    )
}
