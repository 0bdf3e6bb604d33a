"""An ambiguous stream: both parties' verdicts say so, and it weighs nothing either way."""

from classifier.kinds import Kind
from facts.names import Role
from protocols import events
from protocols.parser import Side
from tests.classifier.scenes import MINER, POOL, Line, line, login, share, verdicts


def talk(doubted: bool) -> Line:
    one = share(login(line()))
    if doubted:
        one.say(Side.CLIENT, events.StreamAmbiguous, cause="copies")
        one.say(Side.SERVER, events.StreamAmbiguous, cause="urgent")
    return one.over()


def test_both_verdicts_tell_of_it_and_stay_as_they_are() -> None:
    plain, doubted = verdicts(talk(False)), verdicts(talk(True))
    assert plain.keys() == doubted.keys() == {(MINER, Role.MINER), (POOL, Role.POOL)}
    for key, verdict in doubted.items():
        (told,) = [one for one in verdict.evidence if one.evidence.kind == Kind.STREAM_AMBIGUOUS]
        assert (told.weight, told.evidence.count) == (0.0, 2)
        assert dict(told.evidence.params)["message"] == "copies"
        assert (verdict.level, verdict.score) == (plain[key].level, plain[key].score)


def test_an_ambiguous_stream_without_a_mining_conversation_makes_no_verdict() -> None:
    one = line().say(Side.CLIENT, events.StreamAmbiguous, cause="copies").over()
    assert not verdicts(one)
