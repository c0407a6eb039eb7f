//go:build unix

package sshhost

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// atOnce runs the calls so that all their questions wait for the same exchange.
func (c *Client) atOnce(t *testing.T, calls ...func()) {
	t.Helper()
	g := &c.singles
	g.mu.Lock()
	g.busy = true
	g.mu.Unlock()
	var all sync.WaitGroup
	for _, call := range calls {
		all.Go(call)
	}
	require.Eventually(t, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return len(g.waiting) == len(calls)
	}, time.Minute, time.Millisecond)
	go files{c}.serve()
	all.Wait()
}

func TestNamesThatAreAskedForTogetherShareAnExchange(t *testing.T) {
	c := startServer(t, "").dial(t, nil)
	dir := t.TempDir()
	var calls []func()
	for i := range 20 {
		name := fmt.Sprintf("%s/%d", dir, i)
		require.NoError(t, os.WriteFile(name, []byte(name), 0o644))
		calls = append(calls, func() {
			data, err := c.Host().ReadFile(t.Context(), name, 0)
			assert.NoError(t, err)
			assert.Equal(t, name, string(data))
		}, func() {
			st, err := c.Host().Lstat(t.Context(), name+"/")
			assert.NoError(t, err)
			assert.Equal(t, filepath.Base(name), st.Name)
		})
	}
	for range 2 {
		calls = append(calls, func() {
			list, err := c.Host().ReadDir(t.Context(), dir)
			assert.NoError(t, err)
			assert.Len(t, list, 20)
		}, func() {
			_, err := c.Host().Open(t.Context(), dir+"/none")
			assert.ErrorIs(t, err, fs.ErrNotExist)
		})
	}
	before := c.RoundTrips()
	c.atOnce(t, calls...)
	assert.Equal(t, int64(1), c.RoundTrips()-before)
}

func TestASharedExchangeThatHangsBlindsNobody(t *testing.T) {
	need.Root(t)
	find := need.Program(t, "find")
	dir := t.TempDir()
	open(t, dir)
	text, err := os.ReadFile(find)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dir+"/find", text, 0o755))
	script := "#!/bin/sh\ncase $* in *hangs*) exec sleep 600;; esac\nexec " + dir + "/find \"$@\"\n"
	require.NoError(t, os.WriteFile(dir+"/slow", []byte(script), 0o755))
	c := startServerWith(t, "", map[string]string{find: dir + "/slow"}).dial(t, nil)
	c.sharedPatience = 100 * time.Millisecond

	lstat := func(ctx context.Context, name string) error {
		_, err := c.Host().Lstat(ctx, name)
		return err
	}
	hung, cancel := context.WithCancel(t.Context())
	var answered sync.WaitGroup
	answered.Add(2)
	go func() {
		answered.Wait()
		cancel()
	}()
	c.atOnce(t,
		func() {
			defer answered.Done()
			assert.NoError(t, lstat(t.Context(), "/etc"))
		},
		func() { assert.ErrorIs(t, lstat(hung, "/hangs"), context.Canceled) },
		func() {
			defer answered.Done()
			assert.ErrorIs(t, lstat(t.Context(), "/none"), fs.ErrNotExist)
		},
	)
	assert.NoError(t, lstat(t.Context(), "/etc"), "questions go alone from now on")
	assert.True(t, c.singles.alone)
}

func TestAnExchangeEndsWhenNobodyWaitsForIt(t *testing.T) {
	c := &Client{sharedPatience: time.Hour}
	g := &c.singles
	ended := make(chan struct{})
	s, other := &single{done: make(chan struct{})}, &single{done: make(chan struct{})}
	require.True(t, g.join(s, func() {}))
	require.True(t, g.join(other, func() {}))
	require.Len(t, g.next(func() { close(ended) }), 2)
	g.leave(s)
	select {
	case <-ended:
		t.Fatal("somebody waits")
	default:
	}
	g.leave(other)
	<-ended

	third := &single{done: make(chan struct{})}
	require.True(t, g.join(third, func() {}))
	g.leave(third)
	assert.Empty(t, g.next(func() {}), "who left is not asked for")
}
