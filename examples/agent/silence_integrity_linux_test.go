package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	intfiles "github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/integrity/signature"
	"github.com/pugetsoundtech/upkeep/internal/sshsig"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func init() {
	silence = append(silence,
		row{
			name: "an intruder changes the program of root's job in a folder that nobody watches",
			before: func(w *world) {
				w.write("/opt/job.sh", "#!/bin/sh\n", 0o755)
				w.write("/etc/cron.d/job", "0 5 * * * root /opt/job.sh\n", 0o644)
			},
			act:  func(w *world) { w.write("/opt/job.sh", "#!/bin/sh\nid\n", 0o755) },
			line: "/opt/job.sh, which /etc/cron.d/job runs, changed",
		},
		row{
			name: "an intruder has PAM permit where it denied",
			before: func(w *world) {
				w.write("/etc/pam.d/common-auth", "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n", 0o644)
			},
			act: func(w *world) {
				w.write("/etc/pam.d/common-auth", "auth [success=1 default=ignore] pam_unix.so\nauth required pam_permit.so\nauth required pam_permit.so\n", 0o644)
			},
			line: "PAM lets everybody in by common-auth",
		},
		row{
			name: "an intruder's program that does not listen runs from a file that is deleted",
			act: func(w *world) {
				w.start("/tmp/.k", "nothing", 0)
				must(os.Remove("/tmp/.k"))
			},
			line: "runs from /tmp/.k, a file that was removed",
		},
		row{
			name: "an intruder leaves a unit of systemd in /usr/local/lib",
			act: func(w *world) {
				w.write("/usr/local/lib/systemd/system/x.service", "[Service]\nExecStart=/opt/x\n", 0o644)
				must(os.MkdirAll("/usr/local/lib/systemd/system/multi-user.target.wants", 0o755))
				must(os.Symlink("../x.service", "/usr/local/lib/systemd/system/multi-user.target.wants/x.service"))
			},
			line: "x.service",
		},
		row{
			name: "an intruder runs his program by the settings of a unit that last until the next start",
			act: func(w *world) {
				w.write("/run/systemd/system/cron.service.d/x.conf", "[Service]\nExecStartPre=/opt/x\n", 0o644)
			},
			line: "cron.service.d",
		},
		row{
			name: "an intruder leaves a generator of systemd in /run",
			act:  func(w *world) { w.write("/run/systemd/system-generators/x", "#!/bin/sh\nid\n", 0o755) },
			line: "/run/systemd/system-generators is new",
		},
		row{
			name:   "an intruder comes back by what an ordinary user's shell reads",
			before: func(w *world) { w.write("/home/ann/.bashrc", "umask 022\n", 0o644) },
			act:    func(w *world) { w.write("/home/ann/.bashrc", "umask 022\n(/tmp/.x &)\n", 0o644) },
			line:   "/home/ann/.bashrc changed",
		},
		row{
			name: "an intruder has a service wait until the next start for whoever starts it",
			act:  func(w *world) { w.write("/run/systemd/transient/x.service", "[Service]\nExecStart=/tmp/.x\n", 0o644) },
			line: "by x.service /tmp/.x",
		},
		row{
			name:   "an intruder changes a module of Python that root's programs load",
			before: func(w *world) { w.write("/usr/lib/python3/dist-packages/apt/cache.py", "1\n", 0o644) },
			act:    func(w *world) { w.write("/usr/lib/python3/dist-packages/apt/cache.py", "2\n", 0o644) },
			line:   "/usr/lib/python3/dist-packages/apt/cache.py changed",
		},
		row{
			name:   "an intruder has each program of Python start his",
			before: func(w *world) { w.write("/usr/lib/python3/dist-packages/a.py", "1\n", 0o644) },
			act:    func(w *world) { w.write("/usr/lib/python3/dist-packages/x.pth", "import os\n", 0o644) },
			line:   "/usr/lib/python3/dist-packages/x.pth is new",
		},
		row{
			name: "an intruder has the next update run his program",
			act:  func(w *world) { w.write("/var/lib/dpkg/info/base.prerm", "#!/bin/sh\n/opt/x\n", 0o755) },
			line: "/var/lib/dpkg/info/base.prerm is new",
		},
		row{
			name:   "an intruder puts his key among those that packages are verified by",
			before: func(w *world) { w.write("/usr/share/keyrings/debian-archive-keyring.gpg", "one", 0o644) },
			act:    func(w *world) { w.write("/usr/share/keyrings/debian-archive-keyring.gpg", "one, two", 0o644) },
			line:   "debian-archive-keyring.gpg changed",
		},
		row{
			name: "an intruder puts a new baseline of the changed system in place",
			act: func(w *world) {
				w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
				name := intfiles.BaselinePath(filepath.Join(w.state(), "integrity"))
				must(os.Remove(name))
				must(os.RemoveAll(name + ".old"))
				h := host.Local()
				p := integrity.ProfileDaily()
				must(integrity.CreateBaseline(name, integrity.Head{Created: h.Time(), Profile: p}, integrity.Scan(context.Background(), h.Files, p, nil)))
			},
			line: "is not the one that was there",
		},
		row{
			name: "an intruder damages the baseline and its copy",
			act: func(w *world) {
				w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
				name := intfiles.BaselinePath(filepath.Join(w.state(), "integrity"))
				must(os.Truncate(name, 100))
				must(os.Truncate(name+".old", 100))
			},
			line: "files.baseline is lost",
		},
		row{
			name: "an intruder gives an account the group of docker",
			act:  func(w *world) { w.write("/etc/group", "root:x:0:\ndocker:x:990:ann\n", 0o644) },
			line: "ann is now a member of the group docker",
		},
		row{
			name: "an intruder gives a program capabilities",
			act: func(w *world) {
				caps := binary.LittleEndian.AppendUint32(nil, 0x02000001) // revision 2, effective
				caps = binary.LittleEndian.AppendUint32(caps, 1<<7)       // cap_setuid
				caps = append(caps, make([]byte, 12)...)
				must(unix.Setxattr("/usr/bin/find", "security.capability", caps, 0))
			},
			line: "/usr/bin/find now runs with the capabilities cap_setuid",
		},
		row{
			name: "an intruder leaves a program with the rights of root in a folder that nobody watches",
			act: func(w *world) {
				copyFile("/usr/bin/find", "/srv/x")
				must(os.Chmod("/srv/x", 0o755|os.ModeSetuid))
			},
			line: "/srv/x is new or has new rights: it runs with the rights of root",
		},
		row{
			name: "an intruder lets everybody in by a service of PAM that many others include",
			act: func(w *world) {
				w.write("/etc/pam.d/common-auth", "auth sufficient pam_permit.so\nauth required pam_unix.so\n", 0o644)
			},
			line: "PAM lets everybody in by common-auth",
		},
		row{
			name: "an intruder preloads a library into a service, by settings of its unit",
			act: func(w *world) {
				w.write("/etc/systemd/system/ssh.service.d/z.conf", "[Service]\nEnvironment=\"LD_PREL\\x4fAD=/srv/x.so\"\n", 0o644)
			},
			line: "What /etc/systemd/system/ssh.service.d/z.conf has the loader put into programs is new",
		},
		row{
			name: "an intruder mounts a folder over his process",
			act: func(w *world) {
				server := w.start("/usr/sbin/nginx", "0.0.0.0:4445", 0)
				must(unix.Mount("/tmp", fmt.Sprintf("/proc/%d", server.Process.Pid), "", unix.MS_BIND, ""))
			},
			line: "is hidden",
		},
		row{
			name: "an intruder mounts a folder of his over one that is watched",
			act: func(w *world) {
				must(os.MkdirAll("/srv/clean", 0o755))
				must(unix.Mount("/srv/clean", "/etc/sudoers.d", "", unix.MS_BIND, ""))
			},
			line: "is mounted over /etc/sudoers.d and hides",
		},
		row{
			name: "an intruder leaves himself a timed job",
			act: func(w *world) {
				must(os.MkdirAll("/var/spool/cron/crontabs", 0o755))
				w.write("/var/spool/cron/crontabs/ann", "@reboot /tmp/.x\n", 0o600)
			},
			line: "A new job of ann: @reboot /tmp/.x",
		},
		row{
			name: "an intruder plants a timer in his home",
			act: func(w *world) {
				must(os.MkdirAll("/root/.config/systemd/user", 0o755))
				w.write("/root/.config/systemd/user/x.timer", "[Timer]\nOnBootSec=5\nUnit=y.service\n", 0o644)
			},
			line: "A new job of root: OnBootSec=5 y.service",
		},
		row{
			name: "an intruder takes another list of listeners as the accepted one",
			act: func(w *world) {
				w.start("/tmp/.z", "0.0.0.0:4449", 0)
				name := filepath.Join(w.state(), "integrity", "listeners.baseline")
				must(errors.Join(os.Remove(name), os.Remove(name+".old")))
				check := inventory.Check{Question: listeners.Sockets{Host: host.Local()}, Dir: filepath.Dir(name)}
				_, err := suite.Collect(context.Background(), check)
				must(err)
			},
			line: "listeners.baseline is not the one that was there",
		},
		row{
			name:   "an intruder's server ran from a deleted file before the first report",
			before: func(w *world) { w.write("/etc/motd", "", 0o644) },
			act: func(w *world) {
				w.start("/tmp/.y", "0.0.0.0:4446", 0)
				must(os.Remove("/tmp/.y"))
				must(os.RemoveAll(w.state())) // as on a first run
			},
			line: "4446 of all IPv4 addresses from /tmp/.y, a file that was removed",
		},
		row{
			name: "an intruder accepts his own change",
			before: func(w *world) {
				private, public, err := sshsig.NewKey("ann")
				must(err)
				w.write("/root/signers", string(public), 0o644)
				w.append("/run/agent.yaml", "files: {signers: /root/signers}\n")
				w.run()
				for _, name := range w.baselines() {
					b, err := integrity.OpenBaseline(name)
					must(err)
					must(errors.Join(signature.Sign(b, private), b.Close()))
				}
			},
			act: func(w *world) {
				w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
				system := intfiles.System{Host: host.Local(), Dir: filepath.Join(w.state(), "integrity")}
				done, err := system.Accept(context.Background(), func(integrity.Change) bool { return true }, integrity.Acceptance{By: "ann"}, nil)
				must(err)
				if len(done) == 0 {
					panic("nothing was accepted")
				}
			},
			line: "Accepted since it was signed: 1 change by ann",
		},
		row{
			name: "an intruder takes the baseline back from before an acceptance",
			before: func(w *world) {
				w.run()
				name := intfiles.BaselinePath(filepath.Join(w.state(), "integrity"))
				copyFile(name, "/srv/older")
				w.write("/etc/motd", "hello\n", 0o644)
				w.run()
				w.run("review", "accept", "/etc/motd", "-by", "ann")
			},
			act: func(w *world) {
				must(os.Remove("/etc/motd"))
				copyFile("/srv/older", intfiles.BaselinePath(filepath.Join(w.state(), "integrity")))
			},
			line: "files.baseline is not the one that was there",
		},
		row{
			name: "a baseline was taken when the accounts could not be read",
			before: func(w *world) {
				must(os.Rename("/etc/shadow", "/srv/shadow"))
				must(os.Mkdir("/etc/shadow", 0o700))
			},
			act: func(w *world) {
				must(os.Remove("/etc/shadow"))
				must(os.Rename("/srv/shadow", "/etc/shadow"))
			},
			line: "The baseline does not know passwords",
		},
		row{
			name: "an intruder leaves his folder out of the settings",
			act: func(w *world) {
				w.append("/run/agent.yaml", "files: {exclude: [/etc/sudoers.d]}\n")
				w.write("/etc/sudoers.d/zz", "eve ALL=(ALL) NOPASSWD: ALL\n", 0o440)
			},
			line: "the exception /etc/sudoers.d is new",
		},
		row{
			name: "an intruder turns the machine into a router",
			act:  func(w *world) { must(os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)) },
			line: "setting net.ipv4.ip_forward is \"1\", and was \"0\"",
		},
		row{
			name:  "an intruder takes a rule out of the firewall",
			needs: []string{"nft"},
			before: func(w *world) {
				w.nft("add table inet guard; add chain inet guard in { type filter hook input priority 0; }; add rule inet guard in tcp dport 22 drop")
			},
			act:  func(w *world) { w.nft("flush chain inet guard in") },
			line: "gone is tcp dport 22 drop",
		},
		row{
			name: "an intruder's sniffer waits for packets to no port",
			act:  func(w *world) { w.start("/usr/bin/sniffer", "packet", 0) },
			line: "sees all packets on the network",
		},
		row{
			name: "an intruder's server is talked to under an abstract name",
			act:  func(w *world) { w.start("/usr/bin/abstract", "abstract", 33) },
			line: "listens under abstract names, which no file shows",
		},
		row{
			name: "an intruder's server is in a network of its own",
			act: func(w *world) {
				w.startIn("/tmp/.z", "0.0.0.0:4448", 0, unix.CLONE_NEWNET)
				must(os.Remove("/tmp/.z"))
			},
			line: "4448",
		},
		row{
			name:   "a local user opens sockets until a server of his is passed over",
			before: func(w *world) { w.start("/usr/bin/many", "many UDP", 33) },
			act:    func(w *world) { w.start("/tmp/hidden", "0.0.0.0:4449", 33) },
			line:   "4449",
		},
		row{
			name: "an intruder gives a user the rights on a file by an access list",
			act: func(w *world) {
				acl := binary.LittleEndian.AppendUint32(nil, 2)
				for _, e := range [][3]uint32{{1, 6, 1<<32 - 1}, {2, 6, 1000}, {4, 0, 1<<32 - 1}, {0x10, 6, 1<<32 - 1}, {0x20, 0, 1<<32 - 1}} {
					acl = binary.LittleEndian.AppendUint16(acl, uint16(e[0]))
					acl = binary.LittleEndian.AppendUint16(acl, uint16(e[1]))
					acl = binary.LittleEndian.AppendUint32(acl, e[2])
				}
				must(unix.Setxattr("/etc/sudoers.d", "system.posix_acl_default", acl, 0))
			},
			line: "/etc/sudoers.d changed: default-acl none to user::rw-,user:1000:rw-",
		},
		row{
			name: "an intruder gives a watched file another name where nobody looks",
			act:  func(w *world) { must(os.Link("/etc/sudoers", "/etc/../srv/sudoers")) },
			line: "/etc/sudoers changed: it has 2 names and had 1",
		},
		row{
			name: "an intruder turns a watched folder into a link to his",
			act: func(w *world) {
				must(os.Rename("/usr/sbin", "/srv/sbin"))
				must(os.Symlink("/srv/sbin", "/usr/sbin"))
			},
			line: "/usr/sbin",
		},
		row{
			name: "an intruder mounts a file of his over the rules of sudo, which he can change at any time",
			act: func(w *world) {
				w.write("/srv/sudoers", w.read("/etc/sudoers"), 0o440)
				must(unix.Mount("/srv/sudoers", "/etc/sudoers", "", unix.MS_BIND, ""))
			},
			line: "is mounted over /etc/sudoers and hides",
		},
		row{
			name: "an intruder mounts a file of his over what tells how busy the machine is",
			act: func(w *world) {
				w.write("/tmp/stat", "cpu  0 0 0 0\nbtime 1764000000\n", 0o444)
				must(unix.Mount("/tmp/stat", "/proc/stat", "", unix.MS_BIND, ""))
			},
			line: "is mounted over /proc/stat and hides what is below it",
		},
		row{
			name: "an intruder changes an account where the accounts are left out",
			before: func(w *world) {
				w.write("/run/agent.yaml", "leave-out: [pkgupdate.updates, pkgupdate.lifecycle, resource.load, resource.memory, integrity.accounts]\n", 0o644)
			},
			act:  func(w *world) { w.append("/etc/passwd", "eve:x:0:0::/root:/bin/sh\n") },
			line: "/etc/passwd changed",
		},
		row{
			name: "an intruder gives a program rights where the files are left out",
			before: func(w *world) {
				w.write("/run/agent.yaml", "leave-out: [pkgupdate.updates, pkgupdate.lifecycle, resource.load, resource.memory, integrity.files]\n", 0o644)
			},
			act:  func(*world) { must(os.Chmod("/usr/bin/find", 0o755|os.ModeSetuid)) },
			line: "/usr/bin/find is new or has new rights",
		},
		row{
			name: "an intruder leaves a device of the disk in a folder that nobody watches",
			act:  func(*world) { must(unix.Mknod("/srv/.d", unix.S_IFBLK|0o666, int(unix.Mkdev(8, 0)))) },
			line: "/srv/.d is a block device outside of /dev",
		},
		row{
			name: "an intruder keeps what he gathers in the folder of devices",
			act:  func(w *world) { w.write("/dev/.x", "passwords", 0o600) },
			line: "/dev/.x is a file, where only devices should be",
		},
		row{
			name: "an intruder has mail to root run his program",
			act:  func(w *world) { w.write("/root/.forward", "|/tmp/.x\n", 0o600) },
			line: "Mail to root runs /tmp/.x",
		},
		row{
			name: "an intruder leaves a program with the rights of root among the images of containers",
			act: func(*world) {
				must(os.MkdirAll("/var/lib/machines", 0o755))
				copyFile("/usr/bin/find", "/var/lib/machines/x")
				must(os.Chmod("/var/lib/machines/x", 0o755|os.ModeSetuid))
			},
			line: "/var/lib/machines/x is new or has new rights: it runs with the rights of root",
		},
		row{
			name: "an administrator lets everybody read the hashes of passwords",
			act:  func(*world) { must(os.Chmod("/etc/shadow", 0o644)) },
			line: "Everybody can read secrets of the system: /etc/shadow",
		},
	)
}

// baselines are those of all checks.
func (w *world) baselines() []string {
	all, err := filepath.Glob(filepath.Join(w.state(), "integrity", "*.baseline"))
	must(err)
	return all
}

func (w *world) nft(script string) {
	nft := exec.Command("nft", "-f", "-")
	nft.Stdin = strings.NewReader(script)
	if out, err := nft.CombinedOutput(); err != nil {
		panic(string(out))
	}
}

func init() {
	otherSockets["nothing"] = func() { time.AfterFunc(time.Hour, func() {}) }
	otherSockets["packet"] = func() {
		const all = unix.ETH_P_ALL
		_, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, all<<8&0xff00|all>>8)
		must(err)
	}
	otherSockets["abstract"] = func() {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		must(err)
		must(errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: "@eve"}), unix.Listen(fd, 1)))
	}
	otherSockets["many UDP"] = func() {
		for port := range 200 {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
			must(err)
			must(unix.Bind(fd, &unix.SockaddrInet4{Port: 20000 + port}))
		}
	}
}
