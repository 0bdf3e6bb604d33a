"""The networks that speak Levin, by the id that their handshakes carry.

Source: NETWORK_ID in src/cryptonote_config.h of each client; docs/protocols/levin.md.
"""

Network = tuple[str, str]
"""Ticker, name of the network."""

NETWORK_IDS: dict[bytes, Network] = {
    bytes.fromhex(digits): (coin, name)
    for digits, coin, name in (
        ("1230f171610441611731008216a1a110", "XMR", "mainnet"),
        ("1230f171610441611731008216a1a111", "XMR", "testnet"),
        ("1230f171610441611731008216a1a112", "XMR", "stagenet"),
        ("1133ff77610441611731008216a1a110", "WOW", "mainnet"),
        ("1133ff77610441611731008216a1a111", "WOW", "testnet"),
        ("0406dfcefc7c274a24d4f38d424460a8", "SUMO", "mainnet"),
        ("120406dfcefc7c274a24d4f38d424460", "SUMO", "testnet"),
        ("11111111ffffff111111ffffff11111a", "ARQ", "mainnet"),
        ("11111111ffffff111111ffffff11111b", "ARQ", "testnet"),
        ("11111111ffffff111111ffffff11111c", "ARQ", "stagenet"),
        ("1230f1716104416117318253414cff10", "SAL", "mainnet"),
        ("cdac502eb3748ff20fb772180f732413", "RYO", "mainnet"),
    )
}
"""A fork that has no row here stays an unknown coin."""
