"""Why a packet was not parsed: stable names, in the order of the kernel's counters."""

REASONS = (
    "parsed",
    "unsupported-link",
    "truncated-link",
    "not-ip",
    "truncated-ip",
    "bad-ip-version",
    "bad-ip-header-length",
    "bad-ip-length",
    "truncated-transport",
    "nesting-too-deep",
    "encrypted-link",
    "fragmented-link",
)
(
    PARSED,
    UNSUPPORTED_LINK,
    TRUNCATED_LINK,
    NOT_IP,
    TRUNCATED_IP,
    BAD_IP_VERSION,
    BAD_IP_HEADER_LENGTH,
    BAD_IP_LENGTH,
    TRUNCATED_TRANSPORT,
    NESTING_TOO_DEEP,
    ENCRYPTED_LINK,
    FRAGMENTED_LINK,
) = range(len(REASONS))
