"""Compressed messages of a WebSocket connection: permessage-deflate (RFC 7692)."""

import zlib

MAX_MESSAGE = 65_535
"""Bytes kept of one message, before and after inflating: the longest message of a dialect has some 10,000.
A frame of that length has it in 16 bits."""

_TAIL = b"\x00\x00\xff\xff"  # RFC 7692, 7.2.2: taken off by the sender


class Inflater:
    """permessage-deflate of one side (RFC 7692); the window is kept from message to message, or not."""

    def __init__(self, takeover: bool, whole: bool) -> None:
        """`takeover`: a message may refer to those before it. `whole`: none of those is missing."""
        self._takeover = takeover
        self._whole = whole
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def lose(self) -> None:
        """Learn that a message is missing: later ones that refer to it cannot be read."""
        self._whole = False
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def read(self, payload: bytes) -> bytes | None:
        """Return a message; None where it refers to one that is missing.

        Raises ValueError where it cannot be inflated, or is longer than MAX_MESSAGE.
        """
        known = self._whole or not self._takeover
        if not self._takeover:
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            text = self._inflate.decompress(payload + _TAIL, MAX_MESSAGE + 1)
        except zlib.error as error:
            self.lose()
            if known:
                raise ValueError("a message that does not inflate") from error
            return None
        if len(text) > MAX_MESSAGE or self._inflate.unconsumed_tail:
            self.lose()
            raise ValueError(f"a message that inflates to more than {MAX_MESSAGE} bytes")
        if self._inflate.eof:  # a final block (7.2.3.4): allowed, never sent by the common libraries
            self.lose()
        return text
