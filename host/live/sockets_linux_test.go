package live

import (
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

func TestTheKernelTellsItsSocketsByAnotherWay(t *testing.T) {
	four, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer four.Close()
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	list, err := Listening(t.Context())
	need.That(t, "a kernel with sock_diag", err == nil)
	for network, addr := range map[string]string{"tcp": four.Addr().String(), "udp": udp.LocalAddr().String()} {
		i := slices.IndexFunc(list, func(s Socket) bool { return s.Network == network && s.Local.String() == addr })
		if i < 0 {
			t.Fatalf("%s %s is not among %v", network, addr, list)
		}
		if list[i].Inode == 0 || list[i].UID != uint32(os.Getuid()) {
			t.Errorf("%+v", list[i])
		}
	}
}

func TestAProcessIsSeenBelowWhatIsMountedOverIt(t *testing.T) {
	need.Root(t)
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	done := make(chan error)
	var before, name, exe string
	var over error
	go func() { // its thread has mounts of its own, and ends with it
		runtime.LockOSThread()
		done <- func() error {
			if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
				return err
			}
			if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
				return err
			}
			var err error
			if _, before, _, err = Beneath(cmd.Process.Pid); err != nil {
				return err
			}
			dir := "/proc/" + strconv.Itoa(cmd.Process.Pid)
			if err := unix.Mount("none", dir, "tmpfs", 0, ""); err != nil {
				return err
			}
			_, over = os.Readlink(dir + "/exe")
			name, exe, _, err = Beneath(cmd.Process.Pid)
			return err
		}()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if over == nil {
		t.Error("nothing was mounted over it")
	}
	if name != "sleep" || exe == "" || exe != before {
		t.Errorf("%q from %q, before it was covered %q", name, exe, before)
	}
}

func TestMalformedMessagesOfTheKernelAreAnError(t *testing.T) {
	for _, b := range [][]byte{
		append([]byte{200, 0, 0, 0}, make([]byte, 12)...), append([]byte{8, 0, 0, 0}, make([]byte, 12)...),
		append([]byte{20, 0, 0, 0, sockDiagByFamily, 0}, make([]byte, 14)...),
	} {
		if _, done, err := messages(b, "tcp"); err == nil || !done {
			t.Errorf("%v", b)
		}
	}
}
