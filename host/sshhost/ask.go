package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/answer"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

// askBody answers the asks that follow, each of three words: how to look, how
// many bytes, and a name. Each answer begins with its number, from 0; its records
// are those that the script for one name prints.
const askBody = `i=0
while [ "$#" -gt 2 ]; do
echo "@ask $i"; i=$((i + 1))
case $1 in
read) ` + readOne + `;;
lstat) blob entry "$3" ;;
list) blob entries "$3"; blob ls -nd "$3/."
if [ -e "$3" ]; then echo "@there"; fi ;;
esac
shift 3
done`

// readOne is readBody for the third word, from the start.
const readOne = `blob target "$3"
if [ -f "$3" ]; then blob take 0 "$2" "$3"
elif [ ! -e "$3" ]; then blob ls -ndL "$3"
fi`

const (
	// maxAsks bounds the asks of one exchange: each may have two records.
	maxAsks = answer.MaxRecords / 2
	// contentBytes is how much content all files of one exchange may bring,
	// leastShare what each may whatever the others do.
	contentBytes = 16 << 20
	leastShare   = contentBytes / maxAsks
)

// Batch is host.Batcher.Batch: one exchange for about each 500 asks, or fewer
// where they have long names or want much content. Files that turned out to be larger than
// their share are asked for together once more, and what is larger still by itself.
func (f files) Batch(ctx context.Context, asks []host.Ask, fn func(i int, a host.Answer) error) error {
	for at := 0; at < len(asks); {
		n := firstAsks(asks[at:])
		answers, err := f.askAll(ctx, asks[at:at+n])
		if err == nil {
			err = f.larger(ctx, asks[at:at+n], answers)
		}
		if err != nil {
			return fmt.Errorf("ask %d questions at once: %w", n, err)
		}
		for i, a := range answers {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := fn(at+i, f.complete(ctx, asks[at+i], a)); err != nil {
				return err
			}
		}
		at += n
	}
	return nil
}

// firstAsks returns how many asks go into one exchange.
func firstAsks(asks []host.Ask) int {
	size := 0
	for i, ask := range asks {
		size += len(ask.Name) + 24 // with the other two words
		if i == maxAsks || i > 0 && size > maxArgs {
			return i
		}
	}
	return len(asks)
}

// askAll puts asks in one exchange.
func (f files) askAll(ctx context.Context, asks []host.Ask) ([]host.Answer, error) {
	answers := make([]host.Answer, len(asks))
	most := share(len(asks))
	var valid []int
	var words []string
	for i, ask := range asks {
		if answers[i].Err = checkAsk(ask); answers[i].Err == nil {
			valid = append(valid, i)
			words = append(words, opWord(ask.Op), strconv.FormatInt(min(limitOf(ask), most)+1, 10), askName(ask))
		}
	}
	if len(valid) == 0 {
		return answers, ctx.Err()
	}
	parts, err := f.askParts(ctx, words)
	if err == nil && len(parts) != len(valid) {
		err = fmt.Errorf("%w: %d answers to %d questions", session.ErrFrame, len(parts), len(valid))
	}
	if err != nil {
		return nil, err
	}
	for n, i := range valid {
		answers[i] = f.c.traits.answer(asks[i], most, parts[n])
	}
	return answers, nil
}

// A part is the answer to one ask.
type part struct {
	records []answer.Record
	there   bool
}

// askParts runs askBody and takes its answer apart.
func (f files) askParts(ctx context.Context, words []string) ([]part, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.c.traits.dialect == answer.Unknown {
		return nil, fmt.Errorf("no find -printf and no stat: %w", errors.ErrUnsupported)
	}
	payload, err := f.c.query(ctx, f.c.maxFrame, askBody, words...)
	if err != nil {
		return nil, err
	}
	return f.c.traits.parts(payload)
}

// parts cuts a payload at its numbers.
func (t traits) parts(payload []byte) ([]part, error) {
	var parts []part
	rest := string(payload)
	for rest != "" {
		head := fmt.Sprintf("@ask %d\n", len(parts))
		if !strings.HasPrefix(rest, head) {
			return nil, fmt.Errorf("%w: answer %d is missing", session.ErrFrame, len(parts))
		}
		body, next := rest[len(head):], ""
		if at := nextAsk(body); at >= 0 {
			body, next = body[:at], body[at:]
		}
		records, words, err := answer.ParseRecords([]byte(body), t.base64)
		if err == nil {
			err = answer.Enough(records, 1)
		}
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{records, slices.Contains(words, "there")})
		rest = next
	}
	return parts, nil
}

// nextAsk finds where the next answer begins; no content line starts with "@".
func nextAsk(body string) int {
	if strings.HasPrefix(body, "@ask ") {
		return 0
	}
	at := strings.Index(body, "\n@ask ")
	if at < 0 {
		return -1
	}
	return at + 1
}

func checkAsk(ask host.Ask) error {
	if err := ask.Check(); err != nil {
		return err
	}
	if err := checkName(ask.Name); err != nil {
		return &fs.PathError{Op: opWord(ask.Op), Path: ask.Name, Err: err}
	}
	return nil
}

func opWord(op host.Op) string {
	switch op {
	case host.OpRead:
		return "read"
	case host.OpLstat:
		return "lstat"
	}
	return "list"
}

// askName is the name as the call for one name gives it to the script.
func askName(ask host.Ask) string {
	if ask.Op == host.OpLstat {
		return answer.TrimSlashes(ask.Name)
	}
	return ask.Name
}

// limitOf is how many bytes an ask wants.
func limitOf(ask host.Ask) int64 {
	if ask.Limit == 0 {
		return 1 << 20
	}
	return ask.Limit
}

// share is how much of each file comes at once when there are n. Of a longer one
// all is read when its turn comes, so that many large files need little memory.
func share(n int) int64 { return max(leastShare, int64(contentBytes/n)) }

// answer reads the part of one ask.
func (t traits) answer(ask host.Ask, most int64, p part) host.Answer {
	var a host.Answer
	switch ask.Op {
	case host.OpRead:
		a.Stat, a.Data, a.Err = t.content(p.records, ask.Name)
		switch wanted := min(limitOf(ask), most); {
		case a.Err != nil || int64(len(a.Data)) <= wanted:
		case wanted < limitOf(ask):
			a.Err = errMore
		default:
			a.Data, a.Err = a.Data[:wanted], host.ErrTruncated
		}
	case host.OpLstat:
		a.Stat, a.Err = t.dialect.One(p.records[0], ask.Name)
	case host.OpList:
		a.List, a.Err = t.list(p)
	}
	if a.Err != nil {
		a.Err = &fs.PathError{Op: opWord(ask.Op), Path: ask.Name, Err: a.Err}
	}
	return a
}

var (
	// errChanged says that a directory changed while it was listed.
	errChanged = errors.New("the directory changes while it is read")
	// errMore says that a file is longer than its share of a batch.
	errMore = errors.New("longer than its share")
)

// list reads the two records of a directory. What ls says is about the directory,
// what find says may be about an entry that was removed while it was listed. What
// is there but no directory, ls cannot tell from what is below a file.
func (t traits) list(p part) ([]host.Stat, error) {
	if err := answer.Enough(p.records, 2); err != nil {
		return nil, err
	}
	if err := p.records[1].Err(); err != nil {
		if p.there && errors.Is(err, syscall.ENOTDIR) {
			err = errNoDir
		}
		return nil, err
	}
	err := p.records[0].Err()
	switch {
	case err == nil:
		return t.dialect.Entries(p.records[0])
	case errors.Is(err, fs.ErrPermission):
		if list, bad := t.dialect.Entries(p.records[0]); bad == nil && p.records[0].Complaints() == unreadLinks(list) {
			return list, nil
		}
	case errors.Is(err, fs.ErrNotExist):
		return nil, errChanged
	}
	return nil, err
}

// unreadLinks counts the links whose target nobody may read, as in /proc/PID/fd
// of another's process. The entries are known all the same, as host.FS has it,
// when there is one complaint for each of them and no other.
func unreadLinks(list []host.Stat) int {
	n := 0
	for _, st := range list {
		if st.IsLink() && !st.Known.Has(host.KnownLink) {
			n++
		}
	}
	return n
}

// larger asks once more, and together, for the files of which more is wanted than the
// share of each was among all.
func (f files) larger(ctx context.Context, asks []host.Ask, answers []host.Answer) error {
	var again []int
	var some []host.Ask
	for i, a := range answers {
		if errors.Is(a.Err, errMore) {
			again, some = append(again, i), append(some, asks[i])
		}
	}
	if len(some) < 2 {
		return nil
	}
	got, err := f.askAll(ctx, some)
	for n, a := range got {
		answers[again[n]] = a
	}
	return err
}

// complete asks again, alone, what a batch could not answer as the ask alone
// would be: a file of which more is wanted, or a directory that changed.
func (f files) complete(ctx context.Context, ask host.Ask, a host.Answer) host.Answer {
	switch {
	case errors.Is(a.Err, errChanged):
		a.List, a.Err = f.ReadDir(ctx, ask.Name)
	case errors.Is(a.Err, errMore):
		return f.whole(ctx, ask)
	}
	return a
}

// whole reads a large file as the ask alone would be.
func (f files) whole(ctx context.Context, ask host.Ask) host.Answer {
	var a host.Answer
	h := host.Host{Files: struct{ host.FS }{f}} // without Batch
	a.Err = h.Batch(ctx, []host.Ask{ask}, func(_ int, got host.Answer) error {
		a = got
		return nil
	})
	return a
}
