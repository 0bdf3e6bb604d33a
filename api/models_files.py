"""The shapes of answers: what is known of an enterprise, a site, a pool; decisions and kept packets."""

from typing import Literal

from pydantic import Field

from api.models import Model, Time, VerdictModel


class SiteRecordModel(Model):
    """A place where lines end, as the registry holds it."""

    id: str
    name: str
    division: str = Field(description="GB/T 2260 code.")
    address: str
    longitude: float | None
    latitude: float | None
    datum: Literal["WGS-84", "GCJ-02", "CGCS2000"] | None
    landlord: str = Field(description="Credit code or name; empty where unknown.")
    meters: list[str] = Field(description="Numbers of the electricity meters.")
    source: str = Field(description="Who said so.")


class AssignmentModel(Model):
    """One prefix in one period."""

    prefix: str
    line: str
    uscc: str | None
    site: str | None
    valid_from: Time
    valid_to: Time | None = Field(description="First instant after the period; null while it lasts.")
    source: str


class DecisionModel(Model):
    """What a person decided of an address."""

    id: int
    address: str
    decision: Literal["confirm", "reject"]
    reason: str
    by: str = Field(description="The account.")
    time: Time


class DecisionsModel(Model):
    """Decisions about one address."""

    decisions: list[DecisionModel] = Field(description="The latest first: it counts.")


class KeptPacketsModel(Model):
    """Where the packets of an address are."""

    address: str
    packets: int
    href: str = Field(description="Path of the capture file.")


class FoundModel(Model):
    """What was found of the addresses of a file."""

    verdicts: list[VerdictModel] = Field(description="At most 1,000, cleared ones among them.")
    evidence: list[KeptPacketsModel]
    decisions: list[DecisionModel] = Field(description="The latest first.")


class EnterpriseFileModel(FoundModel):
    """What is held on an enterprise."""

    type: Literal["enterprise"]
    uscc: str
    name: str
    address: str = Field(description="Registered address; empty where unknown.")
    legal_form: str
    industry: str
    status: str
    source: str
    sites: list[SiteRecordModel]
    assignments: list[AssignmentModel] = Field(description="By address; at most 2,000.")
    more: bool = Field(description="There are more assignments than are told.")


class NamedModel(Model):
    """An enterprise by name."""

    uscc: str
    name: str


class SiteFileModel(SiteRecordModel, FoundModel):
    """What is held on a site."""

    type: Literal["site"]
    enterprises: list[NamedModel]
    assignments: list[AssignmentModel]
    more: bool


class PoolFileModel(FoundModel):
    """What is held on a pool."""

    type: Literal["pool"]
    name: str
    coins: list[str]
    addresses: list[str] = Field(description="Addresses that were found to be the pool.")


class PacketModel(Model):
    """One packet that evidence names."""

    source: str
    frame: int
    time: Time
    kinds: list[str] = Field(description="Kinds of the evidence that it shows.")
    link_type: int = Field(description="LINKTYPE_ value.")
    length: int = Field(description="Bytes on the wire; more than `data` where the packet was cut.")
    data: str = Field(description="The bytes, in Base64.")
    sha256: str = Field(description="Of the bytes when they were kept.")
    intact: bool


class EvidencePacketsModel(Model):
    """The kept packets of one address."""

    address: str
    capture: str = Field(description="Path of the same as a capture file.")
    packets: list[PacketModel]
