package unpack

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

var text = strings.Repeat("Nov 25 11:00:00 web odd: wombat\n", 5_000)

// packed packs by the stock tool.
func packed(t testing.TB, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(need.Program(t, program), append(args, "-c")...)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.Output()
	require.NoError(t, err)
	return out
}

func TestWhatStockToolsPackIsUnpacked(t *testing.T) {
	for _, c := range []struct{ suffix, program, args string }{
		{".xz", "xz", "-9"},
		{".xz", "xz", "-0"},
		{".xz", "xz", "-9 --threads=2 --block-size=65536"},
		{".lzma", "xz", "-9 --format=lzma"},
		{".zst", "zstd", "-1"},
		{".zst", "zstd", "-19"},
		{".zst", "zstd", "--long=27"},
	} {
		r, err := Openers()[c.suffix](bytes.NewReader(packed(t, c.program, strings.Fields(c.args)...)))
		require.NoError(t, err, c)
		out, err := io.ReadAll(r)
		require.NoError(t, err, c)
		assert.Equal(t, text, string(out), c)
	}
}

func TestAnArchiveThatAsksForTooMuchMemoryIsRefused(t *testing.T) {
	data := packed(t, "xz", "-0")
	at := bytes.Index(data, []byte{0x21, 1}) + 2
	data[at] = 40 // 4 GiB
	_, err := openXZ(bytes.NewReader(data))
	require.ErrorIs(t, err, errWindow)
	// zstd: a window of 2 GiB
	r, err := openZstd(bytes.NewReader([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0}))
	if err == nil {
		_, err = io.ReadAll(r)
	}
	require.Error(t, err)
}

func TestAnArchiveThatEndsEarlyIsAnError(t *testing.T) {
	for suffix, data := range map[string][]byte{".xz": packed(t, "xz"), ".zst": packed(t, "zstd")} {
		for _, n := range []int{0, 5, 13, 20, len(data) / 2} {
			r, err := Openers()[suffix](bytes.NewReader(data[:n]))
			if err == nil {
				_, err = io.ReadAll(r)
			}
			if suffix == ".zst" && n == 0 {
				continue // an empty file is an empty archive
			}
			assert.Error(t, err, "%s %d", suffix, n)
		}
	}
}

func FuzzOpen(f *testing.F) {
	w, err := zstd.NewWriter(nil)
	require.NoError(f, err)
	f.Add(".zst", w.EncodeAll([]byte("text"), nil))
	f.Add(".xz", []byte("\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4F\x02\x00!\x01\x16\x00\x00\x00t/\xe5\xa3"))
	f.Fuzz(func(t *testing.T, suffix string, data []byte) {
		open := Openers()[suffix]
		if open == nil {
			return
		}
		if r, err := open(bytes.NewReader(data)); err == nil {
			_, err = io.Copy(io.Discard, io.LimitReader(r, 16<<20))
			_ = err // whatever it is, it ends
		}
	})
}

func Example() {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	m := hosttest.New("-- /var/log/ dir complete --\n-- /var/log/syslog --\nnew\n")
	if err := m.WriteFile("/var/log/syslog.1.zst", w.EncodeAll([]byte("old\n"), nil), 0o644); err != nil {
		fmt.Println(err)
	}
	f := follow.File{Host: m.Host(), Path: "/var/log/syslog", Archive: true, Openers: Openers()}
	r, err := f.Resume(context.Background(), follow.Checkpoint{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	for {
		b, err := r.Next(context.Background())
		if err != nil {
			break
		}
		for _, line := range b.Lines {
			fmt.Printf("%s\n", line.Text)
		}
	}
	// Output:
	// old
	// new
}
