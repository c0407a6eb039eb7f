package listeners_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/integrity/signature"
	"github.com/pugetsoundtech/upkeep/internal/sshsig"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// A watched machine is looked at again and again, with what was accepted in dir.
type watched struct {
	t      *testing.T
	dir    string
	claims integritytest.Claims
	signed func(*integrity.Baseline) error
	store  memory.FileStore
}

func watch(t *testing.T) *watched {
	return &watched{t: t, dir: t.TempDir(), store: memory.FileStore{Dir: t.TempDir()}}
}

func (w *watched) check(m *hosttest.Machine) inventory.Check {
	return inventory.Check{Question: listeners.Sockets{Host: m.Host(), Attestor: w.claims}, Dir: w.dir, Signed: w.signed}
}

func (w *watched) look(m *hosttest.Machine) report.Result {
	w.t.Helper()
	set := suite.Suite{Checks: []report.Checker{w.check(m)}, Store: w.store}
	rep, err := set.Run(w.t.Context())
	require.NoError(w.t, err)
	return rep.Results[0]
}

func (w *watched) accept(m *hosttest.Machine, rule string) []report.Finding {
	w.t.Helper()
	says := integrity.Acceptance{Time: time.Unix(0, 0), By: "ann"}
	done, err := w.check(m).Accept(w.t.Context(), func(f report.Finding) bool { return f.Rule == rule }, says, nil)
	require.NoError(w.t, err)
	return done
}

func TestWhatIsAcceptedIsInTheBaselineWithItsRecord(t *testing.T) {
	w := watch(t)
	quiet, xd := world(t, ssh, ""), world(t, ssh+row("00000000:2B67", "0A", 33, 4712), "")
	assert.Empty(t, integritytest.Titles(w.look(quiet)))
	shown := w.look(xd).Findings
	require.Len(t, shown, 1)
	done := w.accept(xd, "integrity.listeners.new")
	require.Len(t, done, 1)
	assert.Equal(t, shown[0].Fingerprint, done[0].Fingerprint)
	assert.Equal(t, shown[0].Evidence, done[0].Evidence)
	acts, err := integrity.Acceptances(filepath.Join(w.dir, "listeners.baseline"))
	require.NoError(t, err)
	require.Len(t, acts, 1)
	assert.Contains(t, string(acts[0].Changes[0].Path), "tcp/0%2E0%2E0%2E0:11111")
	assert.Empty(t, integritytest.Titles(w.look(xd)))
	assert.Equal(t, []string{"notice: Nothing listens on tcp port 11111 of all IPv4 addresses any more, where xd did"}, integritytest.Titles(w.look(quiet)))

	other := world(t, row("00000000:0016", "0A", 33, 4712)+row("00000000:2B67", "0A", 33, 4712), "")
	require.Len(t, w.look(other).Findings, 1)
	w.accept(other, "integrity.listeners.program")
	assert.Empty(t, integritytest.Titles(w.look(other)), "both ends of a change are one acceptance")
}

func TestWhatDiffersSinceItWasShownIsNotAccepted(t *testing.T) {
	w := watch(t)
	w.look(world(t, ssh, ""))
	m := world(t, ssh+row("00000000:2B67", "0A", 33, 4712), "")
	w.look(m)
	assert.Empty(t, w.accept(world(t, ssh, ""), "integrity.listeners.new"), "it is gone")
	assert.Len(t, w.look(m).Findings, 1)
}

// A program that no package owns is one question, also when it was accepted; one that
// was there before the first run is told all the same.
func TestAProgramOfNoPackageIsAskedAboutOnce(t *testing.T) {
	own := func(tcp string) *hosttest.Machine {
		return hosttest.New(strings.ReplaceAll(small, "/tmp/xd (deleted)", "/usr/local/sbin/own") + "-- /proc/net/tcp --\n" + head + tcp + "-- /proc/net/udp --\n" + head)
	}
	claims := integritytest.Claims{"/usr/sbin/sshd": {Package: "deb:openssh-server"}, "/usr/local/sbin/own": {}}
	w := watch(t)
	w.claims = claims
	m := own(ssh + row("00000000:2B67", "0A", 33, 4712))
	w.look(own(ssh))
	res := w.look(m)
	require.Len(t, res.Findings, 1)
	assert.Contains(t, res.Findings[0].Detail, "No package owns its file.")
	w.accept(m, "integrity.listeners.new")
	assert.Empty(t, integritytest.Titles(w.look(m)))

	first := watch(t)
	first.claims = claims
	for range 2 {
		assert.Equal(t, []string{"notice: xd listens on tcp port 11111 of all IPv4 addresses from /usr/local/sbin/own, which no package owns"}, integritytest.Titles(first.look(m)))
	}
}

func TestListenersAreUnderTheSignatureOfTheFolder(t *testing.T) {
	w := watch(t)
	m := world(t, ssh+row("00000000:2B67", "0A", 33, 4712), "")
	w.look(world(t, ssh, ""))
	private, public, err := sshsig.NewKey("ann")
	require.NoError(t, err)
	w.signed = func(b *integrity.Baseline) error { return signature.Verify(b, public) }
	require.NoError(t, signature.SignAll(w.dir, private))
	assert.Empty(t, integritytest.Titles(w.look(world(t, ssh, ""))))
	w.accept(m, "integrity.listeners.new")
	res := w.look(m)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "integrity.listeners.baseline-unsigned", res.Findings[0].Rule)
	assert.Contains(t, res.Findings[0].Detail, "1 change by ann")
	require.NoError(t, signature.SignAll(w.dir, private))
	assert.Empty(t, integritytest.Titles(w.look(m)))
}

func TestAForgedListOfListenersIsCritical(t *testing.T) {
	w := watch(t)
	quiet, xd := world(t, ssh, ""), world(t, ssh+row("00000000:2B67", "0A", 33, 4712), "")
	w.look(quiet)
	require.Len(t, w.look(xd).Findings, 1)
	left, err := filepath.Glob(filepath.Join(w.dir, "listeners.*"))
	require.NoError(t, err)
	for _, name := range left {
		require.NoError(t, os.Remove(name))
	}
	res := w.look(xd)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "integrity.listeners.baseline-lost", res.Findings[0].Rule)
	forged := w.check(xd)
	_, err = suite.Collect(t.Context(), forged) // takes another one, with nothing remembered
	require.NoError(t, err)
	res = w.look(xd)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, report.Critical, res.Findings[0].Severity)
	assert.Equal(t, "integrity.listeners.baseline-replaced", res.Findings[0].Rule)
	assert.False(t, res.Covers("listeners/tcp"), "nothing counts as put right")
}

func TestATableThatTheFirstRunCouldNotReadIsAGap(t *testing.T) {
	w := watch(t)
	broken := world(t, ssh, "")
	require.NoError(t, broken.Remove("/proc/net/tcp"))
	w.look(broken)
	m := world(t, ssh, "")
	assert.Equal(t, []string{"warning: The baseline does not know tcp, which could not be read when it was taken"}, integritytest.Titles(w.look(m)))
	w.accept(m, "integrity.listeners.baseline-gap")
	assert.Empty(t, integritytest.Titles(w.look(m)))
	assert.Len(t, w.look(world(t, "", "")).Findings, 1, "from then on it is compared")
}

// mute is a question that has no words for what changed.
type mute struct{ listeners.Sockets }

func (mute) Compare() {}

func TestAQuestionWithoutWordsIsNoCheck(t *testing.T) {
	c := inventory.Check{Question: mute{listeners.Sockets{Host: world(t, ssh, "").Host()}}, Dir: t.TempDir()}
	res, err := suite.Collect(context.Background(), c)
	require.NoError(t, err)
	assert.Equal(t, report.Failed, res.Status)
	assert.Contains(t, res.Problems[0].Message, "neither a Teller nor a Comparer")
}
