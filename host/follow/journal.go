package follow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// ErrNoJournal says that the host provably keeps no systemd journal.
var ErrNoJournal = errors.New("this system keeps no journal")

// A Journal is the systemd journal of a host, read by journalctl. Host is required.
type Journal struct {
	Host host.Host
	// Directory holds the journal files; empty is the system's own journal.
	Directory string
	// Since bounds a first reading; zero reads all that is kept.
	Since time.Time
	// Limit is how many bytes of output are taken from one call; zero is host.DefaultLimit.
	Limit int64
}

// A JournalCheckpoint is a position in the journal. The zero value is a journal
// never read.
type JournalCheckpoint struct {
	Cursor string    `json:"cursor,omitempty"`
	Last   time.Time `json:"last,omitzero"` // of the entry at the cursor, or where an empty journal was read
}

// A JournalBatch is a run of entries, in the journal's order.
type JournalBatch struct {
	Entries    []Entry
	Notes      []Note // Gap: entries after the checkpoint were vacuumed before they were read
	Checkpoint JournalCheckpoint
}

// A JournalFollower reads a journal from a checkpoint to its present end.
type JournalFollower struct {
	journal Journal
	cp      JournalCheckpoint
	limited error
	files   bool // journal files were seen
	done    bool
}

// Resume makes sure that there is a journal: ErrNoJournal is answered when
// journalctl or all journal files are provably absent.
func (j Journal) Resume(ctx context.Context, c JournalCheckpoint) (*JournalFollower, error) {
	files, err := j.exists(ctx)
	if err != nil {
		return nil, err
	}
	return &JournalFollower{journal: j, cp: c, files: files}, nil
}

// exists looks for a directory of journal files. What cannot be looked at is
// left to journalctl to judge: false without an error.
func (j Journal) exists(ctx context.Context) (bool, error) {
	dirs := []string{"/var/log/journal", "/run/log/journal"}
	if j.Directory != "" {
		dirs = []string{j.Directory}
	}
	hidden := false
	for _, dir := range dirs {
		entries, err := j.Host.ReadDir(ctx, dir)
		if err == nil && len(entries) > 0 {
			return true, nil
		}
		hidden = hidden || err != nil && !errors.Is(err, fs.ErrNotExist)
	}
	if hidden {
		return false, nil
	}
	return false, fmt.Errorf("%w: %s has no entries", ErrNoJournal, dirs[0])
}

// Next returns the next entries, with the checkpoint that follows them. At the
// present end of the journal it is io.EOF. A journalctl that fails is an error,
// never an empty journal.
func (r *JournalFollower) Next(ctx context.Context) (JournalBatch, error) {
	if r.done {
		return JournalBatch{}, io.EOF
	}
	out, err := r.run(ctx)
	if err != nil {
		return JournalBatch{}, err
	}
	var b JournalBatch
	if !endedWell(out) {
		if r.limited != nil {
			return b, fmt.Errorf("run journalctl: %w: %w", fs.ErrPermission, out.Err())
		}
		if r.cp.Cursor == "" || !bytes.Contains(out.Stderr, []byte("cursor")) {
			return b, fmt.Errorf("run journalctl: %w", out.Err())
		}
		// Seeking was refused: the files of the cursor are gone.
		b.Notes = append(b.Notes, Note{Kind: Gap, Path: "journal", Bytes: -1, Err: out.Err()})
		r.cp.Cursor = ""
		b.Checkpoint = r.cp
		return b, nil
	}
	if err = r.collect(&b, out); err != nil {
		return JournalBatch{}, err
	}
	r.cp = b.Checkpoint
	r.done = !out.Truncated
	return b, nil
}

// Limited is a permission error when journalctl said that it shows only part
// of the journal to this user; it is known once Next has been called.
func (r *JournalFollower) Limited() error { return r.limited }

func endedWell(out host.Output) bool { return out.Exit == 0 && out.Signal == "" }

// args asks for the entry at the cursor and all after it. Every call of one
// state has the same arguments.
func (r *JournalFollower) args() []string {
	args := []string{"journalctl", "--output=export", "--all", "--no-pager"}
	if r.journal.Directory != "" {
		args = append(args, "--directory="+r.journal.Directory)
	}
	switch {
	case r.cp.Cursor != "":
		return append(args, "--cursor="+r.cp.Cursor)
	case !r.cp.Last.IsZero():
		return append(args, "--since=@"+strconv.FormatInt(r.cp.Last.Unix(), 10))
	case !r.journal.Since.IsZero():
		return append(args, "--since=@"+strconv.FormatInt(r.journal.Since.Unix(), 10))
	}
	return args
}

func (r *JournalFollower) run(ctx context.Context) (host.Output, error) {
	out, err := r.journal.Host.Run(ctx, host.Command{Args: r.args(), Limit: r.journal.Limit})
	if errors.Is(err, exec.ErrNotFound) {
		if r.files {
			return out, fmt.Errorf("journal files without journalctl: %w", errors.ErrUnsupported)
		}
		return out, fmt.Errorf("%w: %w", ErrNoJournal, err)
	}
	if err != nil {
		return out, fmt.Errorf("run journalctl: %w", err)
	}
	for _, hint := range []string{"not seeing messages from other users", "insufficient permissions"} {
		if bytes.Contains(out.Stderr, []byte(hint)) {
			r.limited = fmt.Errorf("journalctl shows this user only part of the journal: %w", fs.ErrPermission)
		}
	}
	return out, nil
}

// collect takes the complete entries that are new.
func (r *JournalFollower) collect(b *JournalBatch, out host.Output) error {
	b.Checkpoint = r.cp
	at := 0
	used, ok := parseExport(out.Stdout, func(e *Entry) {
		at++
		if at == 1 && string(e.Cursor) == r.cp.Cursor {
			return
		}
		if r.cp.Cursor == "" && !e.Time.After(r.cp.Last) {
			return
		}
		if at == 1 && r.cp.Cursor != "" {
			b.Notes = append(b.Notes, Note{Kind: Gap, Path: "journal", Bytes: -1})
		}
		b.Entries = append(b.Entries, *e)
		b.Checkpoint = JournalCheckpoint{Cursor: string(e.Cursor), Last: e.Time}
	})
	if b.Checkpoint.Last.IsZero() {
		b.Checkpoint.Last = r.journal.Since
	}
	switch {
	case !ok, used < len(out.Stdout) && !out.Truncated:
		return fmt.Errorf("journalctl: the output is no journal export at byte %d", used)
	case out.Truncated && len(b.Entries) == 0:
		return fmt.Errorf("journalctl: one entry is %w", host.ErrTruncated)
	case at == 0 && r.cp.Cursor != "":
		b.Notes = append(b.Notes, Note{Kind: Gap, Path: "journal", Bytes: -1})
		b.Checkpoint.Cursor = ""
	}
	return nil
}
