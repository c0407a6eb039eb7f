package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestADigestIsMadeOfTheReportsOfFolders(t *testing.T) {
	m := newMachine(t)
	_, _, _ = m.run()
	code, out, errs := clitest.Run(t, run, "digest", m.state)
	assert.NotEqual(t, exitQuiet, code, errs)
	assert.Contains(t, out, "1 host: ")
	code, out, _ = clitest.Run(t, run, "digest", t.TempDir())
	assert.Equal(t, exitUnknown, code)
	assert.Equal(t, "no host has reported\n", out)
}

func TestADigestFindsTheReportsInAStateDirectory(t *testing.T) {
	m := newMachine(t)
	m.run()
	_, out, errs := m.run("digest", m.state)
	assert.Empty(t, errs)
	assert.Contains(t, out, "testhost")
	_, out, _ = m.run("digest", "-json", m.state)
	assert.True(t, json.Valid([]byte(out)))
}

// One list is signed as it stands; each host's log has it, and its next report says so.
func TestACustomersListIsSignedAndCopied(t *testing.T) {
	m := newMachine(t)
	config := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(config, []byte("customer: harbor\n"), 0o600))
	m.run("-config", config)

	code, out, errs := m.run("digest", "for", "harbor", m.state)
	assert.NotEqual(t, exitQuiet, code, errs)
	assert.Contains(t, out, "\nREVIEW\n  not reviewed yet: testhost\n")
	assert.NotContains(t, out, "an odd thing happened", "a line of a log")
	_, out, _ = m.run("digest", "for", "harbor", "-json", m.state)
	assert.NotContains(t, out, "an odd thing happened")

	before := time.Now()
	code, out, errs = m.run("digest", "sign", "harbor", "-by", "ann", "-comment", "quiet", m.state)
	assert.Zero(t, code, errs)
	assert.Contains(t, out, "ann signed report 1 of testhost")
	assert.Contains(t, out, "1 signed, 0 refused")
	_, out, _ = m.run("digest", "for", "harbor", m.state)
	assert.Contains(t, out, "\nREVIEW\n  reviewed by ann: testhost\n")
	_, out, errs = m.run("digest", "ledger", "harbor", m.state)
	assert.Empty(t, errs)
	if !strings.Contains(out, before.Format(time.DateOnly)+"\t1 of 1 signed by ann\n") { // or it was midnight
		assert.Contains(t, out, time.Now().Format(time.DateOnly)+"\t1 of 1 signed by ann\n")
	}
	_, out, _ = m.run("-config", config)
	assert.Contains(t, out, "since ann signed")

	_, out, _ = m.run("digest", "of", "pier", m.state)
	assert.Equal(t, "no host has reported\n", out, "another customer's")
	code, _, errs = m.run("digest", "sign", "pier", "-by", "ann", m.state)
	assert.Equal(t, exitRefused, code, errs)
	code, _, errs = m.run("digest", "sign", "harbor")
	assert.Equal(t, exitUnknown, code)
	assert.Contains(t, errs, "digest sign CUSTOMER DIR")
}

func TestACopyOfAReportAndAFolderOfOthersAreNotSigned(t *testing.T) {
	m := newMachine(t)
	config := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(config, []byte("customer: harbor\n"), 0o600))
	m.run("-config", config)
	data, err := os.ReadFile(filepath.Join(m.folder(), "reports", "latest.json"))
	require.NoError(t, err)
	copied := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(copied, "latest.json"), data, 0o600))
	code, _, errs := m.run("digest", "sign", "harbor", "-by", "ann", copied)
	assert.Equal(t, exitRefused, code)
	assert.Contains(t, errs, "not done: testhost: this is a copy of its report")

	require.NoError(t, os.Chmod(m.folder(), 0o777))
	code, _, errs = m.run("digest", "sign", "harbor", "-by", "ann", m.state)
	assert.Equal(t, exitRefused, code)
	assert.Contains(t, errs, "others can write into the state folder")

	require.NoError(t, os.Chmod(m.folder(), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(m.folder(), "review.log"), []byte("upkeep-review/v1\n00 {}\n"), 0o600))
	code, _, errs = m.run("digest", "sign", "harbor", "-by", "ann", m.state)
	assert.Equal(t, exitRefused, code, "nothing is added to a log that was edited")
	assert.Contains(t, errs, "damaged")
}

// One list has all customers; each is signed from it by itself, and nobody for a host
// that did not report.
func TestOfManyCustomersEachIsSignedByItself(t *testing.T) {
	var states []string
	for _, customer := range []string{"harbor", "pier", "quay"} {
		m := newMachine(t)
		config := filepath.Join(t.TempDir(), "agent.yaml")
		require.NoError(t, os.WriteFile(config, []byte("customer: "+customer+"\n"), 0o600))
		m.run("-config", config)
		states = append(states, m.state)
		if customer != "quay" {
			continue
		}
		name := filepath.Join(m.folder(), "reports", "latest.json")
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		rep, err := report.Decode(data)
		require.NoError(t, err)
		rep.Finished = rep.Finished.AddDate(0, 0, -3)
		data, err = report.Encode(rep)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, data, 0o600))
	}
	m := newMachine(t)
	_, out, _ := m.run(append([]string{"digest"}, states...)...)
	assert.Contains(t, out, "3 hosts of 3 customers: 1 host did not report")
	assert.Contains(t, out, "the same on 2 hosts: testhost (harbor) and testhost (pier)")
	code, out, errs := m.run(append([]string{"digest", "sign", "pier", "-by", "ann"}, states...)...)
	assert.Zero(t, code, errs)
	assert.Contains(t, out, "1 signed, 0 refused")
	for customer, want := range map[string]string{"harbor": "nobody", "pier": "1 of 1 signed by ann"} {
		_, out, _ = m.run(append([]string{"digest", "ledger", customer}, states...)...)
		assert.Equal(t, want != "nobody", strings.Contains(out, "signed by ann"), out)
	}
	code, _, errs = m.run(append([]string{"digest", "sign", "quay", "-by", "ann"}, states...)...)
	assert.Equal(t, exitRefused, code)
	assert.Contains(t, errs, "testhost did not report, so there is nothing to sign")
}
