"""The shapes of answers: who belongs together."""

from typing import Literal

from pydantic import Field

from api.models import LinkModel, Model, Probability, Time


class ToldLinkModel(LinkModel):
    """A name that members of a cluster share, in words too."""

    because: str | None = Field(description="Null where a part is seen only.")


class ClusterModel(Model):
    """Addresses that belong together."""

    type: Literal["cluster"]
    id: str = Field(description="Stays while the cluster grows; of two that become one the older remains.")
    sort: Literal["operator", "campaign", "insider", "single"]
    says: str = Field(description="The sort in the language asked for.")
    score: Probability = Field(description="That its weakest member belongs to it.")
    certainty: Probability = Field(description="Of `sort`.")
    addresses: int = Field(description="Addresses that the account may see.")
    first_seen: Time
    last_seen: Time
    because: list[str] = Field(description="Why it is of this sort; empty where a part is seen only.")
    links: list[ToldLinkModel] = Field(description="Heaviest first.")


class ClustersModel(Model):
    """One page of clusters."""

    clusters: list[ClusterModel] = Field(description="Those with most addresses first.")
    next: str | None = Field(description="Give it as `cursor` for the next page; null at the end.")


class ClusterMemberModel(Model):
    """One account at one address."""

    address: str
    party: str | None = Field(description="Who is paid, with its kind: `wallet:...`; null where not named.")
    score: float = Field(description="Log-odds (nats) that it belongs with the others.")
    first_seen: Time
    last_seen: Time
    line: str | None
    enterprise: str | None = Field(description="Unified social credit code.")


class ClusterFileModel(ClusterModel):
    """A cluster with its members."""

    members: list[ClusterMemberModel] = Field(description="By address; at most 5,000.")
    more: bool
