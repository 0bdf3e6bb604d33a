"""Second-factor secrets at rest: sealed with a key that lies beside the database, not in it.

The key file holds one key a line, `<id> <key>` in hexadecimal, the first of them seals and all of them open:

    3f9c01aa 8d1e...

A sealed text is `sealed:<id>:<Base64 of nonce, tag and ciphertext>`, AES-256-GCM with the owner as associated
data, so that the secret of one account cannot be put in the place of another's.
"""

import base64
import binascii
import os
import secrets
import threading
from pathlib import Path

from facts.errors import SettingsError, StoreError

_BEGIN = "sealed:"
_NONCE, _TAG, _KEY = 12, 16, 32  # bytes


class Vault:
    """Seals and opens; the file is made at the first sealing, for its owner's eyes only."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._turn = threading.Lock()
        self._keys: dict[str, bytes] = {}

    def seal(self, text: str, owner: str) -> str:
        """Return a text as it may be kept. Raises SettingsError for a key file that is wrong."""
        from Crypto.Cipher import AES

        with self._turn:
            self._keys = self._read() or self._write([_new_key()])
            name, key = next(iter(self._keys.items()))
        nonce = secrets.token_bytes(_NONCE)
        cipher = AES.new(key, AES.MODE_GCM, nonce=nonce, mac_len=_TAG)
        cipher.update(owner.encode())
        sealed, tag = cipher.encrypt_and_digest(text.encode())
        return f"{_BEGIN}{name}:{base64.b64encode(nonce + tag + sealed).decode()}"

    def open(self, text: str, owner: str) -> str:
        """Return a sealed text; one that never was sealed as it is. Raises StoreError, SettingsError."""
        if not self.is_sealed(text):
            return text
        from Crypto.Cipher import AES

        name, _, raw = text.removeprefix(_BEGIN).partition(":")
        with self._turn:
            if name not in self._keys:  # another process may have made a new one
                self._keys = self._read()
            key = self._keys.get(name)
        if key is None:
            raise StoreError(
                f"a second factor is sealed with the key {name}, which {self._file} does not hold"
            )
        try:
            packed = base64.b64decode(raw, validate=True)
            cipher = AES.new(key, AES.MODE_GCM, nonce=packed[:_NONCE], mac_len=_TAG)
            cipher.update(owner.encode())
            opened = cipher.decrypt_and_verify(packed[_NONCE + _TAG :], packed[_NONCE : _NONCE + _TAG])
        except (ValueError, binascii.Error) as error:
            raise StoreError(f"the second factor of {owner} is not what was sealed") from error
        return opened.decode()

    @staticmethod
    def is_sealed(text: str) -> bool:
        """Say whether a text was sealed."""
        return text.startswith(_BEGIN)

    def add_key(self) -> None:
        """Seal with a new key from now on; the older ones still open."""
        with self._turn:
            self._keys = self._write([_new_key(), *self._read().items()])

    def drop_old_keys(self) -> int:
        """Forget all keys but the one that seals; return how many. What they sealed can never be opened."""
        with self._turn:
            keys = list(self._read().items())
            self._keys = self._write(keys[:1])
        return len(keys[1:])

    def _read(self) -> dict[str, bytes]:
        try:
            if os.name == "posix" and self._file.stat().st_mode & 0o077:
                raise SettingsError("others may read it: chmod 600", str(self._file))
            lines = self._file.read_text("ascii").splitlines()
            keys = {name: bytes.fromhex(key) for name, key in (line.split() for line in lines if line)}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise SettingsError(f"not a file of keys: {error}", str(self._file)) from error
        if not keys or any(len(key) != _KEY for key in keys.values()):
            raise SettingsError("a key has 64 hexadecimal digits", str(self._file))
        return keys

    def _write(self, keys: list[tuple[str, bytes]]) -> dict[str, bytes]:
        making = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        text = "".join(f"{name} {key.hex()}\n" for name, key in keys)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if len(keys) == 1 and not self._file.exists():
                try:
                    os.link(making, self._file)  # never in the place of one that another process just made
                except FileExistsError:
                    return self._read()
                finally:
                    making.unlink()
            else:
                os.replace(making, self._file)
        except OSError as error:
            raise SettingsError(f"the key cannot be kept: {error.strerror}", str(self._file)) from error
        return dict(keys)


def _new_key() -> tuple[str, bytes]:
    return secrets.token_hex(4), secrets.token_bytes(_KEY)
