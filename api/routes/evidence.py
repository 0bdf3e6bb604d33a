"""Evidence: the packets that were matched, with their bytes and hashes, or as a small capture file."""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterable

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access.gate import Asker, ToReadEvidence
from api.access.view import View
from api.answers import answered, entity_tag, names_tag
from api.deps import AddressPath, Served
from api.language import Language
from api.models_files import EvidencePacketsModel
from api.openapi import ASKED, responses
from api.pcap import PCAP, PCAPNG, capture_file
from api.problems import Problem, ProblemError
from facts.endpoint import Address
from facts.instant import rfc3339
from facts.verdict import Verdict
from pipeline.lookup import Ask, look_up, read_address
from pipeline.services import Services
from store.packets import Packet, PacketStore, Place

router = APIRouter(tags=["evidence"])


@router.get(
    "/v1/ips/{ip}/evidence",
    operation_id="listEvidencePackets",
    summary="The packets behind the verdicts",
    response_model=EvidencePacketsModel,
    response_description="Each with its bytes and hash.",
    responses=responses(
        {}, *ASKED, Problem.UNKNOWN_ADDRESS, Problem.INVALID_REQUEST, Problem.STORE_UNAVAILABLE
    ),
)
def list_packets(
    request: Request, services: Served, asker: ToReadEvidence, lang: Language, ip: AddressPath
) -> Response:
    """List the packets that evidence about an address names, as far as they were kept, in the order of time.

    `intact` says whether the bytes still have the hash that they had when they were kept.
    """
    address, kinds = _named(services, asker, ip)
    body = {
        "address": str(address),
        "capture": f"/v1/ips/{address}/evidence.pcap",
        "packets": [
            {
                "source": packet.where.source,
                "frame": packet.where.frame,
                "time": rfc3339(packet.at_ns),
                "kinds": sorted(kinds[packet.place]),
                "link_type": packet.link_type,
                "length": packet.wire_length,
                "data": base64.b64encode(packet.data).decode(),
                "sha256": packet.sha256,
                "intact": packet.is_whole,
            }
            for packet in packets_named(services, kinds)
        ],
    }
    return answered(request, body, lang)


@router.get(
    "/v1/ips/{ip}/evidence.pcap",
    operation_id="getEvidenceCapture",
    summary="The packets as a capture file",
    response_class=Response,
    responses=responses(
        {
            "description": "pcap with nanoseconds, or pcapng where the packets have several link types.",
            "content": {
                PCAP: {"schema": {"type": "string", "format": "binary"}},
                PCAPNG: {"schema": {"type": "string", "format": "binary"}},
            },
            "headers": {
                "Content-Digest": {"description": "SHA-256 (RFC 9530).", "schema": {"type": "string"}}
            },
        },
        *ASKED,
        Problem.UNKNOWN_ADDRESS,
        Problem.INVALID_REQUEST,
        Problem.STORE_UNAVAILABLE,
    ),
)
def read_capture(request: Request, services: Served, asker: ToReadEvidence, ip: AddressPath) -> Response:
    """Return the kept packets of an address as a file that Wireshark opens; without packets it has none."""
    address, kinds = _named(services, asker, ip)
    raw, media_type = capture_file(packets_named(services, kinds))
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    suffix = "pcap" if media_type == PCAP else "pcapng"
    name = str(address).replace(":", "-")
    headers = {
        "Content-Digest": f"sha-256=:{digest}:",
        "Content-Disposition": f'attachment; filename="evidence-{name}.{suffix}"',
        "ETag": entity_tag(raw),
        "Vary": "Authorization, Cookie",
    }
    if names_tag(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(raw, 200, headers, media_type)


Kinds = dict[Place, set[str]]


def kinds_of(verdicts: Iterable[Verdict]) -> Kinds:
    """Return the kinds of evidence by the packet that shows it."""
    kinds: Kinds = defaultdict(set)
    for verdict in verdicts:
        for weighed in verdict.evidence:
            seen = weighed.evidence
            if seen.where.frame is not None:
                kinds[Place(seen.where.source, seen.where.frame, seen.at_ns)].add(seen.kind)
    return kinds


def packets_named(services: Services, kinds: Kinds) -> list[Packet]:
    """Return the kept packets of some places."""
    return PacketStore(services.database).at(kinds)


def _named(services: Services, asker: Asker, ip: str) -> tuple[Address, Kinds]:
    address = read_address(ip, "ip")
    [found] = look_up(services, [Ask(address)])
    answer = View(services, asker.account).answer(found)
    if not answer.known:
        raise ProblemError(Problem.UNKNOWN_ADDRESS, address=address)
    return address, kinds_of(stored.verdict for stored in answer.verdicts)
