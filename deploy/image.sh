#!/bin/sh
# Builds the container image with buildah, without a daemon and without a container runtime (chroot isolation).
# usage: deploy/image.sh            the image is called $IMAGE (minescope)
#   BASE=...   base image; without it Debian is pulled, or where no container registry answers a base is made here
#              with debootstrap from the mirror that apt uses (root only) and kept as localhost/minescope-base
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
IMAGE=${IMAGE:-minescope}
PULLED=docker.io/library/debian:12-slim
PULL_SECONDS=120  # a registry that has not delivered 30 MB by then does not count as reachable
export BUILDAH_ISOLATION="${BUILDAH_ISOLATION:-chroot}"
say() { printf 'image: %s\n' "$1" >&2; }

sh deploy/packages.sh need buildah=buildah
# Inside another container the kernel may refuse overlay mounts; vfs copies instead, which always works.
buildah info >/dev/null 2>&1 || export STORAGE_DRIVER=vfs

work=$(mktemp -d "${TMPDIR:-/var/tmp}/minescope-image.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 130' INT TERM

# What apt-get here reads Debian or Ubuntu from: "ORIGIN URI SUITE COMPONENT CODENAME" a line.
apt_targets() {
    command -v apt-get >/dev/null 2>&1 || return 0
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT) $(CODENAME)' 'Identifier: Packages' \
        | grep -E '^(Debian|Ubuntu) ' || true
}

make_base() {
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    base=localhost/minescope-base:$codename
    if buildah inspect --type image "$base" >/dev/null 2>&1; then
        say "using the base made before, $base (buildah rmi $base to have it made anew)"
        return
    fi
    [ "$(id -u)" = 0 ] || { say "debootstrap needs root; run as root, or name a base image: BASE=... make image"; exit 3; }
    mirror=$(apt_targets | awk -v suite="$codename" '$3 == suite { print $2; exit }')
    [ -n "$mirror" ] || { say "apt names no mirror of $codename here; name a base image: BASE=... make image"; exit 3; }
    sh deploy/packages.sh need debootstrap=debootstrap
    say "making a base of $codename with debootstrap"
    debootstrap --variant=minbase "$codename" "$work/base" "$mirror" >"$work/debootstrap.log" 2>&1 \
        || { tail -5 "$work/debootstrap.log" >&2; say "debootstrap failed"; exit 2; }
    # Nothing of this machine stays in the base: neither its mirror nor its name or name servers.
    for file in etc/apt/sources.list etc/hostname etc/resolv.conf; do : >"$work/base/$file"; done
    find "$work/base/dev" "$work/base/var/lib/apt/lists" "$work/base/var/cache/apt/archives" "$work/base/var/log" \
        -mindepth 1 ! -type d -delete
    container=$(buildah from scratch)
    cp -a --one-file-system "$work/base/." "$(buildah mount "$container")/"
    buildah umount "$container" >/dev/null
    buildah config --cmd /bin/sh "$container"
    buildah commit --quiet --rm "$container" "$base" >/dev/null
}

if [ -n "${BASE:-}" ]; then
    base=$BASE
elif buildah inspect --type image "$PULLED" >/dev/null 2>&1 || timeout $PULL_SECONDS buildah pull -q "$PULLED" >/dev/null 2>&1; then
    base=$PULLED
else
    say "no container registry answers"
    make_base
fi

# How apt and pip reach their registries on this machine: certificates, proxies, mirrors, indexes. Build secrets all
# of them, so that neither the image nor its history holds any. Proxies in the environment buildah passes by itself.
: >"$work/apt.conf"; : >"$work/apt.list"; : >"$work/ca.pem"
echo '[global]' >"$work/pip.conf"
for bundle in "${PIP_CERT:-}" "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt; do
    if [ -r "$bundle" ]; then
        cp "$bundle" "$work/ca.pem"
        echo 'cert = /run/secrets/ca.pem' >>"$work/pip.conf"
        echo 'Acquire::https::CAInfo "/run/secrets/ca.pem";' >>"$work/apt.conf"
        break
    fi
done
if command -v apt-config >/dev/null 2>&1; then
    apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries)' | grep -v CAInfo >>"$work/apt.conf" || true
fi
case $base in localhost/minescope-base:*)
    apt_targets | awk '{ print "deb " $2, $3, $4 }' >"$work/apt.list" ;;
esac
for pip in .venv/bin/pip pip3 pip; do
    # Indexes in folders of this machine mean nothing inside the build; of several values the last one counts.
    if $pip config list >"$work/pip.list" 2>/dev/null; then
        sed -nE "s/^[a-z:]+\.(index-url|extra-index-url|trusted-host|proxy|timeout|retries)='(.*)'\$/\1 = \2/p" "$work/pip.list" \
            | grep -v 'file:' | tac | awk '!seen[$1]++' >>"$work/pip.conf" || true
        break
    fi
done

say "building $IMAGE from $base"
# The docker format holds the health check; OCI has none.
buildah build --layers --format docker --build-arg BASE="$base" --tag "$IMAGE" \
    --secret id=ca.pem,src="$work/ca.pem" --secret id=pip.conf,src="$work/pip.conf" \
    --secret id=apt.conf,src="$work/apt.conf" --secret id=apt.list,src="$work/apt.list" .
say "built $IMAGE: $(buildah images --format '{{.Size}}' "$IMAGE" | head -1)"
