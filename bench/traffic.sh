#!/usr/bin/env bash
# Compares mailstats with pflogsumm and webstats with goaccess on the same logs, in
# turn, beside the floor: wc -l of the same bytes. Then it streams URLs of which no
# two are equal through webstats, and tells what memory that takes; and it compares
# the reports of ifstats with vnstat --json, of 8 interfaces over 366 days by five
# minutes.
#
#   bench/traffic.sh                 three pairs each, logs of 105 MB, 50,000,000 URLs
#   bench/traffic.sh -n 1 -m 5 -u 500000
#
# It needs go, perl, GNU time, pflogsumm, goaccess, vnstat and sqlite3, and writes to
# a temporary directory only.
set -euo pipefail

usage() { sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2; }

pairs=3 size=105 urls=50000000
while getopts n:m:u:h option; do
	case $option in
	n) pairs=$OPTARG ;;
	m) size=$OPTARG ;;
	u) urls=$OPTARG ;;
	*) usage ;;
	esac
done

here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here" && go build -trimpath -o "$work/" ./examples/mailstats ./examples/webstats ./examples/ifstats)
export LC_ALL=C

# mail is a log of Postfix: five lines a message, a tenth of them deferred.
mail() {
	perl -e '$most = $ARGV[0] * 1e6; for ($i = 0; $n < $most; $i++) {
		$at = sprintf("Nov %2d %02d:%02d:%02d mx postfix/", 10 + $i / 40000 % 15, $i / 1700 % 24, $i / 60 % 60, $i % 60);
		$id = sprintf("%010X", 0x1000000000 + $i * 977); $to = "to=<r" . ($i * 13 % 20000) . "\@dest" . ($i * 7 % 800) . ".example>";
		$how = $i % 10 ? "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as $id)" : "dsn=4.4.1, status=deferred (connect to mx.dest.example[198.51.100.1]:25: Connection timed out)";
		$text = $at . "smtpd[" . (1000 + $i % 50) . "]: $id: client=mail" . ($i % 99) . ".example.org[192.0.2." . ($i % 250) . "]\n"
			. $at . "cleanup[" . (2000 + $i % 50) . "]: $id: message-id=<$i.$id\@mail.example.org>\n"
			. $at . "qmgr[33]: $id: from=<s" . ($i * 31 % 5000) . "\@dom" . ($i * 17 % 300) . ".example>, size=" . (400 + $i % 90000) . ", nrcpt=1 (queue active)\n"
			. $at . "smtp[" . (3000 + $i % 50) . "]: $id: $to, relay=mx.dest.example[198.51.100.1]:25, delay=1.2, delays=0.1/0/0.8/0.3, $how\n"
			. $at . "qmgr[33]: $id: removed\n";
		print $text; $n += length $text }' "$1"
}

# web is a combined log with a few thousand pages.
web() {
	perl -e '$most = $ARGV[0] * 1e6; for ($i = 0; $n < $most; $i++) {
		$text = sprintf("10.%d.%d.%d - - [%02d/Nov/2026:%02d:%02d:%02d +0000] \"GET /page/%d?x=%d HTTP/1.1\" %d %d \"https://www.example.org/a%d\" \"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.%d\"\n",
			$i % 4, $i % 50, $i * 7 % 250, 10 + $i / 40000 % 15, $i / 2000 % 24, $i / 60 % 60, $i % 60, $i * 31 % 2000, $i % 20, (200, 200, 200, 404, 301)[$i % 5], $i * 17 % 90000, $i % 50, $i % 90);
		print $text; $n += length $text }' "$1"
}

# took prints wall seconds, processor seconds and peak MiB of a command.
took() { /usr/bin/time -f '%e %U %S %M' -o "$work/took" "$@" >/dev/null; tail -n 1 "$work/took" | awk '{ printf "%s %.2f %d", $1, $2 + $3, $4 / 1024 }'; }

for log in mail web; do
	$log "$size" >"$work/$log"
	gzip -1 -k "$work/$log"
	cat "$work/$log" >/dev/null
	for ((i = 0; i < pairs; i++)); do
		ours=$(took "$work/${log}stats" "$work/$log")
		packed=$(took "$work/${log}stats" "$work/$log.gz")
		if [[ $log == mail ]]; then
			peer=$(took pflogsumm "$work/$log")
		else
			peer=$(took goaccess "$work/$log" --log-format=COMBINED --no-global-config --no-progress -o "$work/out.json")
		fi
		floor=$(took wc -l "$work/$log")
		inflate=$(took gzip -dc "$work/$log.gz")
		echo "$ours $packed $peer $floor $inflate" | awk -v name="$log" '{
			printf "%s: ours %.2f s wall, %.2f CPU, %d MiB; peer %.2f, %.2f, %d MiB; ratio %.1f wall, %.1f CPU; wc -l %.2f s, ratio %.1f; packed %.2f s, gzip -dc %.2f s\n",
				name, $1, $2, $3, $7, $8, $9, $7 / $1, $8 / $2, $10, $1 / ($10 > 0 ? $10 : 0.01), $4, $13 }'
	done
done

echo "$urls different URLs:"
perl -e 'for ($i = 0; $i < $ARGV[0]; $i++) { printf "192.0.2.%d - - [25/Nov/2026:10:00:00 +0000] \"GET /%d HTTP/1.1\" 200 5 \"-\" \"x\"\n", $i % 250, $i;
	print "192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] \"GET /often HTTP/1.1\" 200 5 \"-\" \"x\"\n" if $i % 50 == 0 }' "$urls" |
	/usr/bin/time -f '%M %U %S' -o "$work/took" "$work/webstats" -rows 1 -json - >"$work/json"
awk '{ printf "peak %d MiB, %.0f s CPU\n", $1 / 1024, $2 + $3 }' "$work/took"
perl -ne '/"unique_files":(\d+)/ and print "counted $1 different, "; /"missing_at_most":(\d+)/ and print "a row that is missing has $1 at most\n"' "$work/json"

# interfaces fills a database of vnStat as it files what it reads: five minutes,
# hours, days, months and years of the last 366 days.
interfaces() {
	printf 'DatabaseDir "%s"\nUseUTC 1\n' "$work/vnstat" >"$work/vnstat.conf"
	mkdir "$work/vnstat"
	vnstatd --config "$work/vnstat.conf" --initdb >/dev/null 2>&1
	sqlite3 "$work/vnstat/vnstat.db" <<-'SQL'
		BEGIN;
		WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 8)
		INSERT INTO interface SELECT i, 'eth' || i, '', 1, '2025-11-24 00:00:00', '2026-11-25 00:00:00', 0, 0, 0, 0 FROM c;
		WITH RECURSIVE t(u) AS (SELECT unixepoch('2026-11-25') - 366 * 86400 UNION ALL SELECT u + 300 FROM t WHERE u < unixepoch('2026-11-25') - 300)
		INSERT INTO fiveminute(interface, date, rx, tx) SELECT i.id, strftime('%Y-%m-%d %H:%M:00', u, 'unixepoch'), abs(random() % 7500000000), abs(random() % 7500000000) FROM t, interface i;
		INSERT INTO hour(interface, date, rx, tx) SELECT interface, strftime('%Y-%m-%d %H:00:00', date) d, sum(rx), sum(tx) FROM fiveminute GROUP BY interface, d;
		INSERT INTO day(interface, date, rx, tx) SELECT interface, date(date) d, sum(rx), sum(tx) FROM hour GROUP BY interface, d;
		INSERT INTO month(interface, date, rx, tx) SELECT interface, strftime('%Y-%m-01', date) d, sum(rx), sum(tx) FROM day GROUP BY interface, d;
		INSERT INTO year(interface, date, rx, tx) SELECT interface, strftime('%Y-01-01', date) d, sum(rx), sum(tx) FROM month GROUP BY interface, d;
		UPDATE interface SET rxtotal = (SELECT sum(rx) FROM year y WHERE y.interface = interface.id), txtotal = (SELECT sum(tx) FROM year y WHERE y.interface = interface.id);
		COMMIT;
		VACUUM;
	SQL
}

interfaces
vnstat --config "$work/vnstat.conf" --json >"$work/vnstat.json"
mkdir "$work/state"
"$work/ifstats" -state "$work/state" -fine 366 import "$work/vnstat.json" >/dev/null
echo "8 interfaces, 366 days by five minutes: vnStat $(stat -c %s "$work/vnstat/vnstat.db") bytes, ifstats $(find "$work/state" -name interfaces -printf %s) bytes"
for ((i = 0; i < pairs; i++)); do
	peer=$(took vnstat --config "$work/vnstat.conf" --json)
	text=$(took "$work/ifstats" -state "$work/state" -zone UTC report)
	same=$(took "$work/ifstats" -state "$work/state" -zone UTC -compat vnstat report)
	echo "$peer $text $same" | awk '{ printf "interfaces: vnstat --json %.2f s wall, %.2f CPU; report %.2f, %.2f, ratio %.1f wall, %.1f CPU; the same JSON %.2f, %.2f, ratio %.1f CPU\n",
		$1, $2, $4, $5, $1 / ($4 > 0 ? $4 : 0.01), $2 / $5, $7, $8, $2 / $8 }'
done
