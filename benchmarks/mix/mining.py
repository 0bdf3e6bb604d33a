"""Those who mine, one conversation in a thousand: the dialects as they are found, most of them Bitcoin's."""

from collections.abc import Callable

from benchmarks.mix.template import Draw, Kind, record, tcp
from benchmarks.mix.web import through_socks
from pcaps.makers import btcagent_farm, eth_proxy, getwork, solo, stratum_v2, stratum_v2_noise, xmr_rig
from pcaps.makers.browser_mining import accepted, compact, frame, upgrade
from pcaps.makers.browser_mining import job as page_job
from pcaps.makers.browser_mining import share as page_share
from pcaps.makers.making import C, S, Script, line, monero_address, number
from pcaps.makers.pool_names import NAME, client_hello
from pcaps.makers.stratum_lines import answer, notify, opening, share

MACHINES = 60
"""Machines behind one of the benchmark's agents."""


def bitcoin(draw: Draw) -> Script:
    """Return a machine at a Bitcoin pool: twenty shares, a job every minute."""
    worker = f"rack{draw.randrange(100)}"
    script = [*opening(worker, "cgminer/4.12.1", f"{draw.randrange(1 << 32):08x}")]
    for count in range(20):
        if count % 5 == 0:
            script.append((0.1, S, notify(f"6a{count:02x}", 938_400 + count // 10, clean=count % 10 == 0)))
        script.append((12.0, C, share(4 + count, worker, f"6a{count // 5 * 5:02x}")))
        script.append((0.04, S, answer(4 + count, accepted=draw.random() > 0.01)))
    return script


def cryptonote(draw: Draw) -> Script:
    """Return XMRig at a pool: sixteen shares."""
    login = {"login": monero_address(), "pass": "x", "agent": xmr_rig.AGENT, "algo": ["rx/0"]}
    welcome = {"id": xmr_rig.SESSION, "job": xmr_rig.job(0), "status": "OK"}
    script = [
        (0.0, C, line({"id": 1, "jsonrpc": "2.0", "method": "login", "params": login})),
        (0.1, S, line({"id": 1, "jsonrpc": "2.0", "error": None, "result": welcome})),
    ]
    for count in range(16):
        seed = str(draw.random())
        found = {"id": xmr_rig.SESSION, "job_id": number("job0", 28), "nonce": number(f"n{seed}", 8)}
        found["result"] = number(f"r{seed}", 64)
        script.append(
            (20.0, C, line({"id": 2 + count, "jsonrpc": "2.0", "method": "submit", "params": found}))
        )
        result = {"id": 2 + count, "jsonrpc": "2.0", "error": None, "result": {"status": "OK"}}
        script.append((0.05, S, line(result)))
    return script


def ethproxy(draw: Draw) -> Script:
    """Return a graphics card of Ethereum Classic."""
    rig = f"gpu{draw.randrange(100)}"
    login = {
        "id": 1,
        "jsonrpc": "2.0",
        "method": "eth_submitLogin",
        "worker": rig,
        "params": [eth_proxy.WALLET, "x"],
    }
    script = [(0.0, C, line(login)), (0.05, S, line({"id": 1, "jsonrpc": "2.0", "result": True}))]
    for count in range(8):
        head = "0x" + number(f"head{count}", 64)
        found = ["0x" + number(f"n{count}", 16), head, "0x" + number(f"mix{count}", 64)]
        script += [
            (13.0, S, eth_proxy.work(count, 0)),
            (
                6.0,
                C,
                line(
                    {"id": 40, "jsonrpc": "2.0", "method": "eth_submitWork", "params": found, "worker": rig}
                ),
            ),
            (0.05, S, line({"id": 40, "jsonrpc": "2.0", "result": True})),
        ]
    return script


def agent(draw: Draw) -> Script:
    """Return BTCAgent: machines that register and send shares in frames."""
    script = btcagent_farm.opening()
    script.append((0.02, S, notify("1", 941_000, clean=True)))
    joined = [
        btcagent_farm.ex(0x01, machine.to_bytes(2, "little") + b"cgminer/4.11.1\0" + b"r1x%d\0" % machine)
        for machine in range(MACHINES)
    ]
    script.append((0.2, C, b"".join(joined)))
    for turn in range(4):
        shares = b"".join(btcagent_farm.share(machine, 2, turn) for machine in range(MACHINES))
        first = turn * MACHINES
        replies = [
            btcagent_farm.ex(
                0x10, (first + n).to_bytes(2, "little") + btcagent_farm.ACCEPTED.to_bytes(4, "little")
            )
            for n in range(MACHINES)
        ]
        script += [(10.0 + draw.random(), C, shares), (0.05, S, b"".join(replies))]
    return script


def page(draw: Draw) -> Script:
    """Return a web page that mines over WebSocket."""
    seed = str(draw.random())
    ask, reply = upgrade("ws001.pool.example", "/proxy", seed)
    auth = {
        "type": "auth",
        "params": {"site_key": number(seed, 32), "type": "anonymous", "user": None, "goal": 0},
    }
    script = [
        (0.0, C, ask),
        (0.05, S, reply),
        (0.01, C, frame(compact(auth), f"auth{seed}")),
        (0.05, S, frame(page_job(0))),
    ]
    for turn in range(10):
        script.append((15.0, C, frame(page_share(turn, 0), f"{seed}{turn}")))
        script.append((0.05, S, frame(accepted(100 * (turn + 1)))))
    return script


def sealed(draw: Draw) -> Script:
    """Return Stratum inside TLS, to a pool of the list."""
    script = [(0.0, C, client_hello(NAME)), (0.05, S, record(draw, 2800)), (0.02, C, record(draw, 400))]
    for _ in range(12):
        script += [(18.0, C, record(draw, 210)), (0.05, S, record(draw, 80)), (9.0, S, record(draw, 330))]
    return script


def _mining(
    name: str, portion: float, script: Callable[[Draw], Script], port: int, variants: int = 2
) -> Kind:
    return Kind(name, portion, lambda draw: tcp(script(draw), port), variants, mining=True)


KINDS = (
    _mining("stratum-bitcoin", 0.00035, bitcoin, 3333, 6),
    _mining("stratum-cryptonote", 0.00020, cryptonote, 14444, 6),
    _mining("stratum-in-tls", 0.00010, sealed, 10343, 3),
    _mining("stratum-v2-noise", 0.00006, lambda draw: stratum_v2_noise.miner(str(draw.random())), 34254),
    _mining("stratum-v2", 0.00003, lambda _: stratum_v2.miner(), 3336, 1),
    _mining("stratum-ethproxy", 0.00006, ethproxy, 4444),
    _mining("stratum-in-socks", 0.00005, lambda draw: through_socks(draw, bitcoin(draw)), 1080),
    _mining("browser-mining", 0.00005, page, 80),
    _mining("btcagent", 0.00002, agent, 1800, 1),
    _mining("getwork", 0.00003, lambda _: getwork.farm(), 8332, 1),
    _mining("getblocktemplate", 0.00002, lambda _: solo.bitcoin(), 8332, 1),
    _mining(
        "stratum-farm-v2-noise", 0.00003, lambda draw: stratum_v2_noise.farm(str(draw.random())), 34254, 1
    ),
)
