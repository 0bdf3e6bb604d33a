#!/bin/sh
# Runs the built image the way docs/deploy.md says, under buildah's chroot isolation, and checks what it promises:
# not root, no capability at all, kernels compiled ahead, a replay, the API on loopback, an orderly end on SIGTERM.
# usage: deploy/prove_image.sh [IMAGE]        (after deploy/image.sh; needs root)
set -eu
cd "$(dirname "$0")/.."
IMAGE=${1:-${IMAGE:-minescope}}
PORT=${PORT:-18765}
export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"
buildah info >/dev/null 2>&1 || export STORAGE_DRIVER=vfs
work=$(mktemp -d "${TMPDIR:-/var/tmp}/minescope-proof.XXXXXX")
container=$(buildah from --pull-never "$IMAGE")
trap 'buildah rm "$container" >/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
fail() { printf 'proof: FAILED: %s\n' "$1" >&2; exit 1; }
say() { printf 'proof: %s\n' "$1"; }
inside() {  # the image's user, with every capability set empty for good
    buildah run --user root -v "$PWD/pcaps:/captures:ro" "$container" -- setpriv --reuid=10001 --regid=10001 \
        --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
}

identity=$(buildah run --cap-drop=ALL "$container" -- python3 -c 'import os; print(os.getuid(), os.getgid())')
[ "$identity" = "10001 10001" ] || fail "the image's user is $identity, not 10001"
capabilities=$(inside grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb):' /proc/self/status | awk '{ print $2 }' | sort -u)
[ "$capabilities" = 0000000000000000 ] || fail "holds capabilities: $capabilities"
say "user and group 10001; what follows runs without a capability in any set"

say "$(inside minescope --version)"

code=0
inside minescope replay /captures/btc_farm.pcap --json >"$work/out" 2>"$work/err" || code=$?
[ "$code" = 1 ] || { cat "$work/err" >&2; fail "replay ended with $code, not 1 (mining found)"; }
if grep -qi compil "$work/err"; then fail "the first replay compiled: $(grep -i compil "$work/err")"; fi
tail -1 "$work/out" | grep -q '"summary"' || fail "the replay printed no summary"
say "first replay of a mounted capture: exit 1 (mining found), nothing compiled"

inside minescope serve --port "$PORT" >"$work/serve" 2>&1 &
server=$!
answer=
for _ in $(seq 100); do
    answer=$(python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:$PORT/healthz', timeout=2).status)" 2>/dev/null) && break
    kill -0 $server 2>/dev/null || { cat "$work/serve" >&2; fail "serve ended by itself"; }
    sleep 0.1
done
[ "$answer" = 200 ] || fail "/healthz did not answer in 10 s"
# What the server's own process gets when a container is stopped; buildah hands its exit code on.
inner=$(pgrep -u 10001 -f "minescope serve --port $PORT" | tail -1)
kill -TERM "$inner"
code=0
wait $server || code=$?
[ "$code" = 0 ] || { cat "$work/serve" >&2; fail "serve ended with $code on SIGTERM, not 0"; }
say "serve answers /healthz on loopback and ends with 0 on SIGTERM"
say "image: $(buildah images --format '{{.Size}}' "$IMAGE" | head -1)"
