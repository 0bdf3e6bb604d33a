from ipaddress import ip_address

import numpy as np

from classifier.shape import Scores
from facts.endpoint import Address, packed16
from facts.flow import FLOW
from pipeline.shape_labels import _labels, _words


def test_decisions_label_what_the_model_speaks_for_and_all_of_the_rejected() -> None:
    ends: list[tuple[Address, Address]] = [
        (ip_address("10.0.0.1"), ip_address("192.0.2.1")),
        (ip_address("10.0.0.1"), ip_address("192.0.2.2")),
        (ip_address("10.0.0.2"), ip_address("192.0.2.3")),
        (ip_address("10.0.0.3"), ip_address("192.0.2.3")),
    ]
    flows = np.zeros(4, FLOW)
    for row, (client, server) in zip(flows, ends, strict=True):
        row["a_hi"], row["a_lo"] = _words(client)
        row["b_hi"], row["b_lo"] = _words(server)
    together = np.array([6.0, -3.0, 5.0, -9.0])
    none = np.zeros(4)
    scores = Scores(together, np.arange(4), together, none, none.astype(np.uint8), np.zeros((4, 1)))
    words = {_words(ends[0][0]): True, _words(ends[2][0]): False}
    # confirmed: only what the model speaks for; rejected: all; not decided: -1
    assert _labels(flows, scores, words).tolist() == [1, -1, 0, -1]


def test_words_are_the_two_halves_of_the_address() -> None:
    raw = packed16(ip_address("2001:db8::7"))
    assert _words(ip_address("2001:db8::7")) == (int.from_bytes(raw[:8]), int.from_bytes(raw[8:]))
