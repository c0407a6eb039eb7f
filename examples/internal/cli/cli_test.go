package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sample is a program with two verbs and a setting.
type sample struct {
	settings struct {
		Host string `doc:"the system"`
		Keep int    `doc:"how many"`
	}
	json bool
	loud bool
}

func (s *sample) run(args ...string) (status int, stdout, stderr string) {
	s.settings.Host, s.settings.Keep = "local", 3
	p := &Program{
		Name: "sample", About: "Shows how it is done.", Exit: "Exit status: 0 done, 3 not.",
		Examples: []Example{{Args: "show a", About: "shows a"}},
		JSON:     &s.json, Host: &s.settings.Host, Settings: &s.settings,
		Flags: func(fs *flag.FlagSet) { fs.BoolVar(&s.loud, "loud", false, "in capitals") },
		Verbs: []Verb{
			{Name: "show", Args: "WHAT", About: "shows it", Least: 1, Most: 2, Run: func(_ context.Context, c Call) (int, error) {
				fmt.Fprintln(c.Stdout, c.Args, s.json, s.loud, s.settings.Host, s.settings.Keep)
				return 1, nil
			}},
			{Name: "fail", About: "fails", Run: func(context.Context, Call) (int, error) {
				return 4, errors.Join(errors.New("first"), errors.New("sec\x1bond"))
			}},
		},
	}
	var out, errs bytes.Buffer
	status = p.Run(context.Background(), args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestFlagsStandAnywhere(t *testing.T) {
	for _, args := range []string{"-json -loud show a b", "show -json a -loud b", "show a b -json -loud", "-json show a b --loud=true"} {
		status, out, errs := (&sample{}).run(strings.Fields(args)...)
		assert.Equal(t, 1, status, args)
		assert.Equal(t, "[a b] true true local 3\n", out, args)
		assert.Empty(t, errs)
	}
	_, out, _ := (&sample{}).run("show", "--", "-json", "-")
	assert.Equal(t, "[-json -] false false local 3\n", out)
	_, out, _ = (&sample{}).run("show", "-", "-json")
	assert.Equal(t, "[-] true false local 3\n", out)
}

func TestMistakesAreOneLine(t *testing.T) {
	for args, want := range map[string]string{
		"fial":         `unexpected argument "fial"; did you mean fail?`,
		"nonsense":     `unexpected argument "nonsense"; see sample -h`,
		"-json":        "say what to do: show, fail; see sample -h",
		"show":         "usage: sample show WHAT; see sample -h",
		"show a b c":   "usage: sample show WHAT; see sample -h",
		"fail a":       "usage: sample fail; see sample -h",
		"show a -lout": "flag provided but not defined: -lout; see sample -h",
		"fail -config": "flag needs an argument: -config; see sample -h",
	} {
		status, out, errs := (&sample{}).run(strings.Fields(args)...)
		assert.Equal(t, Failed, status, args)
		assert.Empty(t, out)
		assert.Equal(t, "sample: "+want+"\n", errs)
	}
	status, _, errs := (&sample{}).run("fail")
	assert.Equal(t, 4, status)
	assert.Equal(t, "sample: first; sec\\x1bond\n", errs)
}

func TestWithoutArgumentsItShowsAnExample(t *testing.T) {
	status, out, errs := (&sample{}).run()
	assert.Equal(t, Failed, status)
	assert.Empty(t, errs)
	assert.Contains(t, out, "Example: sample show a\n")
	assert.NotContains(t, out, "-json")
	status, out, _ = (&sample{}).run("show", "-h")
	assert.Zero(t, status)
	assert.Contains(t, out, "-json")
	assert.Contains(t, out, "show WHAT  shows it\n")
}

func TestHelpIsTheHelp(t *testing.T) {
	_, want, _ := (&sample{}).run("-h")
	for _, args := range []string{"help", "help show", "help -json"} {
		status, out, errs := (&sample{}).run(strings.Fields(args)...)
		assert.Zero(t, status, args)
		assert.Empty(t, errs)
		assert.Equal(t, want, out, args)
	}
	for _, args := range []string{"help nonsense", "help show a"} {
		status, _, errs := (&sample{}).run(strings.Fields(args)...)
		assert.Equal(t, Failed, status, args)
		assert.Contains(t, errs, `unexpected argument "help"; see sample -h`)
	}
	_, out, _ := (&sample{}).run("show", "help")
	assert.Equal(t, "[help] false false local 3\n", out)
}

func TestTheCommandLineOutweighsTheFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sample.yaml")
	require.NoError(t, os.WriteFile(name, []byte("host: root:/mnt\nkeep: 9\n"), 0o600))
	_, out, _ := (&sample{}).run("show", "a", "-config", name)
	assert.Equal(t, "[a] false false root:/mnt 9\n", out)
	_, out, _ = (&sample{}).run("-host", "root:/a", "show", "a", "-config", name)
	assert.Equal(t, "[a] false false root:/a 9\n", out)
	_, out, _ = (&sample{}).run("-config", name, "-print-config", "-host", "root:/a")
	assert.Equal(t, "# the system\nhost: root:/a\n# how many\nkeep: 9\n", out)
	require.NoError(t, os.WriteFile(name, []byte("hots: a\n"), 0o600))
	status, out, errs := (&sample{}).run("show", "a", "-config", name)
	assert.Equal(t, Failed, status)
	assert.Empty(t, out)
	assert.Equal(t, "sample: "+name+":1: unknown field \"hots\"; did you mean \"host\"? (sample -print-config shows every field)\n", errs)
}

func TestOnlyATargetIsATarget(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	prose := write("prose.txt", "Dear reader,\nthis is no machine.\n")
	machine := write("machine.txtar", "A machine.\n-- /etc/hostname --\nweb1\n")
	for spec, want := range map[string]string{
		"replay:" + prose: "no recorded machine", "replay:" + dir + "/none": "no such file", "replay:": "no such file",
		"root:" + prose: "no directory", "root:mnt": "absolute path", "root:" + dir + "/none": "mount the image",
		"web1": "give local", "": "give local", "ssh://web1": "ssh://user@name", "local:": "give local",
		"ssh://root@web1?timeout=0s": "timeout=2m", "ssh://root@web1?timeout=1s&timeout=2s": "timeout=2m",
		"ssh://root@web1?sudo=1s": "timeout=2m", "ssh://root@web1?%": "invalid URL escape",
	} {
		_, err := Open(t.Context(), spec)
		if assert.ErrorContains(t, err, want) {
			assert.NotContains(t, err.Error(), "\n")
		}
	}
	target, err := Open(t.Context(), "replay:"+machine)
	require.NoError(t, err)
	assert.Equal(t, "replay:"+machine, target.Name)
	target, err = Open(t.Context(), "root:"+dir+"/")
	require.NoError(t, err)
	assert.True(t, target.Image)
	target.Close()
}

// A zone file that is a FIFO would be opened for ever, without an ear for signals.
func TestZoneThatIsNoFileIsSaid(t *testing.T) {
	if os.Getenv("UPKEEP_TEST_ZONE") != "" {
		useZone(os.Stderr)
		fmt.Println(time.Unix(0, 0).Format("15:04"))
		os.Exit(0)
	}
	fifo := filepath.Join(t.TempDir(), "zone")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	for _, tz := range []string{fifo, ":" + fifo} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestZoneThatIsNoFileIsSaid$")
		cmd.Env = append(os.Environ(), "UPKEEP_TEST_ZONE=1", "TZ="+tz)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Equal(t, "TZ cannot be used, times are in UTC: "+fifo+" is no regular file\n00:00\n", string(out))
	}
}

func TestLineIsVisible(t *testing.T) {
	assert.Equal(t, `a\x1b[1m\xff\u{202e}é日本`, Visible("a\x1b[1m\xff\u202eé日本"))
	err := Advise(Advise(errors.New("no"), "do %s", "this"), "do that")
	assert.Equal(t, "no; do this", Line(err))
	assert.NoError(t, Advise(nil, "do that"))
}

func TestColoursOnlyWhereWanted(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	assert.False(t, Look(&bytes.Buffer{}, env()).Color)
	assert.True(t, Look(&bytes.Buffer{}, env("CLICOLOR_FORCE", "1")).Color)
	assert.False(t, Look(&bytes.Buffer{}, env("CLICOLOR_FORCE", "1", "NO_COLOR", "1")).Color)
	assert.True(t, utf8Locale(env("LANG", "de_DE.UTF-8")))
	assert.False(t, utf8Locale(env("LC_ALL", "C", "LANG", "de_DE.UTF-8")))
	assert.True(t, dumb(env("TERM", "dumb")))
	assert.True(t, dumb(env()), "cron gives no TERM")
	assert.False(t, dumb(env("TERM", "xterm")))
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer f.Close()
	assert.Equal(t, Terminal{Width: 78}, Look(f, func(string) string { return "" }))
}
