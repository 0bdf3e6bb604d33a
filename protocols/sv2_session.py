"""One Stratum V2 connection: who mines, what was asked, what each message tells.

Source: Stratum V2 specification, chapters 3, 5, 6 and 7; docs/protocols/stratum-v2.md.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from protocols.events import (
    Difficulty,
    Login,
    LoginResult,
    MinerAsPool,
    Notice,
    PoolAsMiner,
    PoolEvent,
    Refused,
    ReportedHashrate,
    Request,
    ShareResult,
    Submit,
    Subscribe,
    Subscribed,
    Work,
)
from protocols.parser import Side
from protocols.stratum_bitcoin import coinbase_height
from protocols.sv2_channels import Channels, keep
from protocols.sv2_messages import Form, Type
from protocols.targets import hashes_of_bits, hashes_of_target
from protocols.wallets import read_account

PROTOCOL = "stratum-v2"
ALGORITHM = "sha256d"
"""What the targets of the specification bound: the double SHA-256 of a Bitcoin block header."""
MAX_TEXT = 256  # characters of a name or code that an event keeps
MAX_REQUESTS = 1_024  # requests without an answer; then the oldest is forgotten

_E = TypeVar("_E", bound=PoolEvent)
_NUMBER = struct.Struct("<I")


class Sv2Session:
    """Turns decoded messages into events."""

    def __init__(self) -> None:
        self.miner: Side | None = None
        self.contradicted = False
        """Whether one side has spoken as miner and as pool: then nothing more is believed."""
        self.whole = [False, False]
        """Whether all that a side has said from the start was read."""
        self._channels = Channels()
        self._opens: dict[int, str | None] = {}  # by request id: the worker
        self._tokens: dict[int, None] = {}
        self._customs: dict[tuple[int, int], float | None] = {}
        self._side = Side.CLIENT
        self._offset = 0

    def forget(self, side: Side) -> None:
        """Learn that bytes of one side are lost: no answer is matched, no target believed, from before."""
        self.whole[side] = False
        self._opens.clear()
        self._tokens.clear()
        self._customs.clear()
        self._channels.forget(targets=side is not self.miner)

    def tell(self, form: Form, values: list[Any], side: Side, offset: int) -> list[PoolEvent]:
        """Return what one message says; `values` are its decoded fields."""
        reader = _READERS.get(form.type)
        if reader is None:
            return self.name_only(form, side, offset)
        wrong = self._place(form, side, offset)
        return reader(self, values) if wrong is None else wrong

    def name_only(self, form: Form, side: Side, offset: int) -> list[PoolEvent]:
        """Return what a message says by its name and sender alone."""
        wrong = self._place(form, side, offset)
        if wrong is not None:
            return wrong
        if side is self.miner:
            return [self._event(Request, method=form.name)]
        return [self._event(Notice, method=form.name)]

    def _place(self, form: Form, side: Side, offset: int) -> list[PoolEvent] | None:
        """Settle who mines; return what there is to tell in place of a message that its side cannot send."""
        self._side, self._offset = side, offset
        if form.sender is None:
            return [] if self.miner is None else None
        miner = side if form.sender == "miner" else side.other
        if self.miner is None:
            self.miner = miner
        elif self.miner is not miner:
            self.contradicted = True
            return [self._event(PoolAsMiner if form.sender == "miner" else MinerAsPool)]
        return None

    def _event(self, kind: type[_E], **fields: Any) -> _E:
        return kind(protocol=PROTOCOL, side=self._side, offset=self._offset, **fields)

    # common messages

    def _setup(self, values: list[Any]) -> list[PoolEvent]:
        _, _, _, _, host, _, vendor, hardware, firmware, _ = values
        agent = " ".join(part for part in (vendor, hardware, firmware) if part)
        return [
            self._event(
                Subscribe,
                method="SetupConnection",
                agent=agent[:MAX_TEXT] or None,
                pool_host=host[:MAX_TEXT] or None,
            )
        ]

    def _setup_success(self, _values: list[Any]) -> list[PoolEvent]:
        return [self._event(Subscribed)]

    def _setup_error(self, values: list[Any]) -> list[PoolEvent]:
        return [self._event(Refused, method="SetupConnection", message=values[1][:MAX_TEXT])]

    def _reconnect(self, values: list[Any]) -> list[PoolEvent]:
        host, port = values
        return [self._event(Notice, method="Reconnect", text=f"{host[:MAX_TEXT]}:{port}")]

    def _extensions_error(self, _values: list[Any]) -> list[PoolEvent]:
        return [self._event(Refused, method="RequestExtensions")]

    # channels

    def _open_standard(self, values: list[Any]) -> list[PoolEvent]:
        return self._open("OpenStandardMiningChannel", values)

    def _open_extended(self, values: list[Any]) -> list[PoolEvent]:
        return self._open("OpenExtendedMiningChannel", values)

    def _open(self, method: str, values: list[Any]) -> list[PoolEvent]:
        request, user, rate = values[:3]
        login = self._login(method, user)
        keep(self._opens, request, login.worker, MAX_REQUESTS)
        return [login, *self._rate(rate)]

    def _login(self, method: str, user: str) -> Login:
        account = read_account(user)
        return self._event(
            Login,
            method=method,
            user=user[:MAX_TEXT],
            wallet=account.wallet,
            coin=account.coin,
            worker=account.worker,
        )

    def _rate(self, rate: float) -> list[PoolEvent]:
        return [self._event(ReportedHashrate, hashrate=rate)] if rate > 0 else []

    def _open_success_standard(self, values: list[Any]) -> list[PoolEvent]:
        request, channel, target, _, group = values
        return self._opened(request, channel, target, group)

    def _open_success_extended(self, values: list[Any]) -> list[PoolEvent]:
        request, channel, target = values[:3]
        return self._opened(request, channel, target, values[5] if len(values) > 5 else None)

    def _opened(self, request: int, number: int, target: bytes, group: int | None) -> list[PoolEvent]:
        asked = request in self._opens
        hashes = _hashes(target)
        self._channels.open(number, hashes, self._opens.pop(request, None), group)
        result = [self._event(LoginResult, accepted=True)] if asked or not all(self.whole) else []
        return [*result, self._event(Difficulty, hashes=hashes)]

    def _open_error(self, values: list[Any]) -> list[PoolEvent]:
        request, code = values
        if request not in self._opens and all(self.whole):
            return []
        self._opens.pop(request, None)
        return [self._event(LoginResult, accepted=False, message=code[:MAX_TEXT])]

    def _update(self, values: list[Any]) -> list[PoolEvent]:
        return [self._event(Request, method="UpdateChannel"), *self._rate(values[1])]

    def _update_error(self, values: list[Any]) -> list[PoolEvent]:
        return [self._event(Refused, method="UpdateChannel", message=values[1][:MAX_TEXT])]

    def _set_group(self, values: list[Any]) -> list[PoolEvent]:
        if isinstance(values[0], str):  # the draft's number for Reconnect
            return self._reconnect(values)
        group, numbers = values
        self._channels.regroup(group, (number for (number,) in _NUMBER.iter_unpack(numbers)))
        return [self._event(Notice, method="SetGroupChannel")]

    def _set_target(self, values: list[Any]) -> list[PoolEvent]:
        number, target = values
        hashes = _hashes(target)
        self._channels.target(number, hashes)
        return [self._event(Difficulty, hashes=hashes)]

    # jobs

    def _new_job(self, values: list[Any]) -> list[PoolEvent]:
        return self._job(values, None)

    def _new_extended_job(self, values: list[Any]) -> list[PoolEvent]:
        return self._job(values, coinbase_height(values[6][:64].hex()))

    def _job(self, values: list[Any], height: int | None) -> list[PoolEvent]:
        number, job, min_ntime = values[:3]
        hashes = self._channels.job(number, job, waits=min_ntime is None)
        network = None if min_ntime is None else self._channels.network(number)
        return [self._work(job, height=height, clean=False, hashes=hashes, network_hashes=network)]

    def _prev_hash(self, values: list[Any]) -> list[PoolEvent]:
        number, job, _, _, bits = values
        network = hashes_of_bits(bits)
        hashes = self._channels.block(number, job, network)
        return [self._work(job, clean=True, hashes=hashes, network_hashes=network)]

    def _custom_job(self, values: list[Any]) -> list[PoolEvent]:
        number, request, bits = values[0], values[1], values[6]
        keep(self._customs, (number, request), hashes_of_bits(bits), MAX_REQUESTS)
        return [self._event(Request, method="SetCustomMiningJob")]

    def _custom_job_success(self, values: list[Any]) -> list[PoolEvent]:
        number, request, job = values
        if (number, request) not in self._customs and all(self.whole):
            return []
        network = self._customs.pop((number, request), None)
        hashes = self._channels.job(number, job, waits=False)
        return [self._work(job, clean=False, hashes=hashes, network_hashes=network)]

    def _custom_job_error(self, values: list[Any]) -> list[PoolEvent]:
        self._customs.pop((values[0], values[1]), None)
        return [self._event(Refused, method="SetCustomMiningJob", message=values[2][:MAX_TEXT])]

    def _work(self, job: int, **fields: Any) -> Work:
        return self._event(Work, job_id=str(job), algorithm=ALGORITHM, **fields)

    # shares

    def _share(self, values: list[Any]) -> list[PoolEvent]:
        number, sequence, job = values[:3]
        self._channels.sent(number, sequence, job)
        worker = values[7] if len(values) > 7 and values[7] else self._channels.worker(number)
        return [self._event(Submit, job_id=str(job), worker=worker)]

    def _share_success(self, values: list[Any]) -> list[PoolEvent]:
        number, last, count, _ = values
        count, hashes = self._channels.accepted(number, last, count, whole=self._all_shares_seen())
        return [self._event(ShareResult, accepted=True, hashes=hashes, count=count)] if count else []

    def _share_error(self, values: list[Any]) -> list[PoolEvent]:
        number, sequence, code = values
        found = self._channels.refused(number, sequence)
        if found is None and self._all_shares_seen():
            return []
        hashes = None if found is None else found[1]
        return [self._event(ShareResult, accepted=False, message=code[:MAX_TEXT], hashes=hashes)]

    def _all_shares_seen(self) -> bool:
        return self.miner is not None and self.whole[self.miner]

    # job declaration and template distribution

    def _token(self, values: list[Any]) -> list[PoolEvent]:
        user, request = values
        keep(self._tokens, request, None, MAX_REQUESTS)
        return [self._login("AllocateMiningJobToken", user)]

    def _token_success(self, values: list[Any]) -> list[PoolEvent]:
        if values[0] not in self._tokens and all(self.whole):
            return []
        self._tokens.pop(values[0], None)
        return [self._event(LoginResult, accepted=True)]

    def _declare_error(self, values: list[Any]) -> list[PoolEvent]:
        return [self._event(Refused, method="DeclareMiningJob", message=values[1][:MAX_TEXT])]

    def _solution(self, _values: list[Any]) -> list[PoolEvent]:
        return [self._event(Submit)]

    def _template(self, values: list[Any]) -> list[PoolEvent]:
        return [self._work(values[0], height=_pushed(values[4]), clean=False)]

    def _template_prev_hash(self, values: list[Any]) -> list[PoolEvent]:
        number, _, _, bits, _ = values
        return [self._work(number, clean=True, network_hashes=hashes_of_bits(bits))]

    def _data_error(self, values: list[Any]) -> list[PoolEvent]:
        return [self._event(Refused, method="RequestTransactionData", message=values[1][:MAX_TEXT])]

    def _submit_solution(self, values: list[Any]) -> list[PoolEvent]:
        return [self._event(Submit, job_id=str(values[0]))]

    readers: Mapping[Type, Callable[["Sv2Session", list[Any]], list[PoolEvent]]] = {
        Type.SETUP_CONNECTION: _setup,
        Type.SETUP_CONNECTION_SUCCESS: _setup_success,
        Type.SETUP_CONNECTION_ERROR: _setup_error,
        Type.RECONNECT: _reconnect,
        Type.OPEN_STANDARD_MINING_CHANNEL: _open_standard,
        Type.OPEN_EXTENDED_MINING_CHANNEL: _open_extended,
        Type.OPEN_STANDARD_MINING_CHANNEL_SUCCESS: _open_success_standard,
        Type.OPEN_EXTENDED_MINING_CHANNEL_SUCCESS: _open_success_extended,
        Type.OPEN_MINING_CHANNEL_ERROR: _open_error,
        Type.NEW_MINING_JOB: _new_job,
        Type.NEW_EXTENDED_MINING_JOB: _new_extended_job,
        Type.UPDATE_CHANNEL: _update,
        Type.UPDATE_CHANNEL_ERROR: _update_error,
        Type.SUBMIT_SHARES_STANDARD: _share,
        Type.SUBMIT_SHARES_EXTENDED: _share,
        Type.SUBMIT_SHARES_SUCCESS: _share_success,
        Type.SUBMIT_SHARES_ERROR: _share_error,
        Type.SET_NEW_PREV_HASH: _prev_hash,
        Type.SET_TARGET: _set_target,
        Type.SET_CUSTOM_MINING_JOB: _custom_job,
        Type.SET_CUSTOM_MINING_JOB_SUCCESS: _custom_job_success,
        Type.SET_CUSTOM_MINING_JOB_ERROR: _custom_job_error,
        Type.SET_GROUP_CHANNEL: _set_group,
        Type.ALLOCATE_MINING_JOB_TOKEN: _token,
        Type.ALLOCATE_MINING_JOB_TOKEN_SUCCESS: _token_success,
        Type.DECLARE_MINING_JOB_ERROR: _declare_error,
        Type.PUSH_SOLUTION: _solution,
        Type.NEW_TEMPLATE: _template,
        Type.TEMPLATE_SET_NEW_PREV_HASH: _template_prev_hash,
        Type.REQUEST_TRANSACTION_DATA_ERROR: _data_error,
        Type.SUBMIT_SOLUTION: _submit_solution,
        Type.REQUEST_EXTENSIONS_ERROR: _extensions_error,
    }
    """Messages that say more than their name."""


_READERS = Sv2Session.readers


def _hashes(target: bytes) -> float | None:
    """Return the expected hashes of a share of this target, a little-endian U256."""
    return hashes_of_target(int.from_bytes(target, "little"))


def _pushed(script: bytes) -> int | None:
    """Return the block height that BIP 34 puts first into the coinbase script; None where it is not there."""
    if not script or not 1 <= script[0] <= 5 or len(script) < 1 + script[0]:
        return None
    number = int.from_bytes(script[1 : 1 + script[0]], "little")
    return number if 0 < number < 500_000_000 else None  # from there on a lock time is no height
