package capture

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/report"
)

func (c Configuration) store() report.Attr {
	if c.Label == "" {
		return report.Attr{Key: report.Repository, Value: "configuration"}
	}
	return report.Attr{Key: report.Repository, Value: c.Label}
}

func (c Configuration) failed(err error) report.Finding {
	return report.Finding{
		Rule: ruleFailed, Subject: c.store(), Scope: scopeCommit,
		Title:  "The configuration was not backed up: " + cause(err),
		Detail: fmt.Sprintf("Snapshots that were stored before are not touched by this.%s The whole message: %v.", c.place(), err),
	}
}

// volatile is about a store that says that it is not durable, or cannot say it.
func (c Configuration) volatile(d backup.Durability) report.Finding {
	return report.Finding{
		Rule: ruleVolatile, Subject: c.store(), Scope: scopeCommit,
		Title:  "The backup store does not promise to survive a loss of power",
		Detail: fmt.Sprintf("What is durable there when a backup is reported as stored: %s.%s", d, c.place()),
	}
}

// cause is the system's own word for an error, without the names on the way.
func cause(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

// place is a sentence that says where the store is, if it tells.
func (c Configuration) place() string {
	if s, ok := c.Repo.Store.(fmt.Stringer); ok {
		return fmt.Sprintf(" The store is %s.", s)
	}
	return ""
}

func (c Configuration) incomplete(e backup.Entry) report.Finding {
	return report.Finding{
		Rule: ruleIncomplete, Subject: report.Attr{Key: report.Path, Value: e.Path}, Scope: scopeFiles + e.Path,
		Title:    fmt.Sprintf("The backup lacks %s: %s", e.Path, e.Error),
		Detail:   "An earlier state is still there if the file was backed up before.",
		Evidence: []report.Attr{{Key: report.Reason, Value: e.Error}},
	}
}

// torn is about a file that never stood still.
func (c Configuration) torn(e backup.Entry) report.Finding {
	f := c.incomplete(e)
	f.Rule, f.Evidence = ruleTorn, nil
	f.Title = fmt.Sprintf("%s changed each time it was read for the backup", e.Path)
	f.Detail = "What was read last is stored; it may hold parts of two states."
	return f
}

// silent is about a content that changed under unchanged times.
func (c Configuration) silent(ch backup.Change) report.Finding {
	return report.Finding{
		Rule: ruleSilent, Subject: report.Attr{Key: report.Path, Value: ch.Path}, Scope: scopeChanges,
		Title:    fmt.Sprintf("The content of %s changed, and its size and times did not", ch.Path),
		Detail:   "Inode, size, and the times of the last change and of the last change of state are as they were. No write to a file leaves these as they are.",
		Evidence: []report.Attr{{Key: report.Digest, Value: ch.After.Object}},
	}
}

// damaged is about one file of the store: what was not looked at again is not
// taken for mended.
func (c Configuration) damaged(name, title, detail string) report.Finding {
	return report.Finding{
		Rule: ruleDamaged, Subject: c.store(), Scope: scopeStore + "/" + name,
		Identity: []report.Attr{{Key: report.Field, Value: name}},
		Title:    title, Detail: detail + c.place(),
	}
}

// odd is about a snapshot that is unlike the one before.
func (c Configuration) odd(s backup.Snapshot, reasons []string) report.Finding {
	return report.Finding{
		Rule: ruleOdd, Subject: c.store(), Scope: scopeChanges,
		Identity: []report.Attr{{Key: report.Field, Value: backup.SnapshotName(s.Seq)}},
		Title:    fmt.Sprintf("Backup %d is unlike the one before: %s", s.Seq, strings.Join(reasons, "; ")),
		Detail:   fmt.Sprintf("Where old snapshots are retired, the last complete one before this stays until somebody says that %d is as it should be.", s.Seq),
	}
}

func numbers(seqs []uint64) string {
	words := make([]string, len(seqs))
	for i, seq := range seqs {
		words[i] = strconv.FormatUint(seq, 10)
	}
	return strings.Join(words, ", ")
}
