"""Every parser, in the order in which they are asked: the first that says YES reads the stream."""

from protocols.bitcoin_p2p import BitcoinP2P
from protocols.bitcoin_p2p_v2 import BitcoinP2PV2
from protocols.btcagent import BtcAgent
from protocols.datum import Datum
from protocols.discv4 import Discv4
from protocols.discv5 import Discv5
from protocols.dns import Dns, DnsTcp
from protocols.electrum import Electrum
from protocols.http import Http
from protocols.kaspa_p2p import KaspaP2P
from protocols.levin import Levin
from protocols.parser import Parser
from protocols.quic import Quic
from protocols.rlpx import Rlpx
from protocols.socks import Socks
from protocols.stratum import Stratum
from protocols.sv2 import StratumV2
from protocols.sv2_noise import StratumV2Noise
from protocols.tls import Tls
from protocols.websocket import WebSocket

PARSERS: tuple[type[Parser], ...] = (
    Socks,
    WebSocket,
    BitcoinP2P,
    Levin,
    KaspaP2P,
    StratumV2,
    BtcAgent,
    Datum,
    Tls,
    Http,
    Electrum,
    Stratum,
    StratumV2Noise,
    DnsTcp,
    Rlpx,
    BitcoinP2PV2,
    Discv4,
    Quic,
    Dns,
    Discv5,
)
"""The surer a parser is of its first bytes, the earlier it stands; a parser that answers MORE holds up those
behind it until it is sure or 4 KiB a side have passed."""
