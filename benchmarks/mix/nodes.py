"""Nodes and wallets of blockchain networks: much like mining from afar, and none."""

from benchmarks.mix.template import CLIENT, SERVER, Draw, Kind, Recorder, tcp, udp
from pcaps.makers import bip324, devp2p, electrum, nodes, solo_node
from pcaps.makers.making import C, S, Script


def bitcoin(draw: Draw) -> Script:
    """Return two nodes: greetings, headers, transactions, some blocks."""
    script: list[tuple[float, int, bytes]] = [
        (0.1, side, raw) for _, side, raw in solo_node.introductions(0.0, draw.randrange(1, 1 << 30))
    ]
    for turn in range(30):
        told = nodes.inventory(nodes.TX, *(draw.randbytes(32) for _ in range(draw.randrange(1, 12))))
        script += [
            (5.0, turn % 2, nodes.message("inv", told)),
            (0.1, 1 - turn % 2, nodes.message("getdata", told)),
        ]
        script.append((0.1, turn % 2, nodes.message("tx", draw.randbytes(draw.randrange(220, 900)))))
        if turn % 10 == 9:
            script.append((1.0, S, solo_node.announcement(turn, 0)))
            script += [
                (1.0, C, nodes.message("ping", draw.randbytes(8))),
                (0.1, S, nodes.message("pong", bytes(8))),
            ]
    return script


def monero(draw: Draw) -> Script:
    """Return two Monero nodes: handshake, timed syncs, new transactions, a block."""
    script: list[tuple[float, int, bytes]] = [
        (0.0, C, nodes.levin(1001, nodes.handshake(peer=draw.randrange(1 << 60)), flags=1, expect=True)),
        (0.06, S, nodes.levin(1001, nodes.handshake(peer=draw.randrange(1 << 60)), flags=2, expect=False)),
    ]
    for turn in range(6):
        sync = nodes.timed_sync(3_620_000 + turn, draw.randbytes(32))
        script += [
            (60.0, C, nodes.levin(1002, sync, flags=1, expect=True)),
            (0.06, S, nodes.levin(1002, sync, flags=2, expect=False)),
            (3.0, S, nodes.levin(2002, draw.randbytes(1600), flags=1, expect=False)),
        ]
    script.append((5.0, S, nodes.levin(2008, nodes.fluffy(3_620_001), flags=1, expect=False)))
    return script


def discv4(draw: Draw) -> Recorder:
    """Return how two Ethereum nodes find each other."""
    tape = Recorder()
    devp2p.find(tape, 0.0, CLIENT, SERVER, draw.choice((devp2p.CLASSIC, devp2p.STAKED)))
    return tape


def discv5(draw: Draw) -> Recorder:
    """Return a session of discv5: masked packets of the sizes that messages have."""
    sizes = (95, 63, 353, 141, 121, 388, 121, 780)
    return udp([(turn % 2, draw.randbytes(size)) for turn, size in enumerate(sizes)], 9000, 0.05)


def rlpx(draw: Draw) -> Script:
    """Return a sealed session of two Ethereum nodes."""
    auth = devp2p.exchange(draw.randrange(1, 1 << 60), draw.randrange(300, 540))
    return devp2p.session(auth, devp2p.exchange(draw.randrange(1, 1 << 60), draw.randrange(300, 540)))


KINDS = (
    Kind("bitcoin-p2p", 0.0008, lambda draw: tcp(bitcoin(draw), 8333), 4),
    Kind("bitcoin-p2p-v2", 0.0003, lambda draw: tcp(bip324.session(draw.randrange(1 << 30)), 8333), 4),
    Kind("monero-p2p", 0.0003, lambda draw: tcp(monero(draw), 18080), 4),
    Kind("ethereum-discv4", 0.0015, discv4, 4),
    Kind("ethereum-discv5", 0.0010, discv5, 4),
    Kind("ethereum-rlpx", 0.0003, lambda draw: tcp(rlpx(draw), 30303), 4),
    Kind("electrum", 0.0010, lambda draw: tcp(electrum.wallet(draw.randrange(1 << 20)), 50001), 4),
)
