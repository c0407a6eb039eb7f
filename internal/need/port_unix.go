//go:build unix

package need

import (
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
)

// Port gives a port of 127.0.0.1 on which nobody listens, for a server that is told
// where to. On Linux it is kept until the test ends: a socket that is bound and does
// not listen has the kernel give it to nobody who asks for any port, while who names
// it with SO_REUSEADDR, as servers do, may listen there (socket(7)).
func Port(t testing.TB) string {
	t.Helper()
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(os.NewSyscallError("socket", err))
	}
	kept := os.NewFile(uintptr(fd), "a port")
	t.Cleanup(func() { kept.Close() }) //nolint:errcheck // nothing was written
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		t.Fatal(os.NewSyscallError("setsockopt", err))
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(os.NewSyscallError("bind", err))
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(os.NewSyscallError("getsockname", err))
	}
	if runtime.GOOS != "linux" {
		kept.Close() //nolint:errcheck // elsewhere nobody else could listen there
	}
	return strconv.Itoa(at.(*syscall.SockaddrInet4).Port)
}

// Addr is a Port with its address.
func Addr(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", Port(t))
}
