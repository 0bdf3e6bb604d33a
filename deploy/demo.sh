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

# The province story: a generated province, from captures and meters to the weekly report that the API serves.
story=$MINESCOPE_HOME/province
rm -rf "$story"
mkdir -p "$story/reports"
demo_home=$MINESCOPE_HOME
MINESCOPE_HOME=$story/home
SOURCE_DATE_EPOCH=$(date +%s)
TZ=CST-8   # days and weeks below are those of China (POSIX: eight hours ahead of UTC)
export SOURCE_DATE_EPOCH TZ
say() { printf '\n%s\n' "$1"; }
days=$(.venv/bin/python -c 'from datetime import date, timedelta as d
t = date.today(); y = t - d(1); m = t.replace(day=1) - d(1)
print(t, y, "%d-W%02d" % y.isocalendar()[:2], m.replace(day=1), m)')
set -- $days
today=$1 yesterday=$2 week=$3 first=$4 last=$5

say "A province in a box: everything in it is generated, under divisions 99 and documentation prefixes."
.venv/bin/python -m benchmarks.lab.province_made --out "$story/world" --seed 7 --captured "$yesterday" \
    --mining 12 --honest 8 --victims 3 --cities 2 --minutes 8 --benign 30 --days 63
$minescope registry import "$story/world/registry" > "$story/import.log"
echo "registry: $(awk '{rows += $4} END {print rows}' "$story/import.log") rows of $(wc -l < "$story/import.log") tables"
$minescope meters import "$story/world/meters.csv" --layout wide --value power --unit kw --stamp begin --by account \
    --side primary --quantity column --column first-point=00:00 | cut -c1-110
found=0
$minescope replay "$story/world/captures" --store > "$story/replay.log" 2>&1 || found=$?
[ "$found" -le 1 ] || exit "$found"
grep ' packets = ' "$story/replay.log"

say "What the meters alone say, most probable first:"
$minescope power score --since "$first" --until "$last" --weather "$story/world/weather.csv" --base-rate 0.25 \
    > "$story/power.log" 2>&1 || [ $? -eq 1 ]
grep '^ *[01]\.' "$story/power.log" | head -n 4 | cut -c1-150

say "The differential price: mining periods from hits, confirmed by a person, readings, a bill:"
$minescope tariff rules --set "$story/world/tariff-rules.toml" --why "province story" > "$story/rules.log"
$minescope tariff propose --post > "$story/periods.log"
period=$(awk 'NR == 2 {print $1}' "$story/periods.log")
$minescope tariff decide "$period" confirmed --first "$first" --going-on --why "machines seen on site" > "$story/decided.log"
$minescope tariff import readings "$story/world/bills.csv" > "$story/readings.log"
$minescope tariff bill --as-of "$today" --why "province story" --post > "$story/bill.log" 2>&1 || [ $? -eq 1 ]
tail -n 2 "$story/bill.log" | cut -c1-150
echo "and apart from them, with the reason:"
awk -F'\t' 'NF == 4 {print $1 "  " $4}' "$story/periods.log" | tail -n +2 | head -n 3 | cut -c1-150

say "The API opens projects and makes the weekly report:"
port=$(.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
$minescope serve --port "$port" > "$story/serve.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT INT TERM
.venv/bin/python deploy/province_story.py "http://127.0.0.1:$port" 990000 "$week" "$today" "$story/reports"
kill "$server"
wait "$server" || true
trap - EXIT INT TERM

say "The terminal makes the same report, the same bytes:"
$minescope report weekly --region 990000 --week "$week" --as-of "$today" --lang both --format html --format xlsx \
    --out "$story/reports" > "$story/report.log"
same=0
for file in "$story"/reports/weekly-*.html "$story"/reports/weekly-*.xlsx; do
    cmp -s "$file" "$story/reports/api-$(basename "$file")" || { echo "differs: $file"; exit 1; }
    same=$((same + 1))
done
echo "$same files, each the same as the API's: $story/reports"
MINESCOPE_HOME=$demo_home

cat <<EOF

Look one address up:   MINESCOPE_HOME=$MINESCOPE_HOME $minescope lookup 192.0.2.21
Open the very packet:  $minescope inspect pcaps/btc_farm.pcap --frame 5
Serve the API:         MINESCOPE_HOME=$MINESCOPE_HOME $minescope serve   (then http://127.0.0.1:8765/docs)
Ask it, saying why:    curl -H 'X-Purpose: trying it out' http://127.0.0.1:8765/v1/ips/192.0.2.21
Its packets:           curl -H 'X-Purpose: trying it out' http://127.0.0.1:8765/v1/ips/192.0.2.21/evidence.pcap -o evidence.pcap
Your own capture:      $minescope replay FILE
The province's API:    MINESCOPE_HOME=$story/home $minescope serve
Its bulletin:          MINESCOPE_HOME=$story/home $minescope report bulletin --region 990000 --as-of $today --out reports
EOF
