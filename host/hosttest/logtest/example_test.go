package logtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/hosttest/logtest"
)

// read is a reader as a check has it: a position in, messages and a position out.
func read(ctx context.Context, h host.Host, kept []byte) (messages []string, keep []byte, err error) {
	var p logstream.Position
	if kept != nil {
		if err := json.Unmarshal(kept, &p); err != nil {
			return nil, nil, err
		}
	}
	in, err := logstream.Log{Host: h, Path: logtest.Path}.Resume(ctx, p)
	if err != nil {
		return nil, kept, err
	}
	defer in.Close()
	for {
		batch, err := in.Next(ctx)
		if err == io.EOF {
			keep, err = json.Marshal(in.Position())
			return messages, keep, err
		}
		if err != nil {
			return messages, kept, err
		}
		for _, r := range batch.Records {
			messages = append(messages, string(r.Message))
		}
		in.Commit()
	}
}

func ExampleTestReader() {
	fmt.Println(logtest.TestReader(context.Background(), read))
	// Output: <nil>
}

func TestEachSentenceCanBeViolated(t *testing.T) {
	for sentence, broken := range map[string]logtest.Reader{
		"nothing new": func(ctx context.Context, h host.Host, _ []byte) ([]string, []byte, error) { return read(ctx, h, nil) },
		"two lines":   func(context.Context, host.Host, []byte) ([]string, []byte, error) { return nil, nil, nil },
		"a rotation by renaming": func(ctx context.Context, h host.Host, kept []byte) ([]string, []byte, error) {
			messages, keep, err := read(ctx, h, kept)
			if len(messages) > 1 && len(kept) > 0 {
				messages = messages[1:]
			}
			return messages, keep, err
		},
		"may not be read is no error": func(ctx context.Context, h host.Host, kept []byte) ([]string, []byte, error) {
			messages, keep, _ := read(ctx, h, kept)
			return messages, keep, nil
		},
	} {
		err := logtest.TestReader(t.Context(), broken)
		require.Error(t, err, sentence)
		assert.Contains(t, err.Error(), sentence)
	}
}
