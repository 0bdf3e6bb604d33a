"""What an account sees of what was found: its region only, and personal fields only for who needs them.

A record of another region is shown as one that does not exist. Foreign partners of a conversation that the
region does see are left out, and their addresses in sentences are blanked.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from api.language import Lang
from api.wording import wording
from classifier.ownership_model import Kind
from facts.endpoint import Address, parse_address
from facts.evidence import Evidence
from facts.verdict import Verdict
from pipeline.contract import Hit, Json, verdict_json
from pipeline.lookup import Answer, answer_json
from pipeline.services import Services
from registry.answers import UNASSIGNED, Attribution
from store.access import Account
from store.access_rules import WHOLE_COUNTRY, Permission, lies_in
from store.verdicts import StoredVerdict

BLANK = "…"
"""What stands for a masked part."""
_PRIVATE: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7",
        "fe80::/10",
    )
)  # fmt: skip
_PERSONAL = frozenset({Kind.ACCOUNT, Kind.EMAIL, Kind.SCHEME, Kind.WORKER})
"""Kinds of the ownership graph that people made up."""
_OF_A_PLACE = frozenset({Kind.LINE, Kind.ENTERPRISE, Kind.UPSTREAM, Kind.HIDDEN, Kind.RELAY})
"""Kinds that may name what lies in another region."""
_EMAIL = re.compile(r"[^\s@,;:'\"<>()/]+@[^\s@,;:'\"<>()/]+")
_ACCOUNT = re.compile(r"\b((?:0x)?[0-9A-Za-z]{24,})((?:[./+][^\s'\",;]+)?)")
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)"
)


class View:
    """One account's view of the services."""

    def __init__(self, services: Services, account: Account) -> None:
        self._attribute = services.attributor.attribute
        self._division = account.division
        self._everywhere = account.division == WHOLE_COUNTRY
        self._unmasked = Permission.PERSONAL in account.may

    def sees(self, held: Attribution, region: str | None = None) -> bool:
        """Say whether a record held so may be shown: its place, or one it may have, lies in the region."""
        divisions = (self._division,) if region is None else (self._division, region)
        return all(_lies(held, division) for division in divisions)

    def holder(self, held: Attribution) -> Attribution:
        """Return an attribution as it is shown: nobody, where it is another region's."""
        if self._everywhere:
            return held
        if not self.sees(held):
            return UNASSIGNED
        mine = tuple(one for one in held.candidates if lies_in(one.division, self._division))
        return held if len(mine) == len(held.candidates) else replace(held, candidates=mine)

    def verdicts(
        self, found: Sequence[StoredVerdict], holders: Sequence[Attribution], region: str | None = None
    ) -> list[tuple[StoredVerdict, Attribution]]:
        """Return those verdicts that may be shown, each with its holder as shown."""
        return [
            (stored, self.holder(held))
            for stored, held in zip(found, holders, strict=True)
            if self.sees(held, region)
        ]

    def answer(self, answer: Answer) -> Answer:
        """Return the answer to a look-up as it is shown."""
        if self._everywhere:
            return answer
        kept = self.verdicts(answer.verdicts, answer.holders)
        ask = answer.ask
        if ask.at_ns is None:
            held = kept[0][1] if kept else self.holder(self._attribute(ask.address, None, ask.port))
        else:
            held = self.holder(answer.attribution)
        known = bool(kept) or _names(held)
        if not known and ask.at_ns is not None:
            known = _names(self.holder(self._attribute(ask.address, None, ask.port)))
        return Answer(ask, tuple(v for v, _ in kept), tuple(h for _, h in kept), held, known, answer.hint)

    def answer_json(self, answer: Answer, lang: Lang) -> Json:
        """Return the `address` object of an answer that `answer` made."""
        shown = replace(answer, verdicts=tuple(self._partners(stored) for stored in answer.verdicts))
        told = answer_json(shown, self.sentence(lang))
        told["verdicts"] = [self._masked(verdict) for verdict in told["verdicts"]]
        return told

    def hit_json(self, stored: StoredVerdict, held: Attribution, lang: Lang) -> Json:
        """Return a `verdict` object."""
        hit = Hit(self._partners(stored).verdict, held, stored.cluster)
        return self._masked(verdict_json(hit, self.sentence(lang)))

    def sentence(self, lang: Lang) -> Callable[[Evidence], str]:
        """Return the renderer of a language that blanks what may not be shown."""
        worded = wording(lang)
        if self._everywhere and self._unmasked:
            return worded
        return lambda evidence: worded(self._blanked(evidence))

    def text(self, text: str) -> str:
        """Return a text from traffic with personal parts masked."""
        if self._unmasked:
            return text
        text = _EMAIL.sub(f"{BLANK}@{BLANK}", text)
        return _ACCOUNT.sub(lambda m: short(m[1]) + (m[2][0] + BLANK if m[2] else ""), text)

    def address(self, address: str) -> str:
        """Return an address as it is shown: of a private one, the block that it lies in."""
        block = None if self._unmasked else private_block(parse_address(address))
        return address if block is None else str(block)

    def name(self, kind: Kind, name: str) -> str:
        """Return a name of the ownership graph as it is shown: of a wallet its ends, of people's own none."""
        if self._unmasked:
            return name
        if kind in _PERSONAL:
            return BLANK
        return short(name) if kind is Kind.WALLET else self.text(name)

    def tells(self, kind: Kind) -> bool:
        """Say whether a link of a cluster may be told: not where it may name what another region holds."""
        return self._everywhere or kind not in _OF_A_PLACE

    @property
    def everywhere(self) -> bool:
        """Whether the whole country is seen."""
        return self._everywhere

    def _cluster(self, cluster: Json | None) -> None:
        if cluster is None:
            return
        links = [link for link in cluster["links"] if self.tells(Kind[link["kind"].upper()])]
        for link in links:
            link["name"] = self.name(Kind[link["kind"].upper()], link["name"])
            link["addresses"] = link["addresses"] if self._everywhere else None
        cluster["links"] = links
        cluster["addresses"] = cluster["addresses"] if self._everywhere else None

    def _masked(self, verdict: Json) -> Json:
        self._cluster(verdict["cluster"])
        if not self._unmasked:
            verdict["wallets"] = [self.text(short(wallet)) for wallet in verdict["wallets"]]
            verdict["agents"] = [self.text(agent) for agent in verdict["agents"]]
            verdict["rigs"] = [short(rig) for rig in verdict["rigs"]]
            for pace in (pace for rate in verdict["hashrate"] for pace in rate["series"]):
                pace["worker"] = pace["worker"] and short(pace["worker"])
            verdict["address"] = self.address(verdict["address"])
            for peer in verdict["peers"]:
                peer["address"] = self.address(peer["address"])
        return verdict

    def _partners(self, stored: StoredVerdict) -> StoredVerdict:
        """Leave out the partners that are registered in other regions."""
        verdict = stored.verdict
        if self._everywhere:
            return stored
        peers = tuple(peer for peer in verdict.peers if not self._foreign(peer.address, verdict.last_seen_ns))
        return stored if len(peers) == len(verdict.peers) else replace(stored, verdict=_with(verdict, peers))

    def _foreign(self, address: Address, at_ns: int) -> bool:
        held = self._attribute(address, at_ns, None)
        return _names(held) and not self.sees(held)

    def _blanked(self, evidence: Evidence) -> Evidence:
        params = tuple(
            (name, self._words(value, evidence.at_ns) if isinstance(value, str) else value)
            for name, value in evidence.params
        )
        return replace(evidence, params=params)

    def _words(self, text: str, at_ns: int) -> str:
        def address(match: re.Match[str]) -> str:
            try:
                found = parse_address(match[0].strip("[]"))
            except ValueError:
                return match[0]
            if not self._everywhere and self._foreign(found, at_ns):
                return BLANK
            block = None if self._unmasked else private_block(found)
            return match[0] if block is None else str(block)

        return self.text(_ADDRESS.sub(address, text))


def private_block(address: Address) -> IPv4Network | IPv6Network | None:
    """Return the private block that an address lies in; None for a public one."""
    return next((net for net in _PRIVATE if net.version == address.version and address in net), None)


def short(secret: str) -> str:
    """Return enough of a wallet to compare two, and too little to be one."""
    return f"{secret[:4]}{BLANK}{secret[-4:]}" if len(secret) > 16 else BLANK


def _lies(held: Attribution, division: str) -> bool:
    if held.certain:
        return lies_in(held.division, division)
    return division == WHOLE_COUNTRY or any(lies_in(one.division, division) for one in held.candidates)


def _names(held: Attribution) -> bool:
    return held.certain or bool(held.candidates)


def _with(verdict: Verdict, peers: tuple[object, ...]) -> Verdict:
    return replace(verdict, peers=peers)  # type: ignore[arg-type]
