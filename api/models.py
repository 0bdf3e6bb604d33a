"""The shapes of the answers: the output contract's names, as the OpenAPI description shows them.

Routes answer with the dictionaries of pipeline/contract.py and pipeline/lookup.py; the tests hold every
answer against these models, which allow no other key.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from facts.names import Level, PeerState, Role

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Probability = Annotated[float, Field(ge=0, le=1)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Model(BaseModel):
    """Every key is always present; no other key is."""

    model_config = ConfigDict(extra="forbid")


class PeerModel(Model):
    """A conversation partner."""

    address: str
    port: Port = Field(description="Service port of the conversation, from either side's point of view.")
    role: Role | None = Field(description="The partner's role in this conversation.")
    protocol: str
    state: PeerState = Field(description="`exchange` where both directions were read, else `attempt`.")


class PaceModel(Model):
    """Hashes a second in one span of time, of one worker or of all together."""

    worker: str | None = Field(description="Name as seen; null for all together.")
    start: Time
    seconds: float
    shares: int
    rejected: int
    stale: int
    value: float
    low: float
    high: float


class HashrateModel(Model):
    """Hashes a second of one algorithm, with a 95 % interval."""

    algorithm: str
    value: float
    low: float
    high: float
    unit: Literal["H/s"]
    shares: int = Field(description="Accepted.")
    rejected: int = Field(description="Refused for other reasons than lateness.")
    stale: int
    reported: float | None = Field(description="What the miner says of itself, H/s.")
    coverage: float = Field(description="Estimated part of the exchange that the capture holds.")
    seconds: float = Field(description="Time over which the shares were found.")
    series: list[PaceModel] = Field(description="By time, and by worker where there are several.")


class MachinesModel(Model):
    """How many machines mine behind the address, with a 95 % interval."""

    value: int
    low: int
    high: int
    exact: bool = Field(description="Counted one by one, by numbers that the protocol gives them.")
    basis: Literal["sessions", "workers", "connections", "spaces", "addresses", "hashrate"]


class MachineModelModel(Model):
    """A machine that would explain the hashrate."""

    name: str
    probability: Probability


class PowerModel(Model):
    """Electric power in kW of all algorithms together, with a 90 % interval."""

    value: float
    low: float
    high: float
    overhead: list[float] = Field(description="Least and most that the site draws for each kW of machines.")
    models: list[MachineModelModel] = Field(description="The most probable machines.")


class EnergyRangeModel(Model):
    """Kilowatt-hours at the power of `power_kw`."""

    value: float
    low: float
    high: float


class EnergyModel(Model):
    """Kilowatt-hours of a day, and of a month of thirty."""

    day: EnergyRangeModel
    month: EnergyRangeModel


class EvidenceModel(Model):
    """One thing that was seen, and where a person can look at it."""

    kind: str = Field(description="Stable and dotted, e.g. `stratum.share_accepted`.")
    because: str = Field(description="A sentence in the language asked for.")
    source: str = Field(description="The capture that shows it.")
    frame: int | None = Field(description="Frame number in that capture, from 1.")
    time: Time
    weight: float = Field(description="Log-odds (nats) that it adds; negative speaks against.")
    count: int = Field(description="How often it was seen.")


class HolderModel(Model):
    """Who held the address, and where the line ends."""

    enterprise: str | None
    uscc: str | None = Field(description="Unified social credit code.")
    line: str | None
    site: str | None = Field(description="Id of the site.")
    division: str | None = Field(description="GB/T 2260 code of the site.")
    address: str | None = Field(description="Postal address of the site.")
    longitude: float | None
    latitude: float | None
    datum: Literal["WGS-84", "GCJ-02", "CGCS2000"] | None
    valid_from: Time | None
    valid_to: Time | None


class CandidateModel(HolderModel):
    """One possible holder."""

    probability: Probability


class AttributionModel(HolderModel):
    """Whose address it was. The holder's keys are null unless `certain`."""

    certain: bool
    candidates: list[CandidateModel] = Field(description="Possible holders, most probable first.")
    missing: list[str] = Field(description="The facts that would make the answer certain.")


class LinkModel(Model):
    """A name that members of a cluster share."""

    kind: str = Field(description="`wallet`, `account`, `email`, `scheme` (of rig names), `agent`, ...")
    name: str
    addresses: int | None = Field(description="Addresses that share it; null where a part is seen only.")
    weight: float = Field(description="Log-odds (nats) that it adds for two that share it.")


class BelongingModel(Model):
    """The cluster of an address in brief; `/v1/clusters/{id}` holds all of it."""

    id: str
    sort: Literal["operator", "campaign", "insider", "single"]
    score: Probability = Field(description="That its weakest member belongs to it.")
    certainty: Probability = Field(description="Of `sort`.")
    addresses: int | None = Field(description="Null where a part of them is seen only.")
    links: list[LinkModel] = Field(description="Heaviest first.")


class VerdictModel(Model):
    """One address in one role: the same object as a line of `minescope replay --json`."""

    type: Literal["verdict"]
    source: str = Field(description="The capture judged, or the common name of those judged together.")
    address: str
    role: Role
    level: Level
    score: Probability
    protocols: list[str]
    coins: list[str]
    algorithms: list[str]
    encrypted: bool
    peers: list[PeerModel]
    first_seen: Time
    last_seen: Time
    agents: list[str]
    wallets: list[str]
    workers: int | None = Field(description="Distinct worker names seen.")
    pools: list[str] = Field(description="Pool operators that the address spoke to, or is.")
    hashrate: list[HashrateModel] = Field(description="By algorithm; those of several are never summed.")
    rigs: list[str] = Field(description="Names that the machines go by, as seen.")
    machines: MachinesModel | None
    power_kw: PowerModel | None
    energy_kwh: EnergyModel | None
    evidence: list[EvidenceModel] = Field(description="Heaviest first, counter-evidence included.")
    attribution: AttributionModel | None = Field(description="Whose address it was when last seen.")
    cluster: BelongingModel | None = Field(description="What it belongs to, with other addresses.")


class StrongestModel(Model):
    """The verdict of the highest level, then the highest score."""

    role: Role
    level: Level
    score: Probability


class EnterpriseModel(Model):
    """The enterprise that held the address at the time asked for."""

    name: str
    uscc: str | None


class SiteModel(Model):
    """Where the line of the address ends."""

    id: str
    division: str | None
    address: str | None
    longitude: float | None
    latitude: float | None
    datum: Literal["WGS-84", "GCJ-02", "CGCS2000"] | None


class HintModel(Model):
    """What the operator's own .mmdb file says of an address: a hint, never the registered place."""

    hint: Literal[True]
    source: str = Field(description="Name of the file.")
    built: int = Field(description="When the file was built, seconds since 1970.")
    country: str | None
    region: str | None
    city: str | None
    organization: str | None
    longitude: float | None
    latitude: float | None


class AddressModel(Model):
    """What is known of one address. Lists unite the verdicts that were not cleared."""

    type: Literal["address"]
    address: str = Field(description="Canonical; mapped IPv4 is written as IPv4.")
    at: Time | None = Field(description="The time asked for; null: when the address was last seen.")
    port: Port | None = Field(description="The port asked for.")
    known: bool = Field(description="A capture has shown the address, or the registry has ever held it.")
    verdict: StrongestModel | None
    roles: list[Role] = Field(description="Roles that were not cleared, strongest first.")
    protocols: list[str]
    coins: list[str]
    pools: list[str]
    first_seen: Time | None
    last_seen: Time | None
    enterprise: EnterpriseModel | None = Field(description="Null unless the attribution is certain.")
    site: SiteModel | None = Field(description="Null unless the attribution is certain.")
    attribution: AttributionModel
    hint: HintModel | None = Field(description="From MINESCOPE_LOCATION_HINT; null where none is set.")
    verdicts: list[VerdictModel] = Field(description="Last seen first, each with its evidence.")


class HitsModel(Model):
    """One page of hits."""

    hits: list[VerdictModel] = Field(description="Last seen first.")
    next: str | None = Field(description="Give it as `cursor` for the next page; null at the end.")
