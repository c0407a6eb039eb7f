package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pugetsoundtech/upkeep/host"
)

var (
	// ErrDropped says that the connection or the server ended before the command.
	ErrDropped    = errors.New("the connection dropped")
	errNoCommands = fmt.Errorf("the server runs no commands: %w", errors.ErrUnsupported)
)

const (
	// lateOutput is how long the output of a command may pause after its end,
	// since a process that it left behind may hold the stream open for ever.
	lateOutput = 2 * time.Second
	// lateTotal bounds what such a process can make us wait if it goes on writing;
	// the output is called truncated then.
	lateTotal = 20 * time.Second
	// killPatience bounds ending a remote process.
	killPatience = 10 * time.Second
)

// A Request is one script to run. It finds a number that nobody can guess as $1 and
// Args behind it, and says that it begins by the line "@NUMBER begin PROCESS" with a
// newline before it, on each stream that anybody reads.
type Request struct {
	Script        string
	Args          []string
	Stdin         io.Reader // sent when the script has begun; nil: none
	Stdout        io.Writer // what comes after the begin line
	Stderr        io.Writer // nil: dropped after some bytes, which errors show
	Uninterrupted bool      // never ended half way

	nonce string
}

// An Ending is how the remote process ended.
type Ending struct {
	Status uint32
	Signal string // as in RFC 4254: "KILL"; "": none
	Known  bool   // the server has told
	Cut    bool   // output still came when we stopped to wait for it
}

// Query runs a script whose output is a frame, functions and a body that finds args
// as $1, $2..., and returns the lines of its answer, at most limit bytes of them.
func (c *Conn) Query(ctx context.Context, limit int, functions, body string, args ...string) ([]byte, error) {
	var out bytes.Buffer
	req := Request{Script: framed(functions, body), Args: args, Stdout: &boundedWriter{&out, limit}, nonce: newNonce()}
	s, err := c.exchange(ctx, req)
	if err != nil {
		return nil, err
	}
	if s.end.Status != 0 || s.end.Signal != "" {
		return nil, fmt.Errorf("%w: the remote shell ended with status %d %s", ErrFrame, s.end.Status, s.end.Signal)
	}
	return parseFrame(out.Bytes(), req.nonce)
}

// Run runs a request to its end. The error says that the answer is not whole.
func (c *Conn) Run(ctx context.Context, req Request) (Ending, error) {
	req.nonce = newNonce()
	s, err := c.exchange(ctx, req)
	if err != nil {
		return Ending{}, err
	}
	return s.end, nil
}

// A boundedWriter refuses more than it may hold.
type boundedWriter struct {
	w    io.Writer
	left int
}

func (b *boundedWriter) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, host.ErrTruncated
	}
	return b.w.Write(p)
}

// A session is one running exchange.
type session struct {
	ch      ssh.Channel
	stdout  *filter
	stderr  *filter
	streams sync.WaitGroup
	ended   chan struct{} // the server told how the process ended, or closed
	closed  chan struct{} // all streams are at their end
	refused chan struct{} // the server does not run commands
	asked   chan struct{} // the server has said whether it does
	end     Ending        // to be read after ended
}

// exchange runs a request to its end. The error says that the answer is not
// whole; how the process ended stands in the session.
func (c *Conn) exchange(ctx context.Context, req Request) (*session, error) {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s, err := c.begin(ctx, req)
	if err != nil {
		<-c.slots
		return nil, err
	}
	go func() {
		<-s.closed
		<-c.slots
	}()
	return s, c.finish(ctx, s, req)
}

// begin opens a channel and sends the script.
func (c *Conn) begin(ctx context.Context, req Request) (*session, error) {
	c.trips.Add(1)
	ch, reqs, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{
		ch:      ch,
		stdout:  newFilter(req.nonce, req.Stdout),
		stderr:  newFilter(req.nonce, req.Stderr),
		ended:   make(chan struct{}),
		closed:  make(chan struct{}),
		refused: make(chan struct{}),
		asked:   make(chan struct{}),
	}
	s.streams.Add(3)
	go s.copy(s.stdout, ch)
	go s.copy(s.stderr, ch.Stderr())
	go s.watch(reqs)
	go func() {
		s.streams.Wait()
		close(s.closed)
	}()
	go s.send(c.line(req), req)
	return s, nil
}

// open opens a session channel. The library knows no context here.
func (c *Conn) open(ctx context.Context) (ssh.Channel, <-chan *ssh.Request, error) {
	type opened struct {
		ch   ssh.Channel
		reqs <-chan *ssh.Request
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		ch, reqs, err := c.ssh.OpenChannel("session", nil)
		done <- opened{ch, reqs, err}
	}()
	select {
	case o := <-done:
		if o.err != nil && c.isEnded() {
			o.err = c.dropped()
		}
		if o.err != nil {
			o.err = fmt.Errorf("open a session: %w", o.err)
		}
		return o.ch, o.reqs, o.err
	case <-ctx.Done():
		go func() {
			if o := <-done; o.err == nil {
				go ssh.DiscardRequests(o.reqs)
				o.ch.Close()
			}
		}()
		return nil, nil, ctx.Err()
	}
}

// send starts the remote shell and gives it the script, then standard input.
// Errors show in the streams: a server that closes has nothing more to say.
func (s *session) send(line string, req Request) {
	go func() {
		defer close(s.asked)
		ok, err := s.ch.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{remoteCommand}))
		if err == nil && !ok {
			close(s.refused)
		}
	}()
	io.WriteString(s.ch, line)
	if req.Stdin != nil {
		select {
		case <-s.stdout.begun:
			io.Copy(s.ch, req.Stdin)
		case <-s.closed:
		}
	}
	s.ch.CloseWrite()
}

func (s *session) copy(to *filter, from io.Reader) {
	defer s.streams.Done()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		to.take(buf[:n])
		if err != nil {
			return
		}
	}
}

// watch takes how the process ended.
func (s *session) watch(reqs <-chan *ssh.Request) {
	defer s.streams.Done()
	for req := range reqs {
		end := Ending{Known: true}
		var err error
		switch req.Type {
		case "exit-status":
			end.Status, err = exitStatus(req.Payload)
		case "exit-signal":
			end.Signal, err = exitSignal(req.Payload)
		default:
			end.Known = false
		}
		if req.WantReply {
			req.Reply(false, nil)
		}
		if end.Known && err == nil && !s.end.Known {
			s.end = end
			close(s.ended)
		}
	}
	if !s.end.Known {
		<-s.asked // so that a refusal is not taken for a drop
		close(s.ended)
	}
}

func exitStatus(payload []byte) (uint32, error) {
	var msg struct{ Status uint32 }
	err := ssh.Unmarshal(payload, &msg)
	return msg.Status, err
}

func exitSignal(payload []byte) (string, error) {
	var msg struct {
		Signal     string
		CoreDumped bool
		Message    string
		Language   string
	}
	err := ssh.Unmarshal(payload, &msg)
	if err == nil && len(msg.Signal) > maxSignal {
		err = ErrFrame
	}
	return msg.Signal, err
}

// maxSignal bounds the name of a signal, in bytes.
const maxSignal = 32

// finish waits for the end of a session, and ends it when ctx does.
func (c *Conn) finish(ctx context.Context, s *session, req Request) error {
	failed := s.stdout.failed
	if req.Uninterrupted {
		failed = nil // its output is dropped from now on
	}
	var err error
	select {
	case <-s.ended:
		err = c.drain(ctx, s)
	case <-s.refused:
		err = errNoCommands
	case <-failed:
	case <-ctx.Done():
		if req.Uninterrupted {
			s.forsake()
			return fmt.Errorf("%w: %w", host.ErrStillRunning, ctx.Err())
		}
		err = ctx.Err()
	}
	s.forsake()
	if s.running() {
		c.kill(ctx, s.stdout.pid())
	}
	s.ch.Close()
	if err == nil {
		err = errors.Join(s.stdout.error(), s.stderr.error())
	}
	if err == nil {
		err = c.whole(s)
	}
	if req.Uninterrupted && errors.Is(err, ErrDropped) {
		err = fmt.Errorf("%w: %w", host.ErrStillRunning, err)
	}
	return err
}

// running reports whether the remote process has begun and not ended.
func (s *session) running() bool {
	select {
	case <-s.ended:
		return false
	default:
	}
	return s.stdout.pid() != ""
}

// drain takes the rest of the output of a process that has ended, to the end of
// the streams or until they pause.
func (c *Conn) drain(ctx context.Context, s *session) error {
	pause := time.NewTimer(lateOutput)
	defer pause.Stop()
	total := time.NewTimer(c.LateTotal)
	defer total.Stop()
	for {
		select {
		case <-s.closed:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-s.stdout.active:
		case <-s.stderr.active:
		case <-total.C:
			s.end.Cut = true
			return nil
		case <-pause.C:
			// The pause may be one of the network: then the reply pauses as well,
			// and comes after what was late.
			if err := c.ping(ctx); err != nil {
				return err
			}
			if len(s.stdout.active)+len(s.stderr.active) == 0 {
				return nil
			}
		}
		pause.Reset(lateOutput)
	}
}

// ping waits for a reply of the server.
func (c *Conn) ping(ctx context.Context) error {
	done := make(chan error, 1)
	go func() {
		_, _, err := c.ssh.SendRequest("keepalive@openssh.com", true, nil)
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDropped, err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *session) forsake() {
	s.stdout.forsake()
	s.stderr.forsake()
}

// whole says what is missing in a session that came to its end.
func (c *Conn) whole(s *session) error {
	if s.stdout.pid() != "" {
		if !s.end.Known {
			return c.dropped()
		}
		return nil
	}
	select {
	case <-s.refused:
		return errNoCommands
	default:
	}
	said := FirstLine(s.stderr.noise(), s.stdout.noise())
	switch {
	case !s.end.Known:
		return fmt.Errorf("%w before the remote shell began", c.dropped())
	case len(c.escalate) > 0:
		return fmt.Errorf("%s (exit status %d): %s: %w", c.escalate[0], s.end.Status, said, errEscalate)
	}
	return fmt.Errorf("the remote shell did not begin (exit status %d): %s", s.end.Status, said)
}

// FirstLine is the first line that is not empty, cut to what an error can show.
func FirstLine(texts ...[]byte) string {
	for _, text := range texts {
		line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
		if len(line) > 200 {
			line = line[:200]
		}
		if line != "" {
			return line
		}
	}
	return "no message"
}

// killScript ends the process $1 with its group, unless that is our own group:
// then the server starts commands without a group of their own.
const killScript = `printf '\n@%s begin %s\n' "$1" "$$"
group() { ps -o pgid= -p "$1" 2>/dev/null | tr -d ' '; }
g=$(group "$2")
if [ -z "$g" ]; then kill -s KILL -- "-$2" 2>/dev/null || kill -s KILL "$2"
elif [ "$g" = "$(group $$)" ]; then kill -s KILL "$2"
else kill -s KILL -- "-$g"
fi
`

// kill ends a remote process with its group. It can only try: the process ends
// anyway when its output has nowhere to go.
func (c *Conn) kill(ctx context.Context, pid string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killPatience)
	defer cancel()
	req := Request{Script: killScript, Args: []string{pid}, nonce: newNonce()}
	s, err := c.begin(ctx, req)
	for full := (*ssh.OpenChannelError)(nil); errors.As(err, &full); s, err = c.begin(ctx, req) {
		// All sessions may be taken by processes that are to be ended as well.
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
	if err != nil {
		return
	}
	select {
	case <-s.ended:
	case <-s.refused:
	case <-ctx.Done():
	}
	s.ch.Close()
}
