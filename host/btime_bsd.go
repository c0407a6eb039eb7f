//go:build freebsd || netbsd || darwin

package host

import "golang.org/x/sys/unix"

// withBtime sets Btime; a file system that has none says 0 or -1.
func withBtime(st Stat, raw *unix.Stat_t) Stat {
	if sec, nsec := raw.Btim.Unix(); sec > 0 {
		st.Btime = nanoseconds(sec, nsec)
		st.Known |= KnownBtime
	}
	return st
}
