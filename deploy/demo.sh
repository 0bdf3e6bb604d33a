#!/bin/sh
# The main job on the sample captures: who mines, how that is known, whose it is and where it stands.
set -eu
cd "$(dirname "$0")/.."
MINESCOPE_HOME=${MINESCOPE_HOME:-$PWD/.demo}
export MINESCOPE_HOME
mkdir -p "$MINESCOPE_HOME"
minescope=.venv/bin/minescope

echo
echo "MineScope reads some of the sample captures in pcaps/ as one network and resolves what mines against a generated"
echo "sample registry of enterprises (示例企业): a farm, a gateway of 300 machines, a browser, a node's owner, look-alikes."
$minescope registry sample
found=0
set -- btc_farm.pcap xmr_rig.pcapng btcagent_farm.pcap.gz webminerpool.pcap solo.pcap.gz stratum_v2_noise.pcap nodes.pcap.lz4 \
    prober.pcap.xz almost_stratum.pcap lookalike_rpc.pcap.xz lookalike_web.pcap.xz cut_short.pcap
for sample; do
    set -- "$@" "pcaps/$sample"
    shift
done
$minescope replay "$@" --role miner --role proxy --role solo_miner --registry registry/sample --store || found=$?
[ "$found" -le 1 ] || exit "$found"   # 1 says that mining was found, which is the point

cat <<EOF

Look one address up:   MINESCOPE_HOME=$MINESCOPE_HOME $minescope lookup 192.0.2.21
Open the very packet:  $minescope inspect pcaps/btc_farm.pcap --frame 5
Serve the API:         MINESCOPE_HOME=$MINESCOPE_HOME $minescope serve   (then http://127.0.0.1:8765/docs)
Ask it, saying why:    curl -H 'X-Purpose: trying it out' http://127.0.0.1:8765/v1/ips/192.0.2.21
Its packets:           curl -H 'X-Purpose: trying it out' http://127.0.0.1:8765/v1/ips/192.0.2.21/evidence.pcap -o evidence.pcap
Your own capture:      $minescope replay FILE
EOF
