"""How much an address mines, as lines for a person: hashrate, machines, kilowatts, each with its interval."""

from facts.verdict import Hashrate, Machines, Power, Verdict
from minescope.language import Lang

WORDS: dict[str, tuple[str, str]] = {
    "machine": ("{value} machine", "{value} 台机器"),
    "machines": ("{value} machines", "{value} 台机器"),
    "between": ("({low} to {high})", "（{low} 至 {high}）"),
    "kilowatts": ("{value} kW {between}, {day} kWh a day", "{value} 千瓦{between}，每天 {day} 千瓦时"),
    "watts": ("{value} W {between}, {day} kWh a day", "{value} 瓦{between}，每天 {day} 千瓦时"),
    "reported": ("says {value} of itself", "自报 {value}"),
}
"""Every word: (English, Simplified Chinese)."""

_PREFIXES = ("", "k", "M", "G", "T", "P", "E", "Z")


def lines(verdict: Verdict, lang: Lang) -> list[str]:
    """Return what is known, a line each; none where nothing is."""
    found = [_rate(rate, lang) for rate in verdict.hashrate]
    if verdict.machines is not None:
        found.append(_machines(verdict.machines, lang))
    if verdict.power is not None:
        found.append(_power(verdict.power, lang))
    return found


def hashes(value: float, unit: str = "H/s") -> str:
    """Return hashes a second with three digits and the prefix that fits."""
    step = 0
    while value >= 999.5 and step < len(_PREFIXES) - 1:
        value, step = value / 1_000, step + 1
    return f"{number(value)} {_PREFIXES[step]}{unit}"


def number(value: float) -> str:
    """Return three digits, with separators where there are more before the point."""
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 0.001 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def _rate(rate: Hashrate, lang: Lang) -> str:
    between = _word("between", lang).format(low=hashes(rate.low), high=hashes(rate.high))
    said = f"{rate.algorithm} {hashes(rate.value)} {between}"
    if rate.reported is not None:
        said += f", {_word('reported', lang).format(value=hashes(rate.reported))}"
    return said


def _machines(machines: Machines, lang: Lang) -> str:
    said = _word("machine" if machines.value == 1 else "machines", lang).format(value=f"{machines.value:,}")
    if machines.low == machines.high:
        return said
    between = _word("between", lang).format(low=f"{machines.low:,}", high=f"{machines.high:,}")
    return f"{said} {between}" if lang is Lang.EN else said + between


def _power(power: Power, lang: Lang) -> str:
    key, times = ("kilowatts", 1) if power.value >= 1 else ("watts", 1_000)
    between = _word("between", lang).format(low=number(power.low * times), high=number(power.high * times))
    return _word(key, lang).format(
        value=number(power.value * times), between=between, day=number(power.value * 24)
    )


def _word(key: str, lang: Lang) -> str:
    return WORDS[key][1 if lang is Lang.ZH else 0]
