# MineScope in an image: two stages, the kernels compiled ahead, not root. BASE is any Debian or Ubuntu with
# Python 3.11 to 3.13. Reading files and serving need no capability at all; a probe on an interface needs
# CAP_NET_RAW alone. docs/deploy.md says how to run it.
#
# The secrets tell apt and pip how this machine reaches its package registries (deploy/image.sh fills them).
# They are mounted while a step runs, never stored, and a build without them takes the registries' defaults.
ARG BASE=docker.io/library/debian:12-slim

FROM ${BASE} AS build
RUN --mount=type=secret,id=ca.pem \
    --mount=type=secret,id=apt.conf,target=/etc/apt/apt.conf.d/99build \
    --mount=type=secret,id=apt.list,target=/etc/apt/sources.list.d/build.list \
    apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv ca-certificates >/dev/null \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements/runtime.txt requirements/
RUN --mount=type=secret,id=ca.pem \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python3 -m venv /opt/minescope \
 && /opt/minescope/bin/pip install --quiet --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY . .
# The kernels are compiled for any processor of the architecture, not for the one that builds: numba takes a cached
# kernel only where processor and source (to its time stamp, which a layer may cut to seconds) are the same.
ENV NUMBA_CACHE_DIR=/var/cache/minescope NUMBA_CPU_NAME=generic
RUN /opt/minescope/bin/pip install --quiet --no-cache-dir --no-build-isolation --no-deps --no-index . \
 && find /opt/minescope/lib -name '*.py' -exec touch -d 2000-01-01T00:00:00Z {} + \
 && /opt/minescope/bin/python -m compileall -q -f /opt/minescope/lib \
 && /opt/minescope/bin/minescope warmup \
 && /opt/minescope/bin/pip uninstall --quiet --yes hatchling editables pip

FROM ${BASE}
RUN --mount=type=secret,id=ca.pem \
    --mount=type=secret,id=apt.conf,target=/etc/apt/apt.conf.d/99build \
    --mount=type=secret,id=apt.list,target=/etc/apt/sources.list.d/build.list \
    apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 ca-certificates >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
 && useradd --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin minescope \
 && install -d -o minescope -g minescope /data /var/cache/minescope
COPY --from=build /opt/minescope /opt/minescope
# numba reads a cache folder only where it may write, so the kernels belong to who runs them.
COPY --from=build --chown=10001:10001 /var/cache/minescope /var/cache/minescope
ENV PATH=/opt/minescope/bin:$PATH \
    NUMBA_CACHE_DIR=/var/cache/minescope \
    NUMBA_CPU_NAME=generic \
    MINESCOPE_HOME=/data \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ.get('MINESCOPE_PORT', 8765)}/healthz\", timeout=4)"]
ENTRYPOINT ["minescope"]
# Inside the container only; publish it to loopback: podman run -p 127.0.0.1:8765:8765 ...
CMD ["serve", "--host", "0.0.0.0"]
