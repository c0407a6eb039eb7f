package host_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
)

// asker answers with one error after the other, then with the number of its calls.
func asker(errs ...error) func(context.Context) (int, error) {
	calls := 0
	return func(context.Context) (int, error) {
		calls++
		if calls <= len(errs) {
			return 0, errs[calls-1]
		}
		return calls, nil
	}
}

func TestOnlyFactsAreRemembered(t *testing.T) {
	unknown := errors.New("the connection dropped")
	for name, c := range map[string]struct {
		first error
		fact  bool
	}{
		"an answer":                         {nil, true},
		"what is not there":                 {&fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}, true},
		"what is not allowed":               {fs.ErrPermission, true},
		"what is not supported":             {fmt.Errorf("here: %w", errors.ErrUnsupported), true},
		"several facts":                     {errors.Join(fs.ErrNotExist, fs.ErrPermission), true},
		"a dropped connection":              {unknown, false},
		"a fact beside a lost connection":   {errors.Join(fs.ErrNotExist, unknown), false},
		"a cancelled context of somebody":   {context.Canceled, false},
		"a deadline that somebody else had": {fmt.Errorf("run: %w", context.DeadlineExceeded), false},
	} {
		h := host.Host{}.Remembering()
		ask := asker()
		if c.first != nil {
			ask = asker(c.first)
		}
		first, err := host.Once(t.Context(), h, "x", ask)
		assert.Equal(t, c.first, err, name)
		second, err := host.Once(t.Context(), h, "x", ask)
		if c.fact {
			assert.Equal(t, c.first, err, name)
			assert.Equal(t, first, second, name)
		} else {
			assert.NoError(t, err, name)
			assert.Equal(t, 2, second, name)
		}
	}
}

func TestHostWithoutMemoryAsksEachTime(t *testing.T) {
	ask := asker()
	for want := 1; want < 4; want++ {
		got, err := host.Once(t.Context(), host.Host{}, "x", ask)
		assert.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestWhatIsAskedAfreshIsNotRemembered(t *testing.T) {
	h, ask := host.Host{}.Remembering(), asker()
	for _, ctx := range []context.Context{t.Context(), host.Afresh(t.Context()), host.Afresh(t.Context())} {
		_, err := host.Once(ctx, h, "x", ask)
		require.NoError(t, err)
	}
	got, err := host.Once(t.Context(), h, "x", ask)
	require.NoError(t, err)
	assert.Equal(t, 1, got, "the memory has what it had")
	got, err = ask(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 4, got)
}

func TestWaitingForAnAnswerEndsWithTheOwnContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := host.Host{}.Remembering()
		release := make(chan struct{})
		slow := func(context.Context) (string, error) {
			<-release
			return "late", nil
		}
		first := make(chan string)
		go func() {
			answer, _ := host.Once(t.Context(), h, "x", slow)
			first <- answer
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := host.Once(ctx, h, "x", slow)
		assert.ErrorIs(t, err, context.Canceled)
		second := make(chan string)
		go func() {
			answer, _ := host.Once(t.Context(), h, "x", slow)
			second <- answer
		}()
		synctest.Wait()
		close(release)
		assert.Equal(t, []string{"late", "late"}, []string{<-first, <-second})
	})
}

func TestAPanicLetsTheOthersAsk(t *testing.T) {
	h := host.Host{}.Remembering()
	assert.Panics(t, func() {
		host.Once(t.Context(), h, "x", func(context.Context) (int, error) { panic("odd record") }) //nolint:errcheck // it panics
	})
	got, err := host.Once(t.Context(), h, "x", asker())
	assert.NoError(t, err)
	assert.Equal(t, 1, got)
}

func ExampleOnce() {
	h := host.Local().Remembering()
	users := func(ctx context.Context) (int, error) {
		fmt.Println("asked")
		return 3, nil
	}
	for range 2 {
		n, err := host.Once(context.Background(), h, "example.users", users)
		fmt.Println(n, err)
	}
	// Output:
	// asked
	// 3 <nil>
	// 3 <nil>
}
