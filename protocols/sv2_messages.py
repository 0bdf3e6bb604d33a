"""The messages of Stratum V2: which there are, and how their fields lie.

Source: Stratum V2 specification, chapters 3 (framing, common messages), 5 (mining), 6 (job
declaration), 7 (template distribution) and 8 (message types); extensions 0x0001 and 0x0002;
docs/protocols/stratum-v2.md.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from protocols.events import Party
from protocols.sv2_fields import MAX_LENGTH, Decoded, Field, Layout, read_layout, span_of, text_of

# The frame header, little-endian, 6 bytes; the highest bit of the extension type is the channel bit:
#   0                 2              3                  6
#   | extension type  | message type | payload length   | payload ...
HEADER_SIZE = 6
CHANNEL_BIT = 0x8000
EXTENSIONS_NEGOTIATION = 0x0001
WORKER_TRACKING = 0x0002
USER_IDENTITY = 0x01
"""Field type of the worker's name that WORKER_TRACKING appends to SubmitSharesExtended."""
MAX_WORKER = 32  # bytes: the longest name that WORKER_TRACKING allows


class Type(IntEnum):
    """Message types without an extension, and of draft specifications where these differ."""

    SETUP_CONNECTION = 0x00
    SETUP_CONNECTION_SUCCESS = 0x01
    SETUP_CONNECTION_ERROR = 0x02
    CHANNEL_ENDPOINT_CHANGED = 0x03
    RECONNECT = 0x04
    OPEN_STANDARD_MINING_CHANNEL = 0x10
    OPEN_STANDARD_MINING_CHANNEL_SUCCESS = 0x11
    OPEN_MINING_CHANNEL_ERROR = 0x12
    OPEN_EXTENDED_MINING_CHANNEL = 0x13
    OPEN_EXTENDED_MINING_CHANNEL_SUCCESS = 0x14
    NEW_MINING_JOB = 0x15
    UPDATE_CHANNEL = 0x16
    UPDATE_CHANNEL_ERROR = 0x17
    CLOSE_CHANNEL = 0x18
    SET_EXTRANONCE_PREFIX = 0x19
    SUBMIT_SHARES_STANDARD = 0x1A
    SUBMIT_SHARES_EXTENDED = 0x1B
    SUBMIT_SHARES_SUCCESS = 0x1C
    SUBMIT_SHARES_ERROR = 0x1D
    NEW_EXTENDED_MINING_JOB = 0x1F
    SET_NEW_PREV_HASH = 0x20
    SET_TARGET = 0x21
    SET_CUSTOM_MINING_JOB = 0x22
    SET_CUSTOM_MINING_JOB_SUCCESS = 0x23
    SET_CUSTOM_MINING_JOB_ERROR = 0x24
    SET_GROUP_CHANNEL = 0x25
    """Reconnect in drafts."""
    DRAFT_SET_GROUP_CHANNEL = 0x26
    ALLOCATE_MINING_JOB_TOKEN = 0x50
    ALLOCATE_MINING_JOB_TOKEN_SUCCESS = 0x51
    PROVIDE_MISSING_TRANSACTIONS = 0x55
    PROVIDE_MISSING_TRANSACTIONS_SUCCESS = 0x56
    DECLARE_MINING_JOB = 0x57
    DECLARE_MINING_JOB_SUCCESS = 0x58
    DECLARE_MINING_JOB_ERROR = 0x59
    PUSH_SOLUTION = 0x60
    COINBASE_OUTPUT_CONSTRAINTS = 0x70
    NEW_TEMPLATE = 0x71
    TEMPLATE_SET_NEW_PREV_HASH = 0x72
    REQUEST_TRANSACTION_DATA = 0x73
    REQUEST_TRANSACTION_DATA_SUCCESS = 0x74
    REQUEST_TRANSACTION_DATA_ERROR = 0x75
    SUBMIT_SOLUTION = 0x76
    # Extension 0x0001; its wire types are 0, 1 and 2. Numbers above a byte keep them apart here.
    REQUEST_EXTENSIONS = 0x100
    REQUEST_EXTENSIONS_SUCCESS = 0x101
    REQUEST_EXTENSIONS_ERROR = 0x102


Channel = Literal["set", "unset", "either"]


@dataclass(frozen=True, slots=True)
class Form:
    """One message as the specification has it."""

    type: Type
    name: str
    """The specification's name."""
    sender: Party | None
    """None: both send it."""
    channel: Channel
    """The channel bit; `either` where a draft and the present text differ."""
    layouts: tuple[Layout, ...]
    """The fields, and then those of drafts."""
    least: int
    most: int
    """Bytes of payload."""


_U8, _U16, _U32, _U64, _F32, _U256 = Field.U8, Field.U16, Field.U32, Field.U64, Field.F32, Field.U256
_STR, _B32, _B255, _B64K = Field.STR, Field.B32, Field.B255, Field.B64K
_OPEN: Layout = (_U32, _STR, _F32, _U256)
_SHARE: Layout = (_U32,) * 6
_CUSTOM: Layout = (
    _U32, _U32, _B255, _U32, _U256, _U32, _U32, _U32, _B255, _U32, _B64K, _U32, Field.U256S,
)  # fmt: skip
_TEMPLATE: Layout = (
    _U64, _U8, _U32, _U32, _B255, _U32, _U64, _U32, _B64K, _U32, Field.U256S,
)  # fmt: skip


def _form(type_: Type, name: str, sender: Party | None, channel: Channel, *layouts: Layout) -> Form:
    spans = [span_of(layout) for layout in layouts]
    least, most = min(span[0] for span in spans), max(span[1] for span in spans)
    if channel != "unset":
        most = min(most + 4 * (5 + 255), MAX_LENGTH)  # fields that extensions may append
    return Form(type_, name, sender, channel, layouts, least, most)


_MINER: Party = "miner"
_POOL: Party = "pool"
_ERROR: Layout = (_U32, _STR)
_FORMS = (
    _form(
        Type.SETUP_CONNECTION, "SetupConnection", _MINER, "unset",
        (_U8, _U16, _U16, _U32, _STR, _U16, _STR, _STR, _STR, _STR),
    ),
    _form(Type.SETUP_CONNECTION_SUCCESS, "SetupConnection.Success", _POOL, "unset", (_U16, _U32)),
    _form(Type.SETUP_CONNECTION_ERROR, "SetupConnection.Error", _POOL, "unset", _ERROR),
    _form(Type.CHANNEL_ENDPOINT_CHANGED, "ChannelEndpointChanged", _POOL, "set", (_U32,)),
    _form(Type.RECONNECT, "Reconnect", _POOL, "unset", (_STR, _U16)),
    _form(Type.OPEN_STANDARD_MINING_CHANNEL, "OpenStandardMiningChannel", _MINER, "unset", _OPEN),
    _form(
        Type.OPEN_STANDARD_MINING_CHANNEL_SUCCESS, "OpenStandardMiningChannel.Success", _POOL, "unset",
        (_U32, _U32, _U256, _B32, _U32),
    ),
    _form(Type.OPEN_MINING_CHANNEL_ERROR, "OpenMiningChannel.Error", _POOL, "unset", _ERROR),
    _form(Type.OPEN_EXTENDED_MINING_CHANNEL, "OpenExtendedMiningChannel", _MINER, "unset", (*_OPEN, _U16)),
    _form(
        Type.OPEN_EXTENDED_MINING_CHANNEL_SUCCESS, "OpenExtendedMiningChannel.Success", _POOL, "unset",
        (_U32, _U32, _U256, _U16, _B32, _U32), (_U32, _U32, _U256, _U16, _B32),
    ),
    _form(
        Type.NEW_MINING_JOB, "NewMiningJob", _POOL, "either",
        (_U32, _U32, Field.OPTION_U32, _U32, _U256), (_U32, _U32, Field.OPTION_U32, _U32, _B32),
    ),
    _form(Type.UPDATE_CHANNEL, "UpdateChannel", _MINER, "set", (_U32, _F32, _U256)),
    _form(Type.UPDATE_CHANNEL_ERROR, "UpdateChannel.Error", _POOL, "set", _ERROR),
    _form(Type.CLOSE_CHANNEL, "CloseChannel", None, "set", _ERROR),
    _form(Type.SET_EXTRANONCE_PREFIX, "SetExtranoncePrefix", _POOL, "set", (_U32, _B32)),
    _form(Type.SUBMIT_SHARES_STANDARD, "SubmitSharesStandard", _MINER, "set", _SHARE),
    _form(
        Type.SUBMIT_SHARES_EXTENDED, "SubmitSharesExtended", _MINER, "set",
        (*_SHARE, _B32), (*_SHARE, _B32, _STR),
    ),
    _form(Type.SUBMIT_SHARES_SUCCESS, "SubmitShares.Success", _POOL, "set", (_U32, _U32, _U32, _U64)),
    _form(Type.SUBMIT_SHARES_ERROR, "SubmitShares.Error", _POOL, "set", (_U32, _U32, _STR)),
    _form(
        Type.NEW_EXTENDED_MINING_JOB, "NewExtendedMiningJob", _POOL, "set",
        (_U32, _U32, Field.OPTION_U32, _U32, _U8, Field.U256S, _B64K, _B64K),
    ),
    _form(Type.SET_NEW_PREV_HASH, "SetNewPrevHash", _POOL, "set", (_U32, _U32, _U256, _U32, _U32)),
    _form(Type.SET_TARGET, "SetTarget", _POOL, "set", (_U32, _U256)),
    _form(Type.SET_CUSTOM_MINING_JOB, "SetCustomMiningJob", _MINER, "either", _CUSTOM),
    _form(
        Type.SET_CUSTOM_MINING_JOB_SUCCESS, "SetCustomMiningJob.Success", _POOL, "either", (_U32, _U32, _U32)
    ),
    _form(
        Type.SET_CUSTOM_MINING_JOB_ERROR, "SetCustomMiningJob.Error", _POOL, "either", (_U32, _U32, _STR)
    ),
    _form(Type.SET_GROUP_CHANNEL, "SetGroupChannel", _POOL, "unset", (_U32, Field.U32S), (_STR, _U16)),
    _form(Type.DRAFT_SET_GROUP_CHANNEL, "SetGroupChannel", _POOL, "unset", (_U32, Field.U32S)),
    _form(Type.ALLOCATE_MINING_JOB_TOKEN, "AllocateMiningJobToken", _MINER, "unset", (_STR, _U32)),
    _form(
        Type.ALLOCATE_MINING_JOB_TOKEN_SUCCESS, "AllocateMiningJobToken.Success", _POOL, "unset",
        (_U32, _B255, _B64K), (_U32, _B255, _U32, _B64K), (_U32, _B255, _U32, _B64K, _U8),
    ),
    _form(
        Type.PROVIDE_MISSING_TRANSACTIONS, "ProvideMissingTransactions", _POOL, "unset", (_U32, Field.U16S)
    ),
    _form(
        Type.PROVIDE_MISSING_TRANSACTIONS_SUCCESS, "ProvideMissingTransactions.Success", _MINER, "unset",
        (_U32, Field.TRANSACTIONS),
    ),
    _form(
        Type.DECLARE_MINING_JOB, "DeclareMiningJob", _MINER, "unset",
        (_U32, _B255, _U32, _B64K, _B64K, Field.U256S_64K, _B64K),
    ),
    _form(Type.DECLARE_MINING_JOB_SUCCESS, "DeclareMiningJob.Success", _POOL, "unset", (_U32, _B255)),
    _form(Type.DECLARE_MINING_JOB_ERROR, "DeclareMiningJob.Error", _POOL, "unset", (_U32, _STR, _B64K)),
    _form(
        Type.PUSH_SOLUTION, "PushSolution", _MINER, "unset", (_B32, _U256, _U32, _U32, _U32, _U32)
    ),
    _form(
        Type.COINBASE_OUTPUT_CONSTRAINTS, "CoinbaseOutputConstraints", _MINER, "unset", (_U32, _U16), (_U32,)
    ),
    _form(Type.NEW_TEMPLATE, "NewTemplate", _POOL, "unset", _TEMPLATE),
    _form(
        Type.TEMPLATE_SET_NEW_PREV_HASH, "SetNewPrevHash", _POOL, "unset", (_U64, _U256, _U32, _U32, _U256)
    ),
    _form(Type.REQUEST_TRANSACTION_DATA, "RequestTransactionData", _MINER, "unset", (_U64,)),
    _form(
        Type.REQUEST_TRANSACTION_DATA_SUCCESS, "RequestTransactionData.Success", _POOL, "unset",
        (_U64, _B64K, Field.TRANSACTIONS),
    ),
    _form(
        Type.REQUEST_TRANSACTION_DATA_ERROR, "RequestTransactionData.Error", _POOL, "unset", (_U64, _STR)
    ),
    _form(Type.SUBMIT_SOLUTION, "SubmitSolution", _MINER, "unset", (_U64, _U32, _U32, _U32, _B64K)),
    _form(Type.REQUEST_EXTENSIONS, "RequestExtensions", _MINER, "unset", (_U16, Field.U16S)),
    _form(Type.REQUEST_EXTENSIONS_SUCCESS, "RequestExtensions.Success", _POOL, "unset", (_U16, Field.U16S)),
    _form(
        Type.REQUEST_EXTENSIONS_ERROR, "RequestExtensions.Error", _POOL, "unset",
        (_U16, Field.U16S, Field.U16S),
    ),
)  # fmt: skip
FORMS = {form.type: form for form in _FORMS}


def form_of(extension_type: int, message_type: int) -> Form | None:
    """Return the message of a header's two types (the channel bit masked off or not); None if unknown."""
    extension = extension_type & ~CHANNEL_BIT
    if extension == 0:
        return _PLAIN.get(message_type)
    if extension == EXTENSIONS_NEGOTIATION:
        return _NEGOTIATION.get(message_type)
    return None


_PLAIN = {int(form.type): form for form in _FORMS if form.type < 0x100}
_NEGOTIATION = {form.type - 0x100: form for form in _FORMS if form.type >= 0x100}


def channel_bit_fits(form: Form, extension_type: int) -> bool:
    """Say whether the channel bit of a header is that of the message."""
    return form.channel == "either" or (form.channel == "set") == bool(extension_type & CHANNEL_BIT)


def decode(form: Form, payload: bytes) -> Decoded | None:
    """Return the fields of a payload that has exactly the message's structure, else None.

    A worker's name appended by an extension comes last, as text; otherwise there are as many values as the
    layout has fields (drafts have fewer or more).
    """
    for layout in form.layouts:
        values: Decoded = []
        end = read_layout(layout, payload, values)
        if end == len(payload):
            return values
        if end is not None and form.channel == "set":
            worker = _appended(payload, end)
            if worker is not None:
                return [*values, worker] if form.type is Type.SUBMIT_SHARES_EXTENDED else values
    return None


def _appended(payload: bytes, at: int) -> str | None:
    """Read type-length-value fields up to the end: the worker's name, `` without one, None if there are none.

    The examples of extension 0x0002 write type and length big-endian; the other order is taken as well.
    """
    worker = _chain(payload, at, "big")
    return _chain(payload, at, "little") if worker is None else worker


def _chain(payload: bytes, at: int, order: Literal["big", "little"]) -> str | None:
    worker = ""
    while at < len(payload):
        if at + 5 > len(payload):
            return None
        extension = int.from_bytes(payload[at : at + 2], order)
        kind = payload[at + 2]
        end = at + 5 + int.from_bytes(payload[at + 3 : at + 5], order)
        if extension == 0 or end > len(payload):
            return None
        if (extension, kind) == (WORKER_TRACKING, USER_IDENTITY) and end - at - 5 <= MAX_WORKER:
            worker = text_of(payload[at + 5 : end])
        at = end
    return worker
