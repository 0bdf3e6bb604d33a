"""What the casebook costs: the same conversation told of very many miners, then one verdict for each address.

usage: python -m benchmarks.scoring ENDPOINTS
"""

import json
import sys
import time
from dataclasses import replace

from benchmarks.stages import as_in_replay
from capture.sources.opening import open_source
from capture.worker import Worker
from classifier.casebook import Casebook
from facts.conversation import Conversation, Flow
from facts.endpoint import Endpoint, address_of
from pipeline.pool_list import pool_names
from protocols.observe import Observation

SAMPLE = "pcaps/btc_farm.pcap"
MESSAGES = 12
"""Of each miner: a login, work, some shares with their answers."""
POOLS = 1_000
MAPPED = 0xFFFF << 32
"""How the flow table holds addresses of IPv4."""


def conversation() -> tuple[list[Observation], Conversation]:
    """Return the first messages of one mining conversation of the sample, and how it ended."""
    seen: list[Observation] = []
    with open_source(SAMPLE, 0) as source:
        for one in Worker().run(source.blocks(), [source]):
            if isinstance(one, Conversation):
                if seen and one.flow == seen[0].flow:
                    return seen[:MESSAGES], one
            elif isinstance(one, Observation) and (not seen or one.flow == seen[0].flow):
                seen.append(one)
    raise AssertionError(f"{SAMPLE} holds no conversation that ends")


def main() -> None:
    """Tell, judge, and print what it cost."""
    endpoints = int(sys.argv[1])
    seen, ended = conversation()
    flows = []
    for number in range(endpoints):
        miner = Endpoint(address_of(0, MAPPED + 0x0A000000 + number), 40_000)
        pool = Endpoint(address_of(0, MAPPED + 0xC6120000 + number % POOLS), 3333)
        flows.append(Flow(miner, pool, "tcp"))
    casebook = Casebook("made", pool_names())
    as_in_replay()
    spent = 0.0
    for flow in flows:
        told = [one._replace(flow=flow) for one in seen]
        end = replace(ended, flow=flow)
        began = time.process_time()
        for one in told:
            casebook.observe(one)
        casebook.conclude(end)
        spent += time.process_time() - began
    began = time.process_time()
    verdicts = casebook.verdicts()
    judged = time.process_time() - began
    if len(verdicts) != endpoints + POOLS:
        raise AssertionError(f"{len(verdicts)} verdicts on {endpoints} miners at {POOLS} pools")
    print(json.dumps({"endpoints": endpoints, "messages": len(seen), "observe_s": spent, "judge_s": judged}))


if __name__ == "__main__":
    main()
