package tree

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
)

// A source reads the content of a file that belongs to somebody else, and leaves
// the page cache as it found it: a walk over a disk would else push out of memory
// what the machine works with. Holes are not read at all.
type source struct {
	fd       int
	at       int64
	size     int64
	ask      bool // for pages that the kernel drops behind the reader
	drop     bool // what is cached at the end was not at the beginning
	sparse   bool
	hole     int64 // end of the hole at, where at is in one
	dataTill int64 // where the next hole may begin
}

// noDontCache remembers that this kernel does not know RWF_DONTCACHE, which came
// with Linux 6.14.
var noDontCache atomic.Bool

// sources are those that are used again: there is one for each file.
var sources = sync.Pool{New: func() any { return new(source) }}

func newSource(fd int, st host.Stat) *source {
	s, _ := sources.Get().(*source)
	*s = source{fd: fd, size: st.Size, ask: !noDontCache.Load()}
	s.sparse = st.Known.Has(host.KnownBlocks) && st.Blocks*512 < st.Size/2
	if !s.ask {
		s.drop = isCold(fd, st.Size)
	}
	return s
}

// Read reads on, with zeros for what is in no block.
func (s *source) Read(p []byte) (int, error) {
	if s.sparse && s.at >= s.dataTill && s.at >= s.hole {
		s.findHole()
	}
	if s.at < s.hole {
		n := min(int64(len(p)), s.hole-s.at)
		clear(p[:n])
		s.at += n
		return int(n), nil
	}
	if s.sparse && s.dataTill > s.at {
		p = p[:min(int64(len(p)), s.dataTill-s.at)]
	}
	n, err := s.read(p)
	s.at += int64(max(n, 0)) // read(2) gives -1 with an error
	return max(n, 0), err
}

// findHole looks where the data from here on begins and ends. What cannot be found
// out is read.
func (s *source) findHole() {
	data, err := unix.Seek(s.fd, s.at, unix.SEEK_DATA)
	switch {
	case errors.Is(err, unix.ENXIO):
		s.hole = s.size // nothing but a hole up to the end
		return
	case err != nil:
		s.sparse = false
		return
	}
	s.hole = min(data, s.size)
	if s.dataTill, err = unix.Seek(s.fd, data, unix.SEEK_HOLE); err != nil {
		s.sparse = false
	}
}

func (s *source) read(p []byte) (int, error) {
	if s.ask {
		n, err := retry(func() (int, error) { return dropBehind(s.fd, p, s.at) })
		if !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EINVAL) {
			return n, err
		}
		if !errors.Is(err, unix.EOPNOTSUPP) { // that is a file system's answer
			noDontCache.Store(true)
		}
		s.ask, s.drop = false, isCold(s.fd, s.size)
	}
	return retry(func() (int, error) { return unix.Pread(s.fd, p, s.at) })
}

// dropBehind is preadv2(2) with RWF_DONTCACHE: unix.Preadv2 makes a list of buffers at
// each call, and there is one call or more for each file.
func dropBehind(fd int, p []byte, at int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	iov := unix.Iovec{Base: &p[0]}
	iov.SetLen(len(p))
	const word = strconv.IntSize // the kernel takes the offset in two, and of 64 bits the first is all
	high := uintptr(uint64(at) >> (word - 1) >> 1)
	n, _, errno := unix.Syscall6(unix.SYS_PREADV2, uintptr(fd), uintptr(unsafe.Pointer(&iov)), 1, uintptr(at), high, unix.RWF_DONTCACHE)
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

// close gives back what was cached for this reading alone, and the source itself.
func (s *source) close() {
	if s.drop {
		_ = unix.Fadvise(s.fd, 0, 0, unix.FADV_DONTNEED) // advice: works without
	}
	sources.Put(s)
}

// isCold reports whether nothing of a file is in the page cache. Where nobody
// knows it is not: dropping what others use does harm.
var isCold = func(fd int, size int64) bool {
	cold, err := coldByCachestat(fd)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		cold, err = coldByMincore(fd, size)
	}
	return cold && err == nil
}

// coldByCachestat asks Linux 6.5 and later.
func coldByCachestat(fd int) (bool, error) {
	var st unix.Cachestat_t
	err := unix.Cachestat(uint(fd), &unix.CachestatRange{}, &st, 0)
	return st.Cache == 0, err
}

// mincoreMost bounds what is mapped to be asked, in bytes.
const mincoreMost = 1 << 30

// coldByMincore asks any Linux. The mapping is never read, so that a file which
// others shorten does no harm.
func coldByMincore(fd int, size int64) (bool, error) {
	if size == 0 || size > mincoreMost {
		return false, nil
	}
	mapped, err := unix.Mmap(fd, 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return false, err
	}
	defer unix.Munmap(mapped) //nolint:errcheck // it was mapped above
	pages := make([]byte, (len(mapped)+unix.Getpagesize()-1)/unix.Getpagesize())
	if err := mincore(mapped, pages); err != nil {
		return false, err
	}
	for _, p := range pages {
		if p&1 != 0 {
			return false, nil
		}
	}
	return true, nil
}

func mincore(mapped, pages []byte) error {
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&mapped[0])), uintptr(len(mapped)), uintptr(unsafe.Pointer(&pages[0])))
	if errno != 0 {
		return errno
	}
	return nil
}
