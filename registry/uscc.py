"""Unified social credit codes: structure and both check characters.

Sources: GB 32100-2015 (the code) and GB 11714-1997 (the nine characters of the body inside it).

    1        2         3 ... 8            9 ... 16     17          18
    dept.    category  registrar's        body         body's      code's
                       division (GB/T     identifier   check       check
                       2260, 6 digits)                 character   character
"""

LENGTH = 18
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters, each worth its place: no I, O, S, V and Z, which look like others."""

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(LENGTH - 1))
_BODY_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""GB 11714 counts all 26 letters, so J is worth 19 here and 18 in the code around it."""
_BODY_VALUE = {character: value for value, character in enumerate(_BODY_ALPHABET)}
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_BODY = slice(8, 16)
_DIVISION = slice(2, 8)


def body_check_character(body: str) -> str:
    """Return the GB 11714 check character of eight body characters. Raises ValueError for any other text."""
    if len(body) != len(_BODY_WEIGHTS) or any(character not in _BODY_VALUE for character in body):
        raise ValueError(f"a body identifier is 8 digits or capital letters, not {body!r}")
    total = sum(_BODY_VALUE[c] * weight for c, weight in zip(body, _BODY_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def check_character(head: str) -> str:
    """Return the GB 32100 check character of the first 17 characters. Raises ValueError for other texts."""
    if len(head) != LENGTH - 1 or any(character not in _VALUE for character in head):
        raise ValueError(f"the head of a code is 17 characters of {ALPHABET}, not {head!r}")
    total = sum(_VALUE[c] * weight for c, weight in zip(head, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def completed(department: str, category: str, division: str, body: str) -> str:
    """Return the whole code of its free parts (1, 1, 6 and 8 characters), both check characters computed.

    Raises ValueError where a part is not what the standard allows.
    """
    head = department + category + division + body + body_check_character(body)
    code = head + check_character(head)
    if (why := fault(code)) is not None:
        raise ValueError(why)
    return code


def fault(code: str) -> str | None:
    """Return why `code` is no unified social credit code, or None where it is one.

    Exact: neither blanks nor small letters are forgiven. Departments and categories are not judged, since
    the registrars add to them.
    """
    if len(code) != LENGTH:
        return f"a unified social credit code has {LENGTH} characters, this has {len(code)}"
    for place, character in enumerate(code, start=1):
        if character not in _VALUE:
            return f"character {place} is {character!r}; only digits and capitals without I, O, S, V, Z occur"
    if not code[_DIVISION].isdigit():
        return f"characters 3 to 8 are the registrar's division, six digits, not {code[_DIVISION]!r}"
    if (expected := body_check_character(code[_BODY])) != code[16]:
        return f"check character 17 (of the body, GB 11714) is {code[16]!r}, computed {expected!r}"
    if (expected := check_character(code[:17])) != code[17]:
        return f"check character 18 (of the code, GB 32100) is {code[17]!r}, computed {expected!r}"
    return None
