package sshhost

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/answer"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

// A liar is an SSH server that answers a script with what a function writes.
// With a negative status it tells none.
type liar func(nonce string, w io.Writer) (status int)

const noStatus, noExec = -1, -2

func newKey(t *testing.T) (private []byte, public ssh.PublicKey) {
	t.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKey(key, "")
	require.NoError(t, err)
	public, err = ssh.NewPublicKey(pub)
	require.NoError(t, err)
	return pem.EncodeToMemory(block), public
}

// startLiar serves the answers in turn, the last one again and again.
func startLiar(t *testing.T, answers ...liar) Config {
	t.Helper()
	hostPEM, hostPub := newKey(t)
	userPEM, _ := newKey(t)
	signer, err := ssh.ParsePrivateKey(hostPEM)
	require.NoError(t, err)
	conf := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	conf.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveLiar(conn, conf, answers)
		}
	}()
	return Config{Addr: l.Addr().String(), User: "u", Keys: [][]byte{userPEM}, HostKey: hostPub, Timeout: 10 * time.Second}
}

func serveLiar(conn net.Conn, conf *ssh.ServerConfig, answers []liar) {
	defer conn.Close()
	_, chans, reqs, err := ssh.NewServerConn(conn, conf)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(reqs)
	for newChannel := range chans {
		ch, reqs, err := newChannel.Accept()
		if err != nil {
			return
		}
		answer := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		go answer.session(ch, reqs)
	}
}

var nonceIn = regexp.MustCompile(`sh '([0-9a-f]{32})'`)

func (answer liar) session(ch ssh.Channel, reqs <-chan *ssh.Request) {
	defer ch.Close()
	req := <-reqs
	if answer("", io.Discard) == noExec {
		req.Reply(false, nil)
		io.Copy(io.Discard, ch)
		return
	}
	req.Reply(true, nil)
	go ssh.DiscardRequests(reqs)
	script, _ := io.ReadAll(ch)
	nonce := nonceIn.FindSubmatch(script)
	if nonce == nil {
		return
	}
	if status := answer(string(nonce[1]), ch); status >= 0 {
		ch.CloseWrite()
		ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
	}
}

// honest is a frame around payload.
func honest(payload string) liar {
	return func(nonce string, w io.Writer) int {
		fmt.Fprintf(w, "\n@%s begin 1\n%s@%s end %d %d\n", nonce, payload, nonce, strings.Count(payload, "\n"), len(payload))
		return 0
	}
}

// raw is any bytes with %[1]s for the nonce.
func raw(format string, status int) liar {
	return func(nonce string, w io.Writer) int {
		fmt.Fprintf(w, format, nonce)
		return status
	}
}

const probed = "@system Linux\n@time 1\n@dialect find\n@base64 yes\n@head yes\n@sha256 yes\n"

func blobOf(data string) string { return base64.StdEncoding.EncodeToString([]byte(data)) + "\n@ok\n" }

func TestLyingServerIsAnErrorOfDial(t *testing.T) {
	endless := func(nonce string, w io.Writer) int {
		for nonce != "" {
			if _, err := io.WriteString(w, strings.Repeat("noise", 10000)); err != nil {
				break
			}
		}
		return 0
	}
	for name, c := range map[string]struct {
		answer liar
		want   error
		text   string
	}{
		"nothing":            {raw("%.0s", 0), nil, "did not begin (exit status 0): no message"},
		"no shell":           {raw("%.0s\n/bin/sh: not found\n", 127), nil, "did not begin (exit status 127): /bin/sh: not found"},
		"no commands":        {raw("%.0s", noExec), errors.ErrUnsupported, "runs no commands"},
		"closes":             {raw("%.0s", noStatus), session.ErrDropped, ""},
		"dies in the frame":  {raw("\n@%[1]s begin 1\n@system Linux\n", noStatus), session.ErrDropped, ""},
		"no end":             {raw("\n@%[1]s begin 1\n@system Linux\n", 0), session.ErrFrame, "last line"},
		"wrong end":          {raw("\n@%[1]s begin 1\n@system Linux\n@%[1]s end 2 14\n", 0), session.ErrFrame, "14 bytes came"},
		"more after the end": {raw("\n@%[1]s begin 1\n@%[1]s end 0 0\nx", 0), session.ErrFrame, ""},
		"other nonce":        {raw("%.0s\n@0123456789abcdef0123456789abcdef begin 1\n", 0), nil, "did not begin"},
		"bad number":         {raw("\n@%[1]s begin -1\n", 0), session.ErrFrame, ""},
		"other status":       {raw("\n@%[1]s begin 1\n@%[1]s end 0 0\n", 3), session.ErrFrame, ""},
		"empty":              {honest(""), session.ErrFrame, "no uname"},
		"endless noise":      {endless, session.ErrNoise, ""},
	} {
		_, err := Dial(t.Context(), startLiar(t, c.answer))
		require.Error(t, err, name)
		if c.want != nil {
			assert.ErrorIs(t, err, c.want, name)
		}
		assert.ErrorContains(t, err, c.text, name)
		assert.NotErrorIs(t, err, fs.ErrNotExist)
	}
}

func TestLyingServerIsAnErrorOfReading(t *testing.T) {
	const line = "644 f 0 0 1 8 1 1 1 1.5 1.5 1.5\x00"
	for name, answer := range map[string]liar{
		"no record":       honest(""),
		"half a record":   honest("AAAA\n"),
		"not base64":      honest("!\n@ok\n@ok\n"),
		"half an entry":   honest(blobOf(line+"name") + "@ok\n"),
		"bad entry":       honest(blobOf("x\x00name\x00\x00") + "@ok\n"),
		"name with slash": honest(blobOf(line+"../up\x00\x00") + "@ok\n"),
		"dots":            honest(blobOf(line+"..\x00\x00") + "@ok\n"),
		"no name":         honest(blobOf(line+"\x00\x00") + "@ok\n"),
		"twice":           honest(blobOf(line+"a\x00\x00"+line+"a\x00\x00") + "@ok\n"),
		"no status":       honest("@err\n@end\n@ok\n"),
		"dropped":         raw("\n@%[1]s begin 1\n@ok\n", noStatus),
	} {
		c, err := Dial(t.Context(), startLiar(t, honest(probed), answer))
		require.NoError(t, err)
		ctx, h := t.Context(), c.Host()
		list, err := h.ReadDir(ctx, "/etc")
		assert.Error(t, err, name)
		assert.Empty(t, list, name)
		assert.NotErrorIs(t, err, fs.ErrNotExist, name)
		if _, err := h.Open(ctx, "/etc/passwd"); !strings.Contains("no name, name with slash, dots", name) {
			assert.Error(t, err, name) // the name is not that of the server
		}
		err = h.Files.(host.Walker).Walk(ctx, "/etc", host.WalkOptions{}, func(e *host.Entry) error {
			t.Errorf("walked to %s", e.Path)
			return nil
		})
		assert.Error(t, err, name)
		_, err = h.Files.(host.TreesWalker).Trees(ctx, []string{"/etc", "/usr"}, host.WalkOptions{})
		assert.Error(t, err, name)
		_, err = h.Run(ctx, host.Command{Args: []string{"true"}})
		assert.Error(t, err, name)
		c.Close()
	}
}

func TestEndlessAnswerIsCut(t *testing.T) {
	endless := func(nonce string, w io.Writer) int {
		fmt.Fprintf(w, "\n@%s begin 1\n", nonce)
		for nonce != "" {
			if _, err := io.WriteString(w, strings.Repeat("AAAA\n", 10000)); err != nil {
				break
			}
		}
		return 0
	}
	c, err := Dial(t.Context(), startLiar(t, honest(probed), endless, raw("\n@%[1]s begin 2\n", 0)))
	require.NoError(t, err)
	defer c.Close()
	c.maxFrame = 1 << 20
	_, err = c.Host().ReadDir(t.Context(), "/etc")
	assert.ErrorIs(t, err, host.ErrTruncated)
}

func TestShortLinesDoNotMultiplyAnAnswer(t *testing.T) {
	const size = 8 << 20
	allocated := func(do func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for _, line := range []string{"A\n", "@ok\n", "@w\n"} {
		payload := []byte(strings.Repeat(line, size/len(line)))
		spent := allocated(func() {
			_, _, err := answer.ParseRecords(payload, true)
			assert.ErrorIs(t, err, session.ErrFrame, line)
		})
		assert.Less(t, spent, uint64(8*size), "%q", line)
	}
	complaints := strings.Repeat("\n", size)
	assert.Less(t, allocated(func() { answer.Errno(complaints) }), uint64(2*size))
}

func TestAServerThatReadsNothingIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		start := time.Now()
		_, err := patient{ours}.Write([]byte("x"))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.Equal(t, writePatience, time.Since(start))
	})
}

func TestSilentServerTimesOut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	_, hostPub := newKey(t)
	userPEM, _ := newKey(t)
	config := Config{Addr: l.Addr().String(), User: "u", Keys: [][]byte{userPEM}, HostKey: hostPub, Timeout: 50 * time.Millisecond}
	_, err = Dial(t.Context(), config)
	assert.ErrorIs(t, err, context.DeadlineExceeded, "in the handshake")

	hold := make(chan struct{})
	defer close(hold)
	silent := func(nonce string, _ io.Writer) int {
		if nonce != "" {
			<-hold
		}
		return 0
	}
	config = startLiar(t, silent)
	config.Timeout = 300 * time.Millisecond
	_, err = Dial(t.Context(), config)
	assert.ErrorIs(t, err, context.DeadlineExceeded, "in the session")
}

func TestRemoteClockIsUsedWhereItDiffers(t *testing.T) {
	then := time.Now().Add(-48 * time.Hour)
	c, err := Dial(t.Context(), startLiar(t, honest(strings.Replace(probed, "@time 1\n", fmt.Sprintf("@time %d\n", then.Unix()), 1))))
	require.NoError(t, err)
	defer c.Close()
	assert.WithinDuration(t, time.Now().Add(-48*time.Hour), c.Host().Time(), time.Hour)
}

// Who lets a slow machine take its time at the start lets it answer as slowly.
func TestSharedQuestionsMayTakeAsLongAsTheFirstOnes(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{0: sharedPatience, time.Minute: time.Minute} {
		config := startLiar(t, honest(probed))
		config.Timeout = timeout
		c, err := Dial(t.Context(), config)
		require.NoError(t, err)
		defer c.Close()
		assert.Equal(t, want, c.sharedPatience, "with %s", timeout)
	}
}

func ExampleDial() {
	// A machine whose key nobody told us is never spoken to.
	_, err := Dial(context.Background(), Config{Addr: "mail.example.org", User: "audit"})
	fmt.Println(err)
	// Output: connect to mail.example.org: no private key
}
