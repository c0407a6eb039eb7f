package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// A Host is all that a check sees of one system. Every field may be nil: what
// is nil answers errors.ErrUnsupported, so a check says "cannot know" and
// never "is not there". The methods below are the safe way to use the fields.
type Host struct {
	Files FS
	Exec  Runner
	// Dial opens a connection as seen from the observed system.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Now is the observed system's clock; nil is the clock of this process.
	Now func() time.Time
	// Memo remembers answers for the length of a run; nil: nothing is remembered.
	Memo *Memo
}

// FS reads the files of one system.
//
//  1. Names are absolute slash paths of any bytes but NUL; other names are an
//     error that is not fs.ErrNotExist.
//  2. A name that does not exist gives an error for which
//     errors.Is(err, fs.ErrNotExist), also when a component before its last is
//     no directory ("/etc/passwd/x"); missing rights give fs.ErrPermission.
//  3. Open opens regular files only and never blocks (on a FIFO, a device): it
//     answers ErrNotRegular. Links are followed, inside this file system's root.
//  4. Lstat does not follow the last component, and fills Stat.Link for a link.
//     The Stat of "/" has the name "/".
//  5. ReadDir gives every entry with its full Stat, sorted by the bytes of the
//     name, without "." and "..": complete, or an error. It follows a link in
//     the last component. That something is there but no directory is an error
//     that is not fs.ErrNotExist.
//  6. A cancelled context ends each call with the context's error.
type FS interface {
	Open(ctx context.Context, name string) (File, error)
	Lstat(ctx context.Context, name string) (Stat, error)
	ReadDir(ctx context.Context, name string) ([]Stat, error)
}

// A File is an open regular file. Stat describes the open file, not its name.
type File interface {
	io.Reader
	io.ReaderAt
	io.Closer
	Stat() (Stat, error)
}

// A Runner runs commands on one system.
//
//  1. The command is an argument vector; no shell sees it.
//  2. Args[0] is an absolute path, or a plain name that is looked up in
//     SearchPath only. exec.ErrNotFound is answered only when its absence is proven.
//  3. The environment is Environ plus Command.Env, nothing of the caller's.
//  4. Standard input is empty unless Command.Stdin is given.
//  5. A command that ran gives a nil error, whatever its exit status.
//  6. When ctx ends, a read-only command is ended together with its process
//     group; one with Mutates goes on and the error is ErrStillRunning, as it is
//     beside that of ctx for one that cannot be killed since it hangs in the kernel.
//  7. Output beyond Limit is read and dropped, and Truncated says so. A writer
//     given as Stdout gets all of it.
//  8. An error of Run names the command.
type Runner interface {
	Run(ctx context.Context, c Command) (Output, error)
}

// A Command is one program to run.
type Command struct {
	Args    []string  // Args[0] is the program
	Env     []string  // KEY=value, added to Environ
	Stdin   io.Reader // nil: empty
	Stdout  io.Writer // nil: collected in Output.Stdout, up to Limit
	Limit   int64     // bytes kept of each stream; zero: DefaultLimit
	Mutates bool      // changes the system: never ended half way
}

// DefaultLimit is the number of bytes kept of a command's output stream when
// Command.Limit is zero.
const DefaultLimit = 16 << 20

// Output is what a command that ran has left.
type Output struct {
	Stdout    []byte // empty when Command.Stdout was given
	Stderr    []byte
	Exit      int    // exit status; -1 when ended by a signal
	Signal    string // the name of the signal that ended it, such as "killed"
	Truncated bool   // a stream was longer than the limit
}

// OK reports whether the command ended with status 0 and its output is whole.
func (o Output) OK() bool { return o.Exit == 0 && o.Signal == "" && !o.Truncated }

// Err is nil when o.OK, else an error that says how the command ended, with
// the first line of its standard error.
func (o Output) Err() error {
	switch {
	case o.OK():
		return nil
	case o.Signal != "":
		return fmt.Errorf("ended by signal %s", o.Signal)
	case o.Exit == 0:
		return ErrTruncated
	}
	if line := firstLine(o.Stderr); line != "" {
		return fmt.Errorf("exit status %d: %s", o.Exit, line)
	}
	return fmt.Errorf("exit status %d", o.Exit)
}

// Denied reports whether the command failed and said that it lacks rights.
func (o Output) Denied() bool {
	said := bytes.ToLower(o.Stderr)
	return !o.OK() && (bytes.Contains(said, []byte("permission denied")) || bytes.Contains(said, []byte("not permitted")) || bytes.Contains(said, []byte("must be root")))
}

// searchPath never includes a directory that a user can write.
var searchPath = [...]string{
	"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
	"/usr/pkg/sbin", "/usr/pkg/bin", "/usr/X11R6/bin",
}

// SearchPath returns the directories in which a plain command name is looked
// up, in order: the same on every system, and never the caller's PATH.
func SearchPath() []string { return append([]string(nil), searchPath[:]...) }

// Environ returns the environment that every command gets: C locale, a dumb
// terminal, no pager, SearchPath as PATH.
func Environ() []string {
	return []string{
		"PATH=" + joinPath(searchPath[:]), "LC_ALL=C", "LANGUAGE=", "TERM=dumb", "PAGER=cat", "HOME=/",
	}
}

var (
	// ErrNotRegular is the answer of Open for what is no regular file.
	ErrNotRegular = errors.New("not a regular file")
	// ErrStillRunning says that a command goes on although nobody waits for it
	// any longer: it changes the system, or the kernel did not let it be ended.
	ErrStillRunning = errors.New("command still running")
	// ErrTruncated says that more came than the limit allowed.
	ErrTruncated = errors.New("longer than the limit")
)

// Open is h.Files.Open; errors.ErrUnsupported when h.Files is nil.
func (h Host) Open(ctx context.Context, name string) (File, error) {
	if h.Files == nil {
		return nil, noFiles("open", name)
	}
	return h.Files.Open(ctx, name)
}

// Lstat is h.Files.Lstat; errors.ErrUnsupported when h.Files is nil.
func (h Host) Lstat(ctx context.Context, name string) (Stat, error) {
	if h.Files == nil {
		return Stat{}, noFiles("lstat", name)
	}
	return h.Files.Lstat(ctx, name)
}

// ReadDir is h.Files.ReadDir; errors.ErrUnsupported when h.Files is nil.
func (h Host) ReadDir(ctx context.Context, name string) ([]Stat, error) {
	if h.Files == nil {
		return nil, noFiles("readdir", name)
	}
	return h.Files.ReadDir(ctx, name)
}

// Run is h.Exec.Run; errors.ErrUnsupported when h.Exec is nil.
func (h Host) Run(ctx context.Context, c Command) (Output, error) {
	if h.Exec == nil {
		return Output{}, fmt.Errorf("run %s: no commands can be run here: %w", firstArg(c), errors.ErrUnsupported)
	}
	return h.Exec.Run(ctx, c)
}

// Query runs a read-only command and returns its whole standard output. Any
// other end than status 0 with complete output is an error, so that a failed
// command is never read as an empty answer.
func (h Host) Query(ctx context.Context, args ...string) ([]byte, error) {
	c := Command{Args: args}
	out, err := h.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := out.Err(); err != nil {
		return nil, fmt.Errorf("run %s: %w", firstArg(c), err)
	}
	return out.Stdout, nil
}

// Connect is h.Dial; errors.ErrUnsupported when h.Dial is nil.
func (h Host) Connect(ctx context.Context, network, addr string) (net.Conn, error) {
	if h.Dial == nil {
		return nil, fmt.Errorf("dial %s: nothing can be reached from here: %w", addr, errors.ErrUnsupported)
	}
	return h.Dial(ctx, network, addr)
}

// Time is the observed system's clock.
func (h Host) Time() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

// ReadFile reads a whole regular file of at most limit bytes (zero: 1 MiB). A
// longer one gives its first bytes together with ErrTruncated.
func (h Host) ReadFile(ctx context.Context, name string, limit int64) ([]byte, error) {
	_, data, err := h.readFile(ctx, name, limit)
	return data, err
}

// readFile is ReadFile with the Stat of the file that was open.
func (h Host) readFile(ctx context.Context, name string, limit int64) (Stat, []byte, error) {
	f, err := h.Open(ctx, name)
	if err != nil {
		return Stat{}, nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return Stat{}, nil, fmt.Errorf("read %s: %w", name, err)
	}
	if limit == 0 {
		limit = 1 << 20
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return Stat{}, nil, fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return st, data[:limit], fmt.Errorf("read %s: %w", name, ErrTruncated)
	}
	return st, data, nil
}

func noFiles(op, name string) error {
	return fmt.Errorf("%s %s: no files can be read here: %w", op, name, errors.ErrUnsupported)
}

func firstArg(c Command) string {
	if len(c.Args) == 0 {
		return "(no command)"
	}
	return c.Args[0]
}
