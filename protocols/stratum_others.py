"""Dialects that few coins speak, told by the structure of their jobs and shares.

Kaspa, Ergo, CKB, Alephium, Conflux, Aleo and Handshake use Bitcoin's vocabulary with jobs of their own;
Iron Fish puts `body` where others have `params`; Grin and Beam have their own words.
Sources: the pages named in docs/protocols/stratum-bitcoin.md, section "Other coins".
"""

from collections.abc import Iterable
from typing import Any

from protocols.events import (
    Difficulty,
    Login,
    LoginResult,
    PoolEvent,
    Request,
    ShareResult,
    Submit,
    Subscribe,
    Subscribed,
)
from protocols.jsonrpc import Message, number, small, text
from protocols.stratum_session import (
    ALEO,
    ALEPHIUM,
    BEAM,
    CKB,
    CONFLUX,
    ERGO,
    GRIN,
    HANDSHAKE,
    IRONFISH,
    KASPA,
    Asked,
    Grade,
    Job,
    Session,
    share_answer,
)
from protocols.stratum_shapes import flag, height, is_0x, is_any_hex, is_hex, label
from protocols.targets import hashes_of_hex, hashes_of_target
from protocols.wallets import read_account

_MAX_U64 = 2**64 - 1


def kaspa(params: list[Any]) -> Job | None:
    """[job, four u64 of the pre-proof-of-work hash, timestamp] or [job, 80 hex]."""
    words = params[1]
    if len(params) == 2:
        return Job(KASPA, label(params[0]), "kheavyhash") if is_hex(words, 80) else None
    if not isinstance(words, list) or len(words) != 4 or small(params[2]) is None:
        return None
    if not all(type(word) is int and 0 <= word <= _MAX_U64 for word in words):
        return None
    return Job(KASPA, label(params[0]), "kheavyhash")


def ergo(params: list[Any]) -> Job | None:
    """[job, height, message, "", "", version, b in decimal, "", clean]."""
    job_id, block, header, empty, vacant, _, boundary, _, clean = params
    if height(block) is None or not is_hex(header, 64) or empty != "" or vacant != "":
        return None
    hashes = None
    if isinstance(boundary, str) and len(boundary) <= 78 and boundary.isascii() and boundary.isdigit():
        hashes = hashes_of_target(int(boundary))
    return Job(ERGO, label(job_id), "autolykos2", "ERG", height(block), flag(clean), hashes)


def ckb(params: list[Any]) -> Job | None:
    """[job, proof-of-work hash, height, parent hash, clean]."""
    job_id, header, block, parent, clean = params
    if (
        not (is_hex(header, 64) and is_hex(parent, 64))
        or height(block) is None
        or not isinstance(clean, bool)
    ):
        return None
    return Job(CKB, label(job_id), "eaglesong", "CKB", height(block), clean)


def alephium(params: list[Any]) -> Job | None:
    """[{jobId, fromGroup, toGroup, headerBlob, txsBlob, height, targetBlob}, ...]."""
    first = params[0]
    if not isinstance(first, dict) or not is_any_hex(first.get("headerBlob")) or "fromGroup" not in first:
        return None
    return Job(
        ALEPHIUM,
        label(first.get("jobId")),
        "blake3",
        "ALPH",
        height(first.get("height")),
        hashes=hashes_of_hex(first.get("targetBlob")),
    )


def conflux(params: list[Any]) -> Job | None:
    """[job, height in decimal, `0x` proof-of-work hash, `0x` boundary]."""
    job_id, block, header, boundary = params
    if not isinstance(block, str) or not block.isascii() or not block.isdigit() or len(block) > 12:
        return None
    if not is_0x(header, 64) or (hashes := hashes_of_hex(boundary)) is None or boundary[:2] != "0x":
        return None
    return Job(CONFLUX, label(job_id), "octopus", "CFX", int(block), hashes=hashes)


def aleo(params: list[Any]) -> Job | None:
    """[job, epoch challenge, address or null, clean]; told only where AleoStratum was named."""
    job_id, challenge, address, clean = params
    if not is_any_hex(challenge) or not (address is None or isinstance(address, str)):
        return None
    return Job(ALEO, label(job_id), coin="ALEO", clean=clean) if isinstance(clean, bool) else None


def share_dialect(params: list[Any]) -> str | None:
    """Return the dialect of a share: Handshake's mask, Kaspa's `0x` nonce, CKB's long one, Conflux's pair."""
    match len(params):
        case 6 if is_hex(params[5], 64) and is_hex(params[3], 8):
            return HANDSHAKE
        case 3 if is_0x(params[2], 16):
            return KASPA
        case 3 if is_any_hex(params[2]) and len(params[2]) in (24, 32):
            return CKB
        case 4 if is_0x(params[3], 64) and isinstance(params[2], str) and params[2][:2] == "0x":
            return CONFLUX
    return None


def iron_fish(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read the messages of Iron Fish, whose `body` stands where others have `params`."""
    body: dict[str, Any] = message.body["body"]
    method = message.method
    session.decide(IRONFISH, Grade.DECLARED)
    match method:
        case "mining.subscribe":
            events: list[PoolEvent] = [
                session.event(Subscribe, message, method=method, agent=text(body.get("agent")))
            ]
            address, graffiti = body.get("publicAddress"), text(body.get("name"))
            if isinstance(address, str):
                wallet = text(address) if is_hex(address, 64) else None
                user = text(address)
                events.append(
                    session.event(
                        Login, message, method=method, user=user, wallet=wallet, coin="IRON", worker=graffiti
                    )
                )
            return events
        case "mining.subscribed" if "clientId" in body:
            return [session.event(Subscribed, message)]
        case "mining.set_target" if (hashes := hashes_of_hex(body.get("target"))) is not None:
            return [session.event(Difficulty, message, hashes=hashes)]
        case "mining.notify" if is_any_hex(body.get("header")):
            return session.work(
                message, Job(IRONFISH, label(body.get("miningRequestId")), "fishhash", "IRON")
            )
        case "mining.submit" if is_any_hex(body.get("randomness")):
            session.decide(IRONFISH, Grade.SHAPE)
            return [session.event(Submit, message, job_id=label(body.get("miningRequestId")))]
        case "mining.submitted" if isinstance(body.get("result"), bool):
            reason = text(body.get("message"))
            return [session.event(ShareResult, message, accepted=body["result"], message=reason)]
    return []


def grin_job(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read a job {difficulty, height, job_id, pre_pow}."""
    found = grin_job_of(message.params)
    return session.work(message, found) if found is not None else []


def grin_job_of(params: object) -> Job | None:
    """Read a job object of Grin."""
    if not isinstance(params, dict) or not is_any_hex(params.get("pre_pow")) or "difficulty" not in params:
        return None
    return Job(GRIN, label(params.get("job_id")), "cuckatoo", "GRIN", height(params.get("height")))


def grin_submit(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read a share {edge_bits, height, job_id, nonce, pow}."""
    params: dict[str, Any] = message.params
    proof = params.get("pow")
    if small(params.get("edge_bits")) is None or not isinstance(proof, list):
        return []
    if not proof or not all(type(edge) is int for edge in proof):
        return []
    session.decide(GRIN, Grade.SHAPE)
    session.ask(message, grin_share_answer)
    released = session.release()
    return [*released, session.event(Submit, message, job_id=label(params.get("job_id")))]


def grin_share_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read "ok" or "blockfound - hash", or an error."""
    if isinstance(message.result, str) and message.result.startswith(("ok", "blockfound")):
        return [session.event(ShareResult, message, accepted=True)]
    return share_answer(session, message, asked)


def grin_get_job(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read getjobtemplate: a word of Grin's alone, yet a bare one; its answer is a job or nothing."""
    session.ask(message, grin_work_answer)
    if session.protocol != GRIN:
        return []
    return [session.event(Request, message, method="getjobtemplate")]


def grin_work_answer(session: Session, message: Message, asked: Asked) -> Iterable[PoolEvent]:
    """Read the job in an answer."""
    found = grin_job_of(message.result)
    return session.work(message, found) if found is not None else []


def beam_login(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read {id: "login", method: "login", api_key}."""
    key = message.body.get("api_key")
    if not isinstance(key, str) or message.id != "login":
        return []
    session.decide(BEAM, Grade.DECLARED)
    account = read_account(key)
    return [session.event(Login, message, method="login", user=text(key), worker=text(account.worker))]


def beam_job(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read {id, method: "job", input, difficulty, height}."""
    body = message.body
    if not is_hex(body.get("input"), 64) or number(body.get("difficulty")) is None:
        return []
    job = Job(BEAM, label(message.id), "beamhash", "BEAM", height(body.get("height")))
    return session.work(message, job)


def beam_solution(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read {id, method: "solution", nonce, output}."""
    if not is_any_hex(message.body.get("nonce")) or not is_any_hex(message.body.get("output")):
        return []
    session.decide(BEAM, Grade.SHAPE)
    return [session.event(Submit, message, job_id=label(message.id))]


def beam_result(session: Session, message: Message) -> Iterable[PoolEvent]:
    """Read {id, method: "result", code, description}: 0 success, 1 accepted, else refused."""
    code, words = small(message.body.get("code")), text(message.body.get("description"))
    if session.protocol != BEAM or code is None:
        return []
    if message.id == "login":
        return [session.event(LoginResult, message, accepted=code == 0, message=words)]
    accepted = code in (0, 1)
    return [
        session.event(ShareResult, message, accepted=accepted, code=None if accepted else code, message=words)
    ]
