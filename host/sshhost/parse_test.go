package sshhost

import (
	"bytes"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/pugetsoundtech/upkeep/host"
)

func TestFindLineIsParsed(t *testing.T) {
	st, err := parseFindLine("4755 f 0 42 1234 8 65024 77 2 1795645214.1234567890 1795645215.0000000010 1600000000.5000000000")
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff(host.Stat{
		Mode: 0o104755, GID: 42, Size: 1234, Blocks: 8, Dev: 65024, Ino: 77, Nlink: 2,
		Mtime: 1795645214123456789, Ctime: 1795645215000000001, Btime: 1600000000500000000,
		Known: knownByAll | host.KnownBtime,
	}, st))
	for _, birth := range []string{"", " -", " -1.-000000010", " 0.0000000000"} {
		st, err = parseFindLine("644 l 1 1 5 0 1 1 1 0.0 -1.5" + birth)
		require.NoError(t, err)
		assert.False(t, st.Known.Has(host.KnownBtime), "%q", birth)
		assert.EqualValues(t, -1500000000, st.Ctime)
	}
	for _, line := range []string{
		"", "644", "999 f 0 0 1 8 1 1 1 1.5 1.5", "644 U 0 0 1 8 1 1 1 1.5 1.5", "644 f -1 0 1 8 1 1 1 1.5 1.5",
		"644 f 0 0 99999999999999999999 8 1 1 1 1.5 1.5", "644 f 0 0 1 8 1 1 1 99999999999.5 1.5", "644 f 0 0 1 8 1 1 1 1.x 1.5",
		"10644 f 0 0 1 8 1 1 1 1.5 1.5", "644 f 4294967296 0 1 8 1 1 1 1.5 1.5",
	} {
		_, err := parseFindLine(line)
		assert.Error(t, err, line)
	}
}

func TestStatLineIsParsed(t *testing.T) {
	st, err := parseStatLine("81a4 0 42 1234 8 65024 77 1 0,0 1795645214")
	require.NoError(t, err)
	assert.Equal(t, host.Stat{
		Mode: 0o100644, GID: 42, Size: 1234, Blocks: 8, Dev: 65024, Ino: 77, Nlink: 1,
		Mtime: 1795645214e9, Known: knownByAll &^ host.KnownCtime,
	}, st)
	st, err = parseStatLine("2190 0 5 0 0 5 6 1 88,40 1795645214")
	require.NoError(t, err)
	assert.EqualValues(t, 0x8840, st.Rdev)
	assert.True(t, st.Known.Has(host.KnownRdev))
	_, err = parseStatLine("2190 0 5 0 0 5 6 1 ?,? 1795645214")
	assert.Error(t, err)
}

// The lines are as stat(1) of FreeBSD 14, NetBSD 10 and OpenBSD 7 documents them.
func TestBSDLineIsParsed(t *testing.T) {
	st, err := parseBSDLine("100644 0 0 1234 8 101 77 1 4294967295 1795645214.123456789 1795645215.000000001")
	require.NoError(t, err)
	assert.Equal(t, host.Stat{
		Mode: 0o100644, Size: 1234, Blocks: 8, Dev: 101, Ino: 77, Nlink: 1,
		Mtime: 1795645214123456789, Ctime: 1795645215000000001, Known: knownByAll,
	}, st)
	st, err = parseBSDLine("020666 0 0 0 0 101 77 1 514 1795645214.0 1795645215.0")
	require.NoError(t, err)
	assert.EqualValues(t, 514, st.Rdev)
}

func TestFrameMustBeWhole(t *testing.T) {
	frame := "one\n@x\n@n end 2 7\n"
	payload, err := parseFrame([]byte(frame), "n")
	require.NoError(t, err)
	assert.Equal(t, "one\n@x\n", string(payload))
	for i := range frame {
		_, err := parseFrame([]byte(frame[:i]), "n")
		assert.ErrorIs(t, err, errFrame)
		_, err = parseFrame([]byte(frame[:i]+"spam\n"+frame[i:]), "n")
		assert.ErrorIs(t, err, errFrame)
	}
	for _, bad := range []string{"x@n end 0 0\n", "@n end 0 0\n\n", "@n end 00 0\n", "@n end -1 0\n", "@m end 0 0\n", "@n end 0 0"} {
		_, err := parseFrame([]byte(bad), "n")
		assert.ErrorIs(t, err, errFrame, "%q", bad)
	}
}

func TestRecordsOfBothEncodings(t *testing.T) {
	records, words, err := parseRecords([]byte("@system Linux\nAAH/\n@ok\n@err\nZWMKPTE=\n@end\n@more\n"), true)
	require.NoError(t, err)
	assert.Equal(t, []record{{data: []byte{0, 1, 255}}, {data: []byte{}, stderr: "ec", status: 1}}, records)
	assert.Equal(t, []string{"system Linux", "more"}, words)
	records, _, err = parseRecords([]byte(" 00 01\n ff\n@ok\n"), false)
	require.NoError(t, err)
	assert.Equal(t, []byte{0, 1, 255}, records[0].data)
	for _, bad := range []string{"AAH/\n", "AAH/\n@more\n@ok\n", "@err\nPTA=\n", "@err\n@ok\n@end\n", "AAH/A\n@ok\n", "@err\nPTMwMA==\n@end\n"} {
		_, _, err := parseRecords([]byte(bad), true)
		assert.ErrorIs(t, err, errFrame, bad)
	}
}

func TestFilterFindsTheBeginLineInAnyPieces(t *testing.T) {
	stream := "noise \n@n begin 12\n\x00noise\n@m begin 7\n" + "\n@n begin 345\nfirst\n\n@n begin 6\nlast"
	for size := 1; size <= len(stream); size++ {
		var out bytes.Buffer
		f := newFilter("n", &out)
		for at := 0; at < len(stream); at += size {
			f.take([]byte(stream[at:min(at+size, len(stream))]))
		}
		require.NoError(t, f.error())
		assert.Equal(t, "12", f.pid())
		require.Equal(t, stream[strings.Index(stream, "\x00"):], out.String())
	}
}

func TestQuotedWordsPassAnyShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	require.NoError(t, err)
	for _, word := range []string{"", "'", "a'b''c", "$HOME `id` \\ \"", "\n", "\xff\x81", "-n", "!"} {
		out, err := exec.Command(sh, "-c", "printf %s "+quote(word)).Output()
		require.NoError(t, err)
		assert.Equal(t, word, string(out))
	}
}

func TestComplaintsAreErrors(t *testing.T) {
	for complaint, want := range map[string]error{
		"find: '/x': No such file or directory":                    fs.ErrNotExist,
		"ls: cannot open '/x: Not a directory': Permission denied": fs.ErrPermission,
		"cat: /x: Operation not permitted":                         fs.ErrPermission,
		"head: /x: Too many levels of symbolic links":              syscall.ELOOP,
		"ls: /x: Symbolic link loop":                               syscall.ELOOP,
	} {
		assert.ErrorIs(t, errno(complaint), want, complaint)
	}
	assert.ErrorIs(t, errno("ls: a\nb: No such file or directory\nc: Permission denied"), fs.ErrPermission, "the name has lines")
	assert.ErrorIs(t, errno("dd: error reading 'f': Input/output error\n0+0 records in\n"), syscall.EIO)
	err := errno("stat: /x: No such file or directory: not quite")
	assert.NotErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "not quite")
}

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
	assert.Equal(t, "a", string(parts[0].records[0].data))
	assert.Equal(t, []bool{true, false}, []bool{parts[0].there, parts[1].there})
	assert.Len(t, parts[1].records, 2)
	for _, bad := range []string{
		"@ok\n", "@ask 1\n@ok\n", "@ask 0\n", "@ask 0\n@ask 1\n@ok\n", "@ask 0\n@ok\n@ask 0\n@ok\n", "@ask 0\nYQ==\n@ask 1\n@ok\n",
	} {
		_, err := traits.parts([]byte(bad))
		assert.ErrorIs(t, err, errFrame, bad)
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

func FuzzStatLines(f *testing.F) {
	f.Add("644 f 0 0 1 8 1 1 1 1.5 1.5 1.5\x00a\x00\x00")
	f.Add("81a4 0 42 1234 8 65024 77 1 0,0 1795645214\x00a\x00b\x00")
	f.Add("100644 0 0 1234 8 101 77 1 4294967295 1795645214.123456789 1795645215.0\x00\xff\x00\x00")
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range []dialect{dialectFind, dialectStat, dialectBSD} {
			list, err := d.entries(record{data: []byte(text)})
			if err != nil && list != nil {
				t.Fatal("an answer beside an error")
			}
			for _, st := range list {
				if !st.Known.Has(host.KnownMode) || !isComponent(st.Name) || st.Size < 0 {
					t.Fatalf("%+v", st)
				}
			}
		}
		sums, err := parseSums("sha256", []byte(text))
		for name, sum := range sums {
			if err == nil && (name == "" || sum.Size() != 32) {
				t.Fatalf("%q %v", name, sum)
			}
		}
	})
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("AAH/\n@ok\n@err\nPTA=\n@end\n@n end 5 29\n"))
	f.Add([]byte("@n end 0 0\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var out bytes.Buffer
		filter := newFilter("n", &out)
		filter.take(data)
		payload, err := parseFrame(data, "n")
		if err != nil {
			return
		}
		if len(payload) > len(data) {
			t.Fatal("more than came")
		}
		for _, inBase64 := range []bool{false, true} {
			records, words, err := parseRecords(payload, inBase64)
			if err != nil && (records != nil || words != nil) {
				t.Fatal("an answer beside an error")
			}
		}
		parseProbe(strings.Split(string(payload), "\n"))
	})
}
