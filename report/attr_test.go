package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report"
)

func TestAttributeValuesKeepTheirGrammar(t *testing.T) {
	good := []report.Attr{
		{Key: report.Path, Value: "/etc/ssh/sshd_config"},
		{Key: report.Path, Value: "/caf\xe9\n"},
		{Key: report.Mount, Value: "/"},
		{Key: report.Package, Value: "deb:openssl"},
		{Key: report.Version, Value: "deb:1:3.0.17-1~deb12u2"},
		{Key: report.User, Value: "root"},
		{Key: report.Addr, Value: "::1"},
		{Key: report.Listener, Value: "tcp/[::]:25"},
		{Key: report.Listener, Value: "unix//run/x.sock"},
		{Key: report.Service, Value: "ssh.service"},
		{Key: report.Interface, Value: "eth0.10"},
		{Key: report.At, Value: "2026-11-25T21:30:00.5Z"},
		{Key: report.Source, Value: "journal"},
		{Key: report.Target, Value: "smtp://127.0.0.1:25"},
		{Key: report.Was, Value: "mode=0644"},
		{Key: report.Template, Value: "0af3"},
		{Key: report.Release, Value: "debian-12"},
	}
	for _, a := range good {
		assert.NoError(t, a.Validate(), a)
	}
	bad := []report.Attr{
		{},
		{Key: "colour", Value: "red"},
		{Key: report.Path},
		{Key: report.Path, Value: "etc"},
		{Key: report.Path, Value: "/a/../b"},
		{Key: report.Path, Value: "/a\x00"},
		{Key: report.Path, Value: "/" + strings.Repeat("a", 5000)},
		{Key: report.Package, Value: "openssl"},
		{Key: report.Package, Value: "deb:"},
		{Key: report.Package, Value: "deb:a b"},
		{Key: report.User, Value: "a b"},
		{Key: report.Addr, Value: "0127.0.0.1"},
		{Key: report.Addr, Value: "0:0:0:0:0:0:0:1"},
		{Key: report.Listener, Value: "tcp/25"},
		{Key: report.Listener, Value: "raw/[::]:1"},
		{Key: report.Interface, Value: "a/b"},
		{Key: report.At, Value: "2026-11-25T21:30:00+01:00"},
		{Key: report.At, Value: "yesterday"},
		{Key: report.Source, Value: "syslog"},
		{Key: report.Target, Value: "127.0.0.1:25"},
		{Key: report.Was, Value: "0644"},
		{Key: report.Template, Value: "XY"},
	}
	for _, a := range bad {
		assert.Error(t, a.Validate(), a)
	}
}

// The table is frozen: a fingerprint that changes loses every acknowledgement.
func TestFingerprintsNeverChange(t *testing.T) {
	port := report.Attr{Key: report.Listener, Value: "tcp/[::]:25"}
	path := report.Attr{Key: report.Path, Value: "/etc/passwd"}
	field := report.Attr{Key: report.Field, Value: "mode"}
	for want, got := range map[string]string{
		"v1:bf49b5c4b5edbad9850f007f08a8dad9": report.Fingerprint("integrity.files", "changed", path, nil),
		"v1:a3236670073c77c8b3b1dcd67bfd5e7c": report.Fingerprint("integrity.files", "changed", path, []report.Attr{field, port}),
		"v1:27301e92083268f30f94ab45115320c7": report.Fingerprint("listeners", "new", port, nil),
	} {
		assert.Equal(t, want, got)
	}
	assert.Equal(t, report.Fingerprint("c", "r", path, []report.Attr{field, port}), report.Fingerprint("c", "r", path, []report.Attr{port, field}))
	assert.NotEqual(t, report.Fingerprint("a", "bc", path, nil), report.Fingerprint("ab", "c", path, nil))
}

func FuzzAttribute(f *testing.F) {
	f.Add("path", "/etc")
	f.Add("listener", "tcp/[::]:25")
	f.Fuzz(func(t *testing.T, key, value string) {
		a := report.Attr{Key: report.Key(key), Value: value}
		if a.Validate() == nil && (value == "" || len(value) > 4096) {
			t.Fatalf("%v is taken for valid", a)
		}
	})
}
