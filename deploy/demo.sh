#!/bin/sh
# The main job on the sample captures: who mines, how that is known, whose it is and where it stands.
set -eu
cd "$(dirname "$0")/.."
MINESCOPE_HOME=${MINESCOPE_HOME:-$PWD/.demo}
export MINESCOPE_HOME
mkdir -p "$MINESCOPE_HOME"
minescope=.venv/bin/minescope

echo
echo "MineScope reads the sample captures in pcaps/ (all but the tunnels, to fit one screen) as one network"
echo "and resolves what mines against a generated sample registry of enterprises (示例企业)."
$minescope registry sample
found=0
$minescope replay 'pcaps/[!t]*.pcap*' --role miner --registry registry/sample --store || found=$?
[ "$found" -le 1 ] || exit "$found"   # 1 says that mining was found, which is the point

cat <<EOF

Look one address up:   MINESCOPE_HOME=$MINESCOPE_HOME $minescope lookup 192.0.2.21
Open the very packet:  $minescope inspect pcaps/btc_farm.pcap --frame 5
Serve the API:         MINESCOPE_HOME=$MINESCOPE_HOME $minescope serve   (then http://127.0.0.1:8765/docs)
Ask it, saying why:    curl -H 'X-Purpose: trying it out' http://127.0.0.1:8765/v1/ips/192.0.2.21
Its packets:           curl -H 'X-Purpose: trying it out' http://127.0.0.1:8765/v1/ips/192.0.2.21/evidence.pcap -o evidence.pcap
Your own capture:      $minescope replay FILE
EOF
