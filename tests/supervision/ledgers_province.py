"""A generated province: honest participants, hubs that many share, miners, and who is planted beside them."""

from dataclasses import dataclass
from datetime import date
from random import Random

from supervision.ledgers.model import Participant, Relation, RelationKind
from supervision.ledgers.screening import Seed
from tests.supervision.ledgers_made import code

K = RelationKind
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚"


@dataclass(frozen=True)
class Province:
    """What is known, and the truth."""

    participants: list[Participant]
    seeds: list[Seed]
    relations: list[Relation]
    planted: dict[str, str]
    """Participants that belong to who mines, each with how."""


def province(seed: int, honest: int = 1500, miners: int = 25, planted: int = 60) -> Province:
    """Make one; the ways of planting are drawn anew with each seed."""
    draw = Random(seed)
    number = iter(range(1, 10**6))
    relations: list[Relation] = []
    made: dict[str, str] = {}

    def enterprise() -> str:
        """An enterprise with a person, an address, a telephone and an account of its own."""
        own = code(next(number))
        name = draw.choice(_SURNAMES) + draw.choice(_GIVEN) + draw.choice(["", draw.choice(_GIVEN)])
        relations.extend(
            [
                Relation(own, K.LEGAL_PERSON, name, f"id-{own}" if draw.random() < 0.7 else ""),
                Relation(own, K.ADDRESS, f"示例路{own[-6:]}号{draw.randint(1, 900)}室"),
                Relation(own, K.PHONE, f"138{own[-8:-2]}{draw.randint(0, 99):02d}".replace("M", "1")),
                Relation(own, K.ACCOUNT, f"33{next(number):08d}"),
            ]
        )
        return own

    people = [enterprise() for _ in range(honest)]
    mining = [enterprise() for _ in range(miners)]
    _hubs(draw, relations, people, mining)
    ways = [
        *(_by_account, _by_person, _by_wallet, _by_office, _by_shell, _by_parent, _by_host, _by_line),
        *(_by_name_and_room, _by_telephone),
    ]
    for place in range(planted):
        own, miner = enterprise(), draw.choice(mining)
        way = ways[place % len(ways)]
        way(draw, relations, own, miner, enterprise)
        made[own] = way.__name__.removeprefix("_by_")
    listed = set(draw.sample(mining, miners * 3 // 4))
    since = date(2026, 1, 5)
    seeds = [Seed(one, 1.0 if one in listed else 0.97, one in listed, since, "doc") for one in mining]
    trading = [*people, *made, *draw.sample(mining, 5)]
    participants = [
        Participant(one, "示例电力交易中心", one, "", "user", "330000", (), "", date(2025, 1, 1), None, None)
        for one in trading
    ]
    draw.shuffle(relations)
    return Province(participants, seeds, relations, made)


def _hubs(draw: Random, relations: list[Relation], people: list[str], mining: list[str]) -> None:
    """Parks, agents, nominees, letting houses and data centres that miners use as honest ones do."""
    for hub in range(6):
        guests = [*draw.sample(people, draw.randint(16, 90)), *draw.sample(mining, 3)]
        relations.extend(Relation(one, K.ADDRESS, f"示例产业园{hub}号楼") for one in guests)
        agent = [one for one in guests if draw.random() < 0.7]
        relations.extend(Relation(one, K.AGENT, f"示例代理记账{hub}") for one in agent)
        relations.extend(Relation(one, K.PHONE, f"0571-8888000{hub}") for one in agent)
    for hub in range(12):  # small incubators: few are known, the wording tells
        guests = [*draw.sample(people, 3), draw.choice(mining)]
        relations.extend(Relation(one, K.ADDRESS, f"示例孵化器{hub}层(集群注册)") for one in guests)
    for hub in range(3):
        nominee = [*draw.sample(people, 35), *draw.sample(mining, 2)]
        relations.extend(Relation(one, K.MANAGER, "挂名", f"nominee-{hub}") for one in nominee)
    for hub in range(2):  # a data centre with honest tenants and one that mines: strangers to each other
        tenants = [*draw.sample(people, 40), draw.choice(mining)]
        host = f"site-dc-{hub}"
        relations.extend(Relation(one, K.SITE, host) for one in tenants)
    for hub in range(60):  # small agencies: one room, one telephone, of some also one nominee supervisor
        guests = [*draw.sample(people, draw.randint(2, 7)), *draw.sample(mining, draw.choice([0, 0, 1]))]
        for one in guests:
            relations.append(Relation(one, K.ADDRESS, f"示例路{hub}号一层"))
            relations.append(Relation(one, K.PHONE, f"0571-777000{hub:02d}"))
            relations.append(Relation(one, K.AGENT, f"示例小代理{hub}"))
            if hub < 8:
                relations.append(Relation(one, K.MANAGER, "挂名监事", f"supervisor-{hub}"))
    for _ in range(30):  # one building of few tenants, among them one that mines
        building = f"示例大厦{draw.randint(1, 10**6)}"
        relations.extend(
            Relation(one, K.ADDRESS, building) for one in (draw.choice(people), draw.choice(mining))
        )


def _by_account(draw, relations, own, miner, more) -> None:
    relations.extend(Relation(one, K.ACCOUNT, f"acct-{own}") for one in (own, miner))


def _by_person(draw, relations, own, miner, more) -> None:
    roles = [K.LEGAL_PERSON, draw.choice([K.LEGAL_PERSON, K.CONTROLLER, K.SHAREHOLDER])]
    for one, role in zip((own, miner), roles, strict=True):
        relations.append(Relation(one, role, "某人", f"person-{own}"))


def _by_wallet(draw, relations, own, miner, more) -> None:
    relations.extend(Relation(one, K.WALLET, f"4wallet{own}") for one in (own, miner))


def _by_office(draw, relations, own, miner, more) -> None:
    """One room and one telephone, and a manager."""
    for one in (own, miner):
        relations.append(Relation(one, K.ADDRESS, f"示例路88号{own[-7:]}室"))
        relations.append(Relation(one, K.PHONE, f"0571-{own}"))
        relations.append(Relation(one, K.MANAGER, "某经理", f"manager-{own}"))


def _by_shell(draw, relations, own, miner, more) -> None:
    """A shell stands between."""
    shell = more()
    _by_person(draw, relations, own, shell, more)
    relations.extend(Relation(one, K.BANK_ACCOUNT, f"示例银行 {shell}") for one in (shell, miner))


def _by_parent(draw, relations, own, miner, more) -> None:
    relations.append(Relation(own, K.SHAREHOLDER, miner))


def _by_host(draw, relations, own, miner, more) -> None:
    relations.append(Relation(miner, K.PARTNER, own))


def _by_name_and_room(draw, relations, own, miner, more) -> None:
    """A person whose number no register tells, and one room."""
    for one in (own, miner):
        relations.append(Relation(one, K.LEGAL_PERSON, f"某{own[-6:]}"))
        relations.append(Relation(one, K.ADDRESS, f"示例路99号{own[-7:]}室"))


def _by_telephone(draw, relations, own, miner, more) -> None:
    """One telephone and nothing else."""
    relations.extend(Relation(one, K.PHONE, f"0571-{own}") for one in (own, miner))


def _by_line(draw, relations, own, miner, more) -> None:
    relations.extend(Relation(one, K.LINE, f"line-{own}") for one in (own, miner))
