package integritytest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
)

func ExampleTestOldText() {
	fmt.Println(integritytest.TestOldText(context.Background(), integritytest.Texts{"port 22\n"}, "/etc/ssh/sshd_config", "port 22\n"))
	// Output: <nil>
}

type oldText func(ctx context.Context, was host.Entry) ([]byte, error)

func (f oldText) OldText(ctx context.Context, was host.Entry) ([]byte, error) { return f(ctx, was) }

func TestEachBrokenSentenceOfAnOldTextIsFound(t *testing.T) {
	good := integritytest.Texts{"kept"}
	for want, o := range map[string]oldText{
		"bytes of 4": func(ctx context.Context, was host.Entry) ([]byte, error) {
			text, err := good.OldText(ctx, was)
			return text[:len(text)/2], err
		},
		"for a content that is not kept": func(ctx context.Context, _ host.Entry) ([]byte, error) { return []byte("kept"), ctx.Err() },
		"that has ended": func(_ context.Context, was host.Entry) ([]byte, error) {
			return good.OldText(context.Background(), was)
		},
	} {
		assert.ErrorContains(t, integritytest.TestOldText(t.Context(), o, "/f", "kept"), want)
	}
	assert.NoError(t, integritytest.TestOldText(t.Context(), good, "/f", "kept"))
}

// ledger is a Journal in memory, which may do something else than it should.
type ledger struct {
	records [][]byte
	add     func(l *ledger, record []byte)
	anyTime bool // also when the context has ended
}

func (l *ledger) Append(ctx context.Context, _ string, record []byte) error {
	if err := ctx.Err(); err != nil && !l.anyTime {
		return err
	}
	l.add(l, record)
	return nil
}

func (l *ledger) read(string) ([][]byte, error) { return l.records, nil }

func TestEachBrokenSentenceOfAJournalIsFound(t *testing.T) {
	behind := func(l *ledger, record []byte) { l.records = append(l.records, record) }
	for want, l := range map[string]*ledger{
		"":                       {add: behind, records: [][]byte{[]byte(`{"by":"eve"}`)}},
		"3 records are there":    {add: func(l *ledger, record []byte) { l.records = append(l.records[:min(2, len(l.records))], record) }, records: [][]byte{[]byte("{}"), []byte("{}")}},
		"record 0 is another":    {add: func(l *ledger, record []byte) { l.records = append([][]byte{record}, l.records...) }},
		"record 2 is another":    {add: func(l *ledger, record []byte) { l.records = append(l.records, record[:min(len(record), 1<<16)]) }},
		"has ended gives no err": {add: behind, anyTime: true},
	} {
		err := integritytest.TestJournal(t.Context(), l, l.read)
		if want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, want)
		}
	}
	failing := func(string) ([][]byte, error) { return nil, errors.New("gone") }
	assert.ErrorContains(t, integritytest.TestJournal(t.Context(), &ledger{add: behind}, failing), "gone")
}
