"""Refusals of supervision's rules: a sentence in both languages that says what is wrong and what could be."""

from facts.errors import NotHeldError, UsageError


class Refused(UsageError):
    """Something asked for that the rules do not allow."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en = en
        self.zh = zh

    def told(self, lang: str) -> str:
        """Return the sentence in a language, `en` or `zh`."""
        return self.zh if lang == "zh" else self.en


class Forbidden(Refused):
    """Something that another role, region or department may do."""


class Unknown(Refused, NotHeldError):
    """Something that is not there, or that who asks may not see."""

    def __init__(self, what: str) -> None:
        super().__init__(f"nothing is held under {what}", f"没有以 {what} 为标识的记录")


class NotKnownThen(Unknown):
    """Something that is held now, and that nobody knew of at the time that is spoken of."""

    def __init__(self, what: str, then: str) -> None:
        Refused.__init__(self, f"{what} was not known then ({then})", f"{what} 当时尚未掌握（{then}）")
