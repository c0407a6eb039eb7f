package tree

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
)

// classOf is the class of the calling thread's priority for reading.
func classOf() uintptr {
	prio, _, _ := unix.RawSyscall(unix.SYS_IOPRIO_GET, ofThread, 0, 0)
	return prio >> 13 << 13
}

func TestContentsAreReadWhenNobodyElseWantsTheDisk(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f"), []byte("x"), 0o600))
	before := classOf()
	var within atomic.Uintptr
	o := host.WalkOptions{Digests: []string{"sha256"}, Read: func(_, _ *host.Entry) host.Reading {
		within.Store(classOf())
		return host.Reading{}
	}}
	_, err := Walk(t.Context(), host.Local().Files, dir, o, func(e *host.Entry) error { return e.Err })
	require.NoError(t, err)
	assert.Equal(t, uintptr(classIdle), within.Load())
	for range 100 { // no thread of others has it
		done := make(chan uintptr)
		go func() { done <- classOf() }()
		assert.Equal(t, before, <-done)
	}
}
