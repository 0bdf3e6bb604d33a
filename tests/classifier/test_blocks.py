"""Nodes that find blocks, told from those that relay them; nodes told by sizes alone; coins told by seeds."""

import random
from dataclasses import replace

import pytest

from classifier.blocks import CROSSING_NS, MANY
from classifier.kinds import Kind
from classifier.seeds import SEEDS
from facts.conversation import Conversation
from facts.instant import NS
from facts.names import Level, Role
from facts.verdict import Verdict
from protocols import events
from protocols.magics import PROOF_OF_STAKE
from protocols.observe import Observation
from tests.classifier import scenes
from tests.classifier.scenes import START, Line, end, verdicts

NODE = "192.0.2.77"
PEERS = ["198.51.100.11", "198.51.100.12", "198.51.100.13"]
MINUTE = 60 * NS


class Network:
    """A node and its peers, with what each tells the other of blocks."""

    def __init__(self, coins: tuple[str, ...] = ("BTC",), protocol: str = "bitcoin-p2p") -> None:
        self.coins = coins
        self.lines = {
            peer: Line(end(NODE, 40_000 + n), end(peer, 8333), protocol=protocol)
            for n, peer in enumerate(PEERS)
        }
        for line in self.lines.values():
            line.miner(events.NodeHello, coins=coins, full=True).pool(
                events.NodeHello, coins=coins, full=True
            )

    def at(self, peer: str, ns: int) -> Line:
        line = self.lines[peer]
        line.at_ns = START + ns
        return line

    def hear(self, block: str, ns: int, *peers: str, asked: bool = False) -> None:
        for peer in peers or PEERS:
            self.at(peer, ns).pool(
                events.NodeBlock, 0, command="headers", block=block, coins=self.coins, asked=asked
            )

    def tell(self, block: str, ns: int, *peers: str, asked: bool = False) -> None:
        for peer in peers or PEERS:
            self.at(peer, ns).miner(
                events.NodeBlock, 0, command="cmpctblock", block=block, coins=self.coins, asked=asked
            )

    def relay(self, count: int, start: int = 1) -> None:
        """Blocks that one peer tells first and that the node then passes on to the others."""
        for n in range(start, start + count):
            self.hear(f"relayed{n}", n * 10 * MINUTE, PEERS[n % 3])
            self.tell(f"relayed{n}", n * 10 * MINUTE + NS, PEERS[(n + 1) % 3], PEERS[(n + 2) % 3])

    def verdicts(self, lasts_ns: int = 0, read: bool = True) -> dict[tuple[str, Role], Verdict]:
        ended = [
            line.over(after=lasts_ns / NS, read_ns=None if read else line.at_ns)
            for line in self.lines.values()
        ]
        return verdicts(*ended)


def finder(net: Network, lasts_ns: int = 0, read: bool = True) -> Verdict | None:
    return net.verdicts(lasts_ns, read).get((NODE, Role.SOLO_MINER))


def found(net: Network, count: int, start: int = 100) -> None:
    for n in range(start, start + count):
        net.tell(f"found{n}", n * 10 * MINUTE)


def test_a_relay_is_a_node_and_nothing_else() -> None:
    net = Network()
    net.relay(20)
    assert {role for _, role in net.verdicts()} == {Role.NODE}


def test_blocks_announced_before_anybody_told_them_make_a_suspicion_and_no_more() -> None:
    net = Network()
    net.relay(20)
    found(net, MANY)
    verdict = finder(net)
    assert verdict is not None
    assert (verdict.level, verdict.protocols, verdict.coins) == (Level.SUSPECTED, ("bitcoin-p2p",), ("BTC",))
    kinds = {one.evidence.kind: dict(one.evidence.params) for one in verdict.evidence}
    assert kinds[Kind.SOLO_BLOCKS_FIRST] == {"first": 3, "blocks": 23, "message": "cmpctblock"}
    assert kinds[Kind.SOLO_RELAYS] == {"relayed": 20, "peers": 3}
    assert net.verdicts()[NODE, Role.NODE].level is Level.CONFIRMED


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_such_blocks_stay_below_suspected(count: int) -> None:
    net = Network()
    net.relay(20)
    found(net, count)
    verdict = finder(net)
    assert verdict is not None
    assert verdict.level is Level.CLEARED


def test_a_node_that_announces_most_blocks_first_hears_of_them_unseen() -> None:
    net = Network()
    net.relay(5)
    found(net, 6)
    assert finder(net) is None


@pytest.mark.parametrize("after_ns", [0, CROSSING_NS])
def test_news_that_crosses_its_own_speaks_against_it(after_ns: int) -> None:
    net = Network()
    net.relay(20)
    found(net, MANY)
    for n in range(100, 100 + MANY):
        net.hear(f"found{n}", n * 10 * MINUTE + after_ns, PEERS[1])
    assert finder(net) is None


def test_news_long_after_its_own_and_answers_after_it_do_not() -> None:
    net = Network()
    net.relay(20)
    found(net, MANY)
    for n in range(100, 100 + MANY):
        net.hear(f"found{n}", n * 10 * MINUTE + CROSSING_NS + 1, PEERS[1])
        net.hear(f"found{n}", n * 10 * MINUTE + NS, PEERS[0], asked=True)
    assert finder(net) is not None


def test_an_answer_before_its_own_announcement_tells_where_it_had_it_from() -> None:
    net = Network()
    net.relay(20)
    found(net, MANY)
    for n in range(100, 100 + MANY):
        net.hear(f"found{n}", n * 10 * MINUTE - NS, PEERS[0], asked=True)
    assert finder(net) is None


def test_old_blocks_that_are_fetched_from_it_are_no_announcements() -> None:
    net = Network()
    net.relay(20)
    for n in range(200, 250):
        net.tell(f"old{n}", n * NS, PEERS[0], asked=True)
    assert finder(net) is None


def test_two_peers_must_tell_it_of_blocks() -> None:
    net = Network()
    for n in range(1, 21):
        net.hear(f"relayed{n}", n * 10 * MINUTE, PEERS[0])
    found(net, MANY)
    assert finder(net) is None


@pytest.mark.parametrize("peer", PEERS)
def test_the_far_end_of_others_connections_is_no_finder(peer: str) -> None:
    nets = [Network(), Network()]
    for n, net in enumerate(nets):
        for line in net.lines.values():
            line.client = end(f"192.0.2.{77 + n}", line.client.port)
            line.told.clear()
        net.relay(30)  # a third of all blocks from each of the three first
    told = verdicts(*(line.over(after=0) for net in nets for line in net.lines.values()))
    assert (peer, Role.NODE) in told
    assert Role.SOLO_MINER not in {role for _, role in told}


def test_a_name_that_one_side_gave_holds_for_the_conversation() -> None:
    one = scenes.line(port=8333, protocol="bitcoin-p2p")
    one.miner(events.NodeHello, coins=("BCH", "XEC", "BSV"), full=True)
    one.protocol = "bsv-p2p"
    one.pool(events.NodeHello, coins=("BSV",), full=True)
    assert {verdict.protocols for verdict in verdicts(one.over()).values()} == {("bsv-p2p",)}


def test_a_peer_that_is_heard_on_one_side_only_hides_what_it_says() -> None:
    net = Network()
    net.relay(20)
    found(net, MANY)
    net.lines["198.51.100.14"] = Line(end(NODE, 41_000), end("198.51.100.14", 8333), protocol="bitcoin-p2p")
    net.lines["198.51.100.14"].miner(events.NodeMessage, command="inv")
    assert finder(net) is None


@pytest.mark.parametrize("what", ["lost", "broken"])
def test_a_conversation_with_holes_hides_what_it_says(what: str) -> None:
    net = Network()
    net.relay(20)
    found(net, MANY)
    told = [line.over(after=0).told for line in net.lines.values()]
    ended = told[1].pop()
    assert isinstance(ended, Conversation)
    hole = {"lost": (False, True)} if what == "lost" else {"broken": (True, False)}
    told[1].append(replace(ended, **hole))  # type: ignore[arg-type]
    assert (NODE, Role.SOLO_MINER) not in verdicts(*net.lines.values())


def test_old_blocks_that_it_fetches_and_passes_on_in_a_burst_are_not_found() -> None:
    net = Network()
    net.relay(20)
    for n in range(100, 106):
        net.tell(f"old{n}", 2000 * MINUTE + n * NS)
    assert finder(net) is None


def test_an_encrypted_peer_hides_what_it_says() -> None:
    net = Network()
    net.relay(20)
    found(net, MANY)
    line = Line(end(NODE, 41_000), end("198.51.100.14", 8333), protocol="bitcoin-p2p-v2")
    net.lines["198.51.100.14"] = line.miner(events.NodeHello, sealed=True).pool(events.NodeHello, sealed=True)
    assert finder(net) is None


def test_a_conversation_that_is_read_no_more_hides_what_it_says() -> None:
    net = Network()
    net.relay(20)
    for n in range(100, 100 + MANY):  # to all but the one whose reading ended before
        net.tell(f"found{n}", n * 10 * MINUTE, PEERS[0], PEERS[1])
    assert finder(net, lasts_ns=3000 * MINUTE, read=False) is None


def test_a_conversation_that_is_read_to_its_end_and_tells_of_no_block_hides_none() -> None:
    net = Network()
    net.relay(20)
    for n in range(100, 100 + MANY):
        net.tell(f"found{n}", n * 10 * MINUTE, PEERS[0], PEERS[1])
    assert finder(net, lasts_ns=3000 * MINUTE) is not None


@pytest.mark.parametrize(
    "coins", [*((coin,) for coin in sorted(PROOF_OF_STAKE)), ("ZEC", "FLUX"), ("ZEC",), ()]
)
def test_blocks_that_are_not_mined_or_not_named_alike_say_nothing(coins: tuple[str, ...]) -> None:
    net = Network(coins)
    net.relay(20)
    found(net, 5)
    assert {role for _, role in net.verdicts()} == {Role.NODE}


def test_monero_and_its_forks_are_looked_at_too() -> None:
    net = Network(("XMR",), "monero-p2p")
    net.relay(20)
    found(net, MANY)
    assert finder(net) is not None


@pytest.mark.parametrize("seed", range(6))
def test_independent_conversations_may_be_told_in_any_order(seed: int) -> None:
    net = Network()
    net.relay(12)
    found(net, MANY)
    straight = net.verdicts()
    shuffled = Network()
    shuffled.relay(12)
    found(shuffled, MANY)
    lines = list(shuffled.lines.values())
    random.Random(seed).shuffle(lines)
    assert verdicts(*(line.over(after=0) for line in lines)) == straight


def sealed(port: int) -> dict[tuple[str, Role], Verdict]:
    one = scenes.line(port=port, protocol="bitcoin-p2p-v2")
    one.miner(events.NodeHello, network="unknown", sealed=True)
    one.pool(events.NodeHello, network="unknown", sealed=True)
    one.miner(events.NodeMessage, command="pong", sealed=True)
    return verdicts(one.over())


@pytest.mark.parametrize("port", [8333, 18333, 9333])
def test_what_only_sizes_tell_is_a_suspected_node(port: int) -> None:
    told = sealed(port)
    assert {role for _, role in told} == {Role.NODE}
    for verdict in told.values():
        assert (verdict.level, verdict.encrypted, verdict.coins) == (Level.SUSPECTED, True, ())
        assert verdict.protocols == ("bitcoin-p2p-v2",)
        assert {one.evidence.kind for one in verdict.evidence} == {Kind.NODE_SEALED, Kind.NODE_ANSWERED}


@pytest.mark.parametrize("port", [443, 3333, 22, 34254, 8388])
def test_sealed_sizes_elsewhere_are_somebody_elses(port: int) -> None:
    assert sealed(port) == {}


def seeded(name: str, coins: tuple[str, ...], port: int = 1) -> Verdict:
    asked = Line(end(scenes.MINER, 50_000), end("192.0.2.53", 53), protocol="dns", transport="udp")
    asked.pool(events.DnsAnswer, name=name, addresses=(end(scenes.POOL, 1).address,))
    one = scenes.line(port=port, protocol="bitcoin-p2p")
    one.miner(events.NodeHello, coins=coins, full=True).pool(events.NodeHello, coins=coins, full=True)
    return verdicts(asked, one.over())[scenes.MINER, Role.NODE]


@pytest.mark.parametrize(
    ("name", "coins", "left", "protocol"),
    [
        ("seed.bitcoinsv.io", ("BCH", "XEC", "BSV"), ("BSV",), "bsv-p2p"),
        ("seed.bchd.cash", ("BCH", "XEC", "BSV"), ("BCH",), "bch-p2p"),
        ("seed.bitcoinabc.org", ("BCH", "XEC", "BSV"), (), "bitcoin-p2p"),
        ("x9.seed.bitcoin.sipa.be", ("BTC", "VTC"), ("BTC",), "bitcoin-p2p"),
        ("dnsseed.monacoin.org", ("LTC", "MONA"), ("MONA",), "mona-p2p"),
        ("dnsseed.monacoin.org", ("ZEC", "FLUX"), (), "bitcoin-p2p"),
        ("www.example.org", ("LTC", "MONA"), (), "bitcoin-p2p"),
    ],
)
def test_the_seed_that_gave_an_address_narrows_its_coin(
    name: str, coins: tuple[str, ...], left: tuple[str, ...], protocol: str
) -> None:
    verdict = seeded(name, coins)
    assert (verdict.coins, verdict.protocols) == (left, (protocol,))


def test_the_port_of_the_service_narrows_the_coin_too() -> None:
    verdict = seeded("www.example.org", ("LTC", "MONA"), port=9401)
    assert (verdict.coins, verdict.protocols) == (("MONA",), ("mona-p2p",))


def test_seeds_are_lower_case_names_of_known_coins() -> None:
    assert all(name == name.lower() and "." in name for name in SEEDS)
    assert {"BTC", "BCH", "BSV", "LTC", "MONA", "DOGE", "ZEC", "FLUX"} <= {
        c for s in SEEDS.values() for c in s
    }


def test_an_electrum_client_is_a_wallet_and_its_server_a_node() -> None:
    one = scenes.line(port=50001, protocol="electrum")
    one.miner(events.NodeHello, agent="electrum 4.5", full=False, network="unknown")
    one.pool(events.NodeHello, agent="ElectrumX 1.16", full=True, network="unknown")
    one.miner(events.NodeMessage, command="blockchain.scripthash.subscribe", spv=True)
    told = verdicts(one.over())
    assert set(told) == {(scenes.MINER, Role.WALLET), (scenes.POOL, Role.NODE)}
    assert {verdict.level for verdict in told.values()} == {Level.CONFIRMED}


@pytest.mark.parametrize("coins", [("PIVX",), ("QTUM",), ("PPC",), ("FLUX",)])
def test_a_peer_of_a_proof_of_stake_coin_is_a_node_without_mining(coins: tuple[str, ...]) -> None:
    protocol = f"{coins[0].lower()}-p2p"
    one = scenes.line(port=51472, protocol=protocol)
    one.miner(events.NodeHello, coins=coins, full=True).pool(events.NodeHello, coins=coins, full=True)
    one.pool(events.NodeBlock, command="inv", block="ab" * 32, coins=coins)
    assert {role for _, role in verdicts(one.over())} == {Role.NODE}


def test_every_noun_between_nodes_is_known_to_the_book() -> None:
    nouns = {
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, events.NodeEvent)
    }
    assert nouns - {events.NodeEvent} <= set(scenes.book()._handlers)


def test_memory_of_blocks_has_a_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.blocks.ENTRY_LIMIT", 10)
    net = Network()
    net.relay(20)
    book = scenes.book(*net.lines.values())
    assert book.dropped["blocks-beyond-limit"] > 0
    assert all(isinstance(item, Observation) for line in net.lines.values() for item in line.told)
