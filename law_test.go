package upkeep_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	module   = "github.com/pugetsoundtech/upkeep"
	xsys     = "golang.org/x/sys"
	xcrypto  = "golang.org/x/crypto"
	multierr = "github.com/hashicorp/go-multierror"
	gopsutil = "github.com/shirou/gopsutil/v3"
	pgx      = "github.com/jackc/pgx/v5"
	miekgdns = "github.com/miekg/dns"
	yaml     = "go.yaml.in/yaml/v3"
	gocmp    = "github.com/google/go-cmp"
	testify  = "github.com/stretchr/testify"
)

// floors is the house as a folder list. A package imports from lower floors, or
// from its own folder at the top; report and host stand beside each other, and
// so do the domains.
var floors = map[string]int{
	"examples": 3, "bench": 3,
	"integrity": 2, "logwatch": 2, "netprobe": 2, "traffic": 2, "backup": 2, "pkgupdate": 2, "resource": 2,
	"report": 1, "host": 1,
	"internal": 0,
}

// A rank orders the packages of one folder at the top: each imports lower ranks only.
type rank int

const (
	leaf     rank = iota + 1 // knows none of its domain's nouns
	root                     // the domain's nouns and plain functions
	reader                   // of a form that several adapters take, or a memory that they share
	adapter                  // a package manager, a store, a protocol, a reader
	question                 // a checker, or what composes adapters
	kit                      // for tests, and imported by tests and kits alone
)

// A room is one package, by its exact path: its rank, and the third-party
// modules that it may import outside its tests.
type room struct {
	path  string
	rank  rank
	third []string
}

// rooms names every package.
var rooms = []room{
	{"", root, nil}, // documentation alone

	{"internal/anytext", leaf, nil},
	{"internal/crowd", leaf, nil},
	{"internal/durable", leaf, []string{xsys}},
	{"internal/form", leaf, nil},
	{"internal/guard", leaf, nil},
	{"internal/need", leaf, nil},
	{"internal/pgtest", root, nil},
	{"internal/postfixtest", root, nil},
	{"internal/prose", leaf, nil},
	{"internal/redact", leaf, nil},
	{"internal/redact/redacttest", leaf, nil},
	{"internal/scope", leaf, nil},
	{"internal/sshsig", leaf, []string{xcrypto}},
	{"internal/term", leaf, nil},
	{"internal/textdiff", leaf, []string{"github.com/aymanbagabas/go-udiff"}},
	{"internal/chart", root, nil},

	{"report", root, nil},
	{"report/memory", reader, nil},
	{"report/suite", adapter, nil},
	{"report/statedir", adapter, nil},
	{"report/schedule", adapter, nil},
	{"report/explain", adapter, nil},
	{"report/fix", adapter, nil},
	{"report/deliver", adapter, []string{multierr}},
	{"report/deliver/webhook", question, nil},
	{"report/digest", question, nil},
	{"report/deliver/mail", question, []string{"github.com/wneessen/go-mail"}},
	{"report/render", adapter, nil},
	{"report/render/html", question, nil},
	{"report/render/htmlmail", question, nil},
	{"report/render/jsonl", question, nil},
	{"report/render/markdown", question, nil},
	{"report/render/nagios", question, nil},
	{"report/render/prom", question, nil},
	{"report/render/text", question, nil},
	{"report/review", adapter, nil},
	{"report/review/pgstore", question, []string{pgx}},
	{"report/review/tty", question, nil},
	{"report/review/web", question, nil},
	{"report/reporttest", kit, nil},
	{"report/internal/sample", kit, nil},
	{"report/render/rendertest", kit, nil},
	{"report/review/reviewtest", kit, nil},
	{"report/deliver/delivertest", kit, nil},

	{"host", root, []string{xsys}},
	{"host/etc", adapter, nil},
	{"host/facts", adapter, nil},
	{"host/howto", question, nil},
	{"host/syslog", adapter, nil},
	{"host/tree", adapter, []string{xsys}},
	{"host/follow", question, nil},
	{"host/follow/logstream", question, nil},
	{"host/follow/unpack", question, []string{"github.com/klauspost/compress", "github.com/ulikunitz/xz"}},
	{"host/live", question, []string{xsys, gopsutil}},
	{"host/sshhost/internal/answer", adapter, nil},
	{"host/sshhost/internal/session", reader, []string{xcrypto}},
	{"host/sshhost", question, []string{xcrypto}},
	{"host/sysview", question, []string{xsys}},
	{"host/hosttest/logtest", kit, nil},
	{"host/hosttest", kit, []string{xsys}},

	{"resource", question, nil},
	{"resource/disk", adapter, nil},

	{"integrity", root, []string{xsys}},
	{"integrity/internal/acl", leaf, nil},
	{"integrity/internal/automaton", leaf, nil},
	{"integrity/internal/blockfile", leaf, nil},
	{"integrity/internal/ldcache", leaf, nil},
	{"integrity/internal/words", leaf, nil},
	{"integrity/capabilities", leaf, nil},
	{"integrity/continuity", reader, nil},
	{"integrity/rotation", reader, nil},
	{"integrity/trust", reader, nil},
	{"integrity/aide", adapter, nil},
	{"integrity/changelist", adapter, nil},
	{"integrity/signature", adapter, nil},
	{"integrity/mtree", adapter, nil},
	{"integrity/files", question, []string{xsys}},
	{"integrity/inventory", adapter, nil},
	{"integrity/inventory/accounts", question, nil},
	{"integrity/inventory/listeners", question, []string{xsys}},
	{"integrity/inventory/privileged", question, nil},
	{"integrity/inventory/running", question, nil},
	{"integrity/inventory/system", question, nil},
	{"integrity/inventory/startup", question, nil},
	{"integrity/integritytest", kit, []string{xsys}},

	{"logwatch", root, nil},
	{"logwatch/history", leaf, nil},
	{"logwatch/internal/ere", leaf, nil},
	{"logwatch/logcheck", adapter, nil},
	{"logwatch/summary", adapter, nil},
	{"logwatch/sources", adapter, nil},
	{"logwatch/logs", question, nil},
	{"logwatch/rotation", question, nil},
	{"logwatch/sessions", question, nil},
	{"logwatch/logwatchtest", kit, nil},

	{"netprobe", root, []string{xcrypto}},
	{"netprobe/protocol", adapter, []string{xcrypto}},
	{"netprobe/internal/wire", leaf, nil},
	{"netprobe/schedule", leaf, nil},
	{"netprobe/dnsprobe", adapter, []string{miekgdns}},
	{"netprobe/mailpath", question, []string{miekgdns}},
	{"netprobe/blackbox", question, []string{yaml}},
	{"netprobe/verdict", adapter, nil},
	{"netprobe/exchange", question, nil},
	{"netprobe/exchange/pgstore", question, []string{pgx}},
	{"netprobe/incident", question, nil},
	{"netprobe/local", question, nil},
	{"netprobe/netprobetest", kit, nil},

	{"traffic", root, nil},
	{"traffic/internal/pack", leaf, nil},
	{"traffic/ftplog", question, nil},
	{"traffic/maillog", question, nil},
	{"traffic/maillog/mta", leaf, nil},
	{"traffic/maillog/pflogsumm", question, nil},
	{"traffic/netif", adapter, nil},
	{"traffic/netif/vnstat", question, nil},
	{"traffic/weblog", question, nil},
	{"traffic/traffictest", kit, nil},

	{"backup", root, nil},
	{"backup/agekey", adapter, []string{"filippo.io/age"}},
	{"backup/commit", adapter, []string{"github.com/klauspost/compress"}},
	{"backup/confdiff", adapter, nil},
	{"backup/dirstore", adapter, []string{xsys}},
	{"backup/pushserver", adapter, nil},
	{"backup/restore", adapter, []string{xsys}},
	{"backup/retain", adapter, nil},
	{"backup/s3store", adapter, nil},
	{"backup/sftpstore", adapter, []string{"github.com/pkg/sftp", xcrypto}},
	{"backup/capture", question, []string{multierr}},
	{"backup/foreign", question, nil},
	{"backup/backuptest", kit, nil},

	{"pkgupdate", root, []string{multierr}},
	{"pkgupdate/version", leaf, nil},
	{"pkgupdate/window", leaf, nil},
	{"pkgupdate/lifecycle", question, nil},
	{"pkgupdate/advisory", reader, nil},
	{"pkgupdate/advisory/survey", adapter, nil},
	{"pkgupdate/dpkg", reader, nil},
	{"pkgupdate/apk", adapter, nil},
	{"pkgupdate/apt", adapter, nil},
	{"pkgupdate/bsdos", adapter, nil},
	{"pkgupdate/freebsd", adapter, nil},
	{"pkgupdate/openbsd", adapter, nil},
	{"pkgupdate/pacman", adapter, nil},
	{"pkgupdate/pkgsrc", adapter, nil},
	{"pkgupdate/rpm", adapter, nil},
	{"pkgupdate/slackware", adapter, nil},
	{"pkgupdate/job", adapter, nil},
	{"pkgupdate/internal/inventory", adapter, nil},
	{"pkgupdate/internal/xmlpull", leaf, nil},
	{"pkgupdate/apply", question, []string{multierr}},
	{"pkgupdate/merges", question, nil},
	{"pkgupdate/restarts", question, nil},
	{"pkgupdate/updates", question, []string{multierr}},
	{"pkgupdate/pkgupdatetest", kit, nil},

	{"examples/internal/cli", root, []string{"golang.org/x/term", "github.com/schollz/progressbar/v3"}},
	{"examples/internal/config", leaf, []string{yaml}},
	{"examples/internal/clitest", kit, nil},
	{"examples/internal/delivery", reader, nil},
	{"examples/internal/stores", reader, nil},
	{"examples/internal/managers", leaf, nil},
	{"examples/internal/logstats", adapter, nil},
	{"examples/agent", question, nil},
	{"examples/agent/internal/daily", adapter, nil},
	{"examples/agent/internal/fleet", adapter, nil},
	{"examples/baseline", question, nil},
	{"examples/confbackup", question, nil},
	{"examples/ifstats", question, nil},
	{"examples/logscan", question, nil},
	{"examples/mailstats", question, nil},
	{"examples/probe", question, nil},
	{"examples/updates", question, nil},
	{"examples/watch", question, nil},
	{"examples/webstats", question, nil},
	{"bench/advisories", question, nil},
	{"bench/probes", question, nil},
	{"bench/scan", question, []string{xsys}},
}

func roomOf(short string) (room, bool) {
	i := slices.IndexFunc(rooms, func(r room) bool { return r.path == short })
	if i < 0 {
		return room{}, false
	}
	return rooms[i], true
}

// behind gives the third-party modules, beside golang.org/x/sys, that come with
// an adapter. Whatever is not named here brings at most three.
var behind = map[string][]string{
	"netprobe/exchange/pgstore": {
		"github.com/jackc/pgpassfile", "github.com/jackc/pgservicefile", pgx, "github.com/jackc/puddle/v2", xcrypto, "golang.org/x/sync", "golang.org/x/text",
	},
}

// inTests may be imported by every test.
var inTests = []string{gocmp, testify, xsys}

func folder(short string) string {
	top, _, _ := strings.Cut(short, "/")
	return top
}

// breach says why from may not import to; "" where it may.
func breach(from, to string) string {
	p, ok := roomOf(from)
	if !ok {
		return "no rule of the import law names " + from
	}
	short, ours := strings.CutPrefix(to, module+"/")
	if !ours {
		if first, _, _ := strings.Cut(to, "/"); !strings.Contains(first, ".") || to == module || below(to, p.third) {
			return ""
		}
		return from + " imports the third-party package " + to
	}
	q, ok := roomOf(short)
	switch {
	case !ok:
		return "no rule of the import law names " + short
	case folder(from) == "examples" && folder(short) == "internal":
		return from + " imports " + short + ": a starter agent could not be copied"
	case q.rank == kit && p.rank != kit && folder(from) != "examples" && folder(from) != "bench":
		return fmt.Sprintf("%s imports the kit %s", from, short)
	case folder(from) != folder(short) && floors[folder(short)] < floors[folder(from)]:
		return ""
	case folder(from) != folder(short):
		return fmt.Sprintf("%s (floor %d) imports %s (floor %d)", from, floors[folder(from)], short, floors[folder(short)])
	case q.rank < p.rank, q.rank == p.rank && (p.rank == kit || path.Dir(from) == short):
		return ""
	}
	return fmt.Sprintf("%s (rank %d) imports %s (rank %d) of its own folder", from, p.rank, short, q.rank)
}

// below reports whether an import path is one of the modules, or in one.
func below(to string, modules []string) bool {
	return slices.ContainsFunc(modules, func(m string) bool { return to == m || strings.HasPrefix(to, m+"/") })
}

// testBreach is breach for tests, which may also import the test modules, their
// own package, and the contract and kits of lower floors.
func testBreach(from, to string) string {
	short := strings.TrimPrefix(to, module+"/")
	switch {
	case from == "", below(to, inTests), short == from:
		return ""
	case folder(short) == "report", folder(short) == "host", folder(from) == "examples" && folder(short) == "internal":
		return "" // tests are not copied
	case folder(short) == folder(from): // the order inside a folder is for what is shipped
		return ""
	}
	return breach(from, to)
}

func TestImportLaw(t *testing.T) {
	for _, p := range packages(t) {
		for _, to := range p.Imports {
			assert.Empty(t, breach(p.short(), to))
		}
		for _, to := range append(p.TestImports, p.XTestImports...) {
			if reason := testBreach(p.short(), to); reason != "" {
				t.Error("in tests: " + reason)
			}
		}
	}
}

func TestImportLawCanRefuse(t *testing.T) {
	for _, c := range [][2]string{
		{"integrity", module + "/pkgupdate"},
		{"host", module + "/report"},
		{"report", module + "/host"},
		{"report", module + "/report/render"},
		{"resource", module + "/integrity"},
		{"report/render", module + "/logwatch"},
		{"pkgupdate/version", module + "/pkgupdate"},
		{"pkgupdate", module + "/pkgupdate/apt"},
		{"pkgupdate/apt", module + "/pkgupdate/rpm"},
		{"pkgupdate/apt", module + "/pkgupdate/updates"},
		{"integrity", module + "/host/hosttest"},
		{"integrity", gopsutil + "/disk"},
		{"host", xsys + "x"},
		{"brandnew", "fmt"},
		{"resource", module + "/brandnew"},
		{"logwatch", module + "/examples/agent"},
		{"examples/agent", module + "/internal/prose"},
	} {
		assert.NotEmpty(t, breach(c[0], c[1]), "%s must not import %s", c[0], c[1])
	}
	for _, c := range [][2]string{
		{"integrity", module + "/report"},
		{"integrity/inventory", module + "/integrity"},
		{"integrity", xsys + "/unix"},
		{"report/render/html", module + "/internal/chart"},
		{"host/follow/unpack", module + "/host/follow"},
		{"examples/agent", module + "/pkgupdate/apt"},
		{"examples/agent", module + "/host/hosttest"},
	} {
		assert.Empty(t, breach(c[0], c[1]))
	}
}
