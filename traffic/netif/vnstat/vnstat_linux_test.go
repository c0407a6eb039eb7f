package vnstat_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
	"github.com/pugetsoundtech/upkeep/traffic/netif/vnstat"
)

// vnStat counts what it reads of this machine alone. So its database gets the series
// as vnStat files a difference (whole into the five minutes of the reading before,
// and from there into hour, day, month and year), and its own program prints it.
const vnStatSums = `
INSERT INTO hour(interface,date,rx,tx) SELECT interface, strftime('%Y-%m-%d %H:00:00',date) d, sum(rx), sum(tx) FROM fiveminute GROUP BY interface, d;
INSERT INTO day(interface,date,rx,tx) SELECT interface, date(date) d, sum(rx), sum(tx) FROM fiveminute GROUP BY interface, d;
INSERT INTO month(interface,date,rx,tx) SELECT interface, strftime('%Y-%m-01',date) d, sum(rx), sum(tx) FROM fiveminute GROUP BY interface, d;
INSERT INTO year(interface,date,rx,tx) SELECT interface, strftime('%Y-01-01',date) d, sum(rx), sum(tx) FROM fiveminute GROUP BY interface, d;
UPDATE interface SET rxtotal=(SELECT sum(rx) FROM fiveminute), txtotal=(SELECT sum(tx) FROM fiveminute);
`

func TestVnStatPrintsTheSameOfTheSameSeries(t *testing.T) {
	need.Program(t, "vnstat")
	need.Program(t, "sqlite3")
	dir := t.TempDir()
	config := filepath.Join(dir, "vnstat.conf")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, "DatabaseDir %q\nUseUTC 1\n", dir), 0o600))
	said, err := exec.Command(need.Program(t, "vnstatd"), "--config", config, "--initdb").CombinedOutput()
	require.NoError(t, err, string(said))

	r := rand.New(rand.NewPCG(8, 9))
	begin := time.Date(2026, 12, 20, 0, 0, 0, 0, time.UTC) // over the end of a year
	var a netif.Archive
	var sql strings.Builder
	var counter uint64
	now := begin
	a.Advance(snapshot(now, "a", eth(2, 0, 0)))
	sql.WriteString("BEGIN; INSERT INTO interface VALUES(1,'eth0','',1,'2026-12-20 00:00:00','2027-01-13 00:00:00',0,0,0,0);\n")
	for n := range 24 * 24 * 12 {
		delta := r.Uint64N(1 << 30)
		fmt.Fprintf(&sql, "INSERT INTO fiveminute(interface,date,rx,tx) VALUES(1,'%s',%d,%d);\n", now.Format(time.DateTime), delta, (counter+delta)/3-counter/3)
		counter += delta
		now = begin.Add(time.Duration(n+1) * 5 * time.Minute)
		a.Advance(snapshot(now, "a", eth(2, counter, counter/3)))
	}
	cmd := exec.Command("sqlite3", filepath.Join(dir, "vnstat.db"))
	cmd.Stdin = strings.NewReader(sql.String() + vnStatSums + "COMMIT;\n")
	said, err = cmd.CombinedOutput()
	require.NoError(t, err, string(said))
	printed, err := exec.Command("vnstat", "--config", config, "--json").Output()
	require.NoError(t, err)

	var want vnstat.Report
	require.NoError(t, json.Unmarshal(printed, &want))
	require.Len(t, want.Interfaces, 1)
	sameTraffic(t, want, vnstat.Of(&a, time.UTC))
	var imported netif.Archive
	require.NoError(t, vnstat.Import(&imported, printed))
	sameTraffic(t, want, vnstat.Of(&imported, time.UTC))
}

func sameTraffic(t *testing.T, want, got vnstat.Report) {
	t.Helper()
	require.Len(t, got.Interfaces, 1)
	w, g := want.Interfaces[0].Traffic, got.Interfaces[0].Traffic
	assert.Equal(t, w.Total, g.Total)
	for name, lists := range map[string][2][]vnstat.Entry{
		"five minutes": {w.FiveMinutes, g.FiveMinutes}, "hours": {w.Hours, g.Hours}, "days": {w.Days, g.Days}, "months": {w.Months, g.Months}, "years": {w.Years, g.Years},
	} {
		for _, list := range lists {
			for i := range list {
				list[i].ID = 0 // of a row of its database
			}
		}
		require.NotEmpty(t, lists[0], name)
		assert.Equal(t, lists[0], lists[1], name)
	}
}
