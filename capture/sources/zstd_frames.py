"""Where zstd frames begin and end, told from their headers alone.

The decoding library ends a cut stream like a whole one; who follows the headers knows better.
Source: RFC 8878, section 3.1.
"""

from typing import Final

_FRAME: Final = b"\x28\xb5\x2f\xfd"
_SKIPPABLE: Final = b"\x2a\x4d\x18"
_SIZE_FIELD: Final = (0, 2, 4, 8)
_DICTIONARY_FIELD: Final = (0, 1, 2, 4)


class FrameWalk:
    """Follows frame and block headers; the bytes between them are passed over unread.

    It judges nothing but whether a frame follows a frame: what is wrong in a frame the decoder says.
    """

    def __init__(self) -> None:
        self._pass = 0
        self._header = b""
        self._wanted = 4
        self._step = self._magic
        self._checksum = 0
        self.strayed = False
        """Whether something stands behind a frame that is none."""

    @property
    def between_frames(self) -> bool:
        """Whether everything so far was whole frames."""
        return not self._pass and not self._header and self._step == self._magic

    def feed(self, data: bytes) -> int:
        """Go on over the next bytes of the stream; return how many of them belong to frames."""
        at = 0
        while at < len(data) and not self.strayed:
            if self._pass:
                passed = min(self._pass, len(data) - at)
                self._pass -= passed
                at += passed
                continue
            began = at
            piece = data[at : at + self._wanted - len(self._header)]
            self._header += piece
            at += len(piece)
            if len(self._header) == self._wanted:
                header, self._header = self._header, b""
                if self._step == self._magic and not _begins(header):
                    self.strayed = True
                    return began
                self._step(header)
        return at

    def _magic(self, header: bytes) -> None:
        if header == _FRAME:
            self._step, self._wanted = self._descriptor, 1
        else:
            self._step, self._wanted = self._skippable, 4

    def _skippable(self, header: bytes) -> None:
        self._pass = int.from_bytes(header, "little")
        self._step, self._wanted = self._magic, 4

    def _descriptor(self, header: bytes) -> None:
        flags = header[0]
        single = flags >> 5 & 1
        self._pass = _SIZE_FIELD[flags >> 6] + _DICTIONARY_FIELD[flags & 3]
        self._pass += 1 if not single or not flags >> 6 else 0  # the window, or a size of one byte
        self._checksum = 4 if flags & 4 else 0
        self._step, self._wanted = self._block, 3

    def _block(self, header: bytes) -> None:
        word = int.from_bytes(header, "little")
        last, kind, size = word & 1, word >> 1 & 3, word >> 3
        self._pass = 1 if kind == 1 else size  # kind 1 is one byte, repeated
        if last:
            self._pass += self._checksum
            self._step, self._wanted = self._magic, 4


def _begins(magic: bytes) -> bool:
    """Say whether a magic number begins a frame, skippable or not."""
    return magic == _FRAME or (magic[1:] == _SKIPPABLE and magic[0] & 0xF0 == 0x50)
