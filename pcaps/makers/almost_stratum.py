"""What looks like mining and is not: Electrum, an Ethereum node's RPC, a job queue, an editor, a sensor."""

from pcaps.makers.making import C, S, Tape, line, number

FILE = "almost_stratum.pcap"


def make() -> bytes:
    """Return the capture."""
    tape = Tape()
    electrum = [
        (
            0.0,
            C,
            line({"jsonrpc": "2.0", "id": 0, "method": "server.version", "params": ["sample 4.5", "1.4"]}),
        ),
        (0.1, S, line({"jsonrpc": "2.0", "id": 0, "result": ["ElectrumX 1.16.0", "1.4"]})),
        (0.1, C, line({"jsonrpc": "2.0", "id": 1, "method": "blockchain.headers.subscribe", "params": []})),
        (
            0.1,
            S,
            line({"jsonrpc": "2.0", "id": 1, "result": {"hex": number("header", 160), "height": 938_400}}),
        ),
        (60.0, C, line({"jsonrpc": "2.0", "id": 2, "method": "server.ping", "params": []})),
        (0.1, S, line({"jsonrpc": "2.0", "id": 2, "result": None})),
    ]
    tape.tcp(0.0, ("192.0.2.201", 43001), ("203.0.113.201", 50001), electrum)
    rpc = [
        (0.0, C, line({"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []})),
        (0.1, S, line({"jsonrpc": "2.0", "id": 1, "result": "0x1468b9e"})),
        (
            9.0,
            C,
            line(
                {"jsonrpc": "2.0", "id": 2, "method": "eth_getBalance", "params": ["0x" + "0" * 40, "latest"]}
            ),
        ),
        (0.1, S, line({"jsonrpc": "2.0", "id": 2, "result": "0x0"})),
    ]
    tape.tcp(1.0, ("192.0.2.202", 43002), ("203.0.113.202", 3333), rpc)
    queue = [
        (0.0, C, line({"id": 1, "method": "login", "params": ["operator", "secret"]})),
        (0.1, S, line({"id": 1, "result": True, "error": None})),
        (0.2, S, line({"method": "job", "params": {"job_id": "77", "command": "backup"}})),
        (5.0, C, line({"id": 2, "method": "submit", "params": {"job_id": "77", "status": "done"}})),
        (0.1, S, line({"id": 2, "result": {"status": "OK"}, "error": None})),
    ]
    tape.tcp(2.0, ("192.0.2.203", 43003), ("203.0.113.203", 4444), queue)
    editor = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":1,"capabilities":{}}}'
    framed = b"Content-Length: %d\r\n\r\n" % len(editor) + editor
    tape.tcp(3.0, ("192.0.2.204", 43004), ("203.0.113.204", 9257), [(0.0, C, framed)])
    sensor = [
        (10.0 * i, C, line({"type": "submit", "id": i, "params": {"temperature": 20 + i}})) for i in range(5)
    ]
    tape.tcp(4.0, ("192.0.2.205", 43005), ("203.0.113.205", 1883), sensor)
    return tape.in_time_order().pcap()
