package config_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/config"
)

type settings struct {
	Host    string        `doc:"the system to look at"`
	Timeout time.Duration `doc:"of each check"`
	Strict  bool          `doc:"whether all counts"`
	Keep    int           `doc:"reports that are kept"`
	Disk    disk          `doc:"when a file system is short of space"`
	Paths   []string      `doc:"what is backed up, with all below it"`
	//lint:ignore U1000 a field that no file sets
	hidden int
}

type disk struct {
	WarnPercent float64      `doc:"share that is used"`
	WarnFree    config.Bytes `doc:"with more free bytes there is no warning"`
}

func defaults() settings {
	return settings{Host: "local", Timeout: 5 * time.Minute, Keep: 400, Disk: disk{WarnPercent: 90, WarnFree: 20 << 30}, Paths: []string{"/etc"}}
}

func TestFieldsThatAreNotNamedKeepTheirValues(t *testing.T) {
	set := defaults()
	require.NoError(t, config.Decode([]byte("timeout: 7d\ndisk:\n  warn-free: 512 MiB\npaths: [/etc, /srv/etc]\nkeep:\n"), &set))
	want := defaults()
	want.Timeout, want.Disk.WarnFree, want.Paths = 7*24*time.Hour, 512<<20, []string{"/etc", "/srv/etc"}
	assert.Empty(t, cmp.Diff(want, set, cmp.AllowUnexported(settings{})))
	require.NoError(t, config.Decode([]byte("# nothing\n"), &set))
}

func TestMistakesAreOneLineWithTheirLineNumber(t *testing.T) {
	for text, want := range map[string]string{
		"host: a\ntimeuot: 5m\n":           `2: unknown field "timeuot"; did you mean "timeout"?`,
		"colour: red\n":                    `1: unknown field "colour"; there are host, timeout, strict, keep, disk, paths`,
		"disk:\n  warn-percnt: 5\n":        `2: unknown field "warn-percnt"; did you mean "warn-percent"?`,
		"hidden: 1\n":                      `1: unknown field "hidden"; there are host, timeout, strict, keep, disk, paths`,
		"host: a\nhost: b\n":               `2: field "host" stands there twice`,
		"timeout: soon\n":                  `1: timeout: "soon" is no duration, such as 90s, 12h or 7d`,
		"timeout: -5m\n":                   `1: timeout: "-5m" is no duration, such as 90s, 12h or 7d`,
		"strict: perhaps\n":                `1: strict: "perhaps" is no truth value (true or false)`,
		"keep: 1e99\n":                     `1: keep: "1e99" is no whole number that fits`,
		"disk:\n  warn-free: 20 GB\n":      `2: warn-free: "20 GB" is no number of bytes, such as 512, "64 KiB" or "20 GiB"`,
		"disk:\n  warn-free: 1e9 TiB\n":    `2: warn-free: "1e9 TiB" is no number of bytes, such as 512, "64 KiB" or "20 GiB"`,
		"disk: 5\n":                        `1: disk wants fields, as in "name: value"`,
		"paths: /etc\n":                    `1: paths wants a list, as in "[a, b]"`,
		"paths: [/etc, ]\nhost: [a]\n":     `2: host wants one value`,
		"paths:\n  - /etc\n  -\n":          `3: paths has an empty entry`,
		"host: a\n---\nhost: b\n":          `2: a second document; one file has one configuration`,
		"- a\n":                            `1: the configuration wants fields, as in "name: value"`,
		"host: \"a\nb: c\n":                `3: found unexpected end of stream`,
		"host: a\n\tkeep: 1\n":             `2: found a tab character that violates indentation`,
		"disk:\n  warn-free: 99999999 TiB": `2: warn-free: "99999999 TiB" is no number of bytes, such as 512, "64 KiB" or "20 GiB"`,
	} {
		set := defaults()
		err := config.Decode([]byte(text), &set)
		if assert.Error(t, err, text) {
			assert.Equal(t, want, err.Error())
		}
	}
}

func TestReadNamesTheFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "agent.yaml")
	require.NoError(t, os.WriteFile(name, []byte("\nhots: a\n"), 0o600))
	set := defaults()
	assert.EqualError(t, config.Read(name, &set), name+`:2: unknown field "hots"; did you mean "host"?`)
	require.NoError(t, os.WriteFile(name, bytes.Repeat([]byte("#"), 1<<20+1), 0o600))
	assert.ErrorContains(t, config.Read(name, &set), "more than 1048576 bytes")
	assert.ErrorIs(t, config.Read(name+"x", &set), os.ErrNotExist)
}

func TestWhatIsPrintedIsReadAsTheSame(t *testing.T) {
	for _, set := range []settings{
		defaults(),
		{},
		{Host: "a: [b]\n#c \x1b", Timeout: 90 * time.Second, Keep: -1, Disk: disk{WarnPercent: 0.25, WarnFree: 1<<30 + 1}, Paths: []string{"", "- x", "yes", "caf\u00e9  double"}},
		{Timeout: 25 * time.Hour},
		{Timeout: time.Hour + 30*time.Second},
		{Timeout: 48 * time.Hour},
	} {
		var out bytes.Buffer
		require.NoError(t, config.Print(&out, &set))
		var again settings
		require.NoError(t, config.Decode(out.Bytes(), &again), out.String())
		if len(set.Paths) == 0 {
			again.Paths = nil
		}
		assert.Empty(t, cmp.Diff(set, again, cmp.AllowUnexported(settings{})), out.String())
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("host: a\ndisk: {warn-free: 1 KiB}\n")
	f.Add("a: &a [*a]\n")
	f.Add("host: &a b\npaths: [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		var set settings
		if err := config.Decode([]byte(text), &set); err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Error("an error without words")
		}
	})
}

func ExamplePrint() {
	set := defaults()
	if err := config.Print(os.Stdout, &set); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # the system to look at
	// host: local
	// # of each check
	// timeout: 5m
	// # whether all counts
	// strict: false
	// # reports that are kept
	// keep: 400
	// # when a file system is short of space
	// disk:
	//   # share that is used
	//   warn-percent: 90
	//   # with more free bytes there is no warning
	//   warn-free: 20 GiB
	// # what is backed up, with all below it
	// paths: [/etc]
}
