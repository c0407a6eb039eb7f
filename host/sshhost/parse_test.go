package sshhost

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

func TestClockOffsetIsWhatIsCertain(t *testing.T) {
	before := time.Unix(1000, 5e8)
	for clock, want := range map[string]time.Duration{
		"999": -500 * time.Millisecond, "1000": 0, "1001": 0, "1002": 500 * time.Millisecond,
		"4601": 3599500 * time.Millisecond, "": 0, "x": 0,
	} {
		assert.Equal(t, want, clockOffset(clock, before, before.Add(time.Second)), clock)
	}
}

func TestObituaryIsNotOfTheCommand(t *testing.T) {
	for given, want := range map[string]string{
		"": "", "Killed\n": "", "mine\nKilled\n": "mine\n", "Killed (core dumped)\n": "", "Killed by me\n": "Killed by me\n",
	} {
		assert.Equal(t, want, string(withoutObituary([]byte(given), "killed")))
	}
}

func TestBatchesAreBounded(t *testing.T) {
	asks := make([]host.Ask, 2500)
	for i := range asks {
		asks[i] = host.Ask{Op: host.OpRead, Name: fmt.Sprintf("/%d", i)}
	}
	assert.Equal(t, maxAsks, firstAsks(asks))
	long := host.Ask{Op: host.OpLstat, Name: "/" + strings.Repeat("x", 2*maxArgs)}
	assert.Equal(t, 1, firstAsks([]host.Ask{long, asks[0]}))
	assert.EqualValues(t, contentBytes, share(1))
	assert.EqualValues(t, leastShare, share(maxAsks))
}

func TestAnswersOfABatchAreToldApart(t *testing.T) {
	traits := traits{base64: true}
	parts, err := traits.parts([]byte("@ask 0\nYQ==\n@ok\n@there\n@ask 1\n@ok\n@ok\n"))
	require.NoError(t, err)
	require.Len(t, parts, 2)
	assert.Equal(t, "a", string(parts[0].records[0].Data))
	assert.Equal(t, []bool{true, false}, []bool{parts[0].there, parts[1].there})
	assert.Len(t, parts[1].records, 2)
	for _, bad := range []string{
		"@ok\n", "@ask 1\n@ok\n", "@ask 0\n", "@ask 0\n@ask 1\n@ok\n", "@ask 0\n@ok\n@ask 0\n@ok\n", "@ask 0\nYQ==\n@ask 1\n@ok\n",
	} {
		_, err := traits.parts([]byte(bad))
		assert.ErrorIs(t, err, session.ErrFrame, bad)
	}
}

func TestConfigIsChecked(t *testing.T) {
	pem, pub := newKey(t)
	dir := t.TempDir()
	for want, config := range map[string]Config{
		"no address":           {},
		"no private key":       {Addr: "h"},
		"private key 1":        {Addr: "h", Keys: [][]byte{[]byte("x")}},
		"no user":              {Addr: "h", Keys: [][]byte{pem}},
		"exactly one of":       {Addr: "h", User: "u", Keys: [][]byte{pem}},
		"known hosts":          {Addr: "h", User: "u", Keys: [][]byte{pem}, KnownHosts: []string{filepath.Join(dir, "none")}},
		"exactly one of HostK": {Addr: "h", User: "u", Keys: [][]byte{pem}, HostKey: pub, KnownHosts: []string{"x"}},
	} {
		_, err := Dial(t.Context(), config)
		assert.ErrorContains(t, err, want)
	}
	for given, want := range map[string]string{"h": "h:22", "h:1": "h:1", "::1": "[::1]:22", "[::1]": "[::1]:22", "[::1]:5": "[::1]:5"} {
		got, err := Config{Addr: given}.address()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	assert.Equal(t, []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}, algorithms(ssh.KeyAlgoRSA))
}

func TestCommandsThatCannotBeSentAreRefused(t *testing.T) {
	for _, c := range []host.Command{
		{},
		{Args: []string{""}},
		{Args: []string{"a/b"}},
		{Args: []string{"a", "b\x00"}},
		{Args: []string{"a=b"}},
		{Args: []string{"a"}, Env: []string{"-i"}},
		{Args: []string{"a"}, Env: []string{"x"}},
		{Args: []string{"a"}, Env: []string{"a b=c"}},
		{Args: []string{"a", strings.Repeat("x", maxArgs)}},
	} {
		err := checkCommand(c)
		require.Error(t, err)
		assert.NotErrorIs(t, err, exec.ErrNotFound)
	}
	assert.NoError(t, checkCommand(host.Command{Args: []string{"/a", "b=c", "\xff"}, Env: []string{"A_1=b c"}}))
}

func FuzzSums(f *testing.F) {
	f.Add("da39 -\x00")
	f.Fuzz(func(t *testing.T, text string) {
		sums, err := parseSums("sha256", []byte(text))
		for name, sum := range sums {
			if err == nil && (name == "" || sum.Size() != 32) {
				t.Fatalf("%q %v", name, sum)
			}
		}
	})
}
