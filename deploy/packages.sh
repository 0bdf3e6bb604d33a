#!/bin/sh
# Sees to it that system packages are there: installs what is missing as root or with sudo, else names it and fails.
# usage: deploy/packages.sh need COMMAND-OR-FILE=PACKAGE...   |   deploy/packages.sh install PACKAGE...
set -eu
PATH=$PATH:/usr/sbin:/sbin  # softflowd and debootstrap lie where a user's PATH does not look
verb=${1:-nothing}
[ $# = 0 ] || shift
missing=
case $verb in
    need)
        for pair in "$@"; do
            found=${pair%%=*}
            case $found in
                /*) [ -e "$found" ] || missing="$missing ${pair#*=}" ;;
                *) command -v "$found" >/dev/null 2>&1 || missing="$missing ${pair#*=}" ;;
            esac
        done ;;
    install) missing=" $*" ;;
    *) echo "packages: need or install, not '$verb'" >&2; exit 3 ;;
esac
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root=sudo
else
    echo "packages: missing:$missing. Install with: apt-get install$missing (needs root, and sudo cannot be used here)" >&2
    exit 3
fi
command -v apt-get >/dev/null 2>&1 || { echo "packages: missing:$missing, and this is no Debian or Ubuntu: install them by hand" >&2; exit 3; }
echo "packages: installing$missing" >&2
quietly() {  # runs a command and shows what it said only if it failed
    said=$("$@" 2>&1) || { code=$?; printf '%s\n' "$said" >&2; echo "packages: could not install$missing" >&2; exit $code; }
}
quietly $as_root apt-get update -qq
# shellcheck disable=SC2086  # package names, split on purpose
quietly $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
