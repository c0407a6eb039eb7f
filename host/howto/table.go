package howto

import "strings"

// A line of the table is the command of a task on some systems.
type line struct {
	task    Task
	on      string // kinds of systems; with "?" the program must be seen to be there
	command string // words; {} is the argument, as {path} an absolute one, as {pid} a number; {...} is all of them
}

// table is in order of preference. What the commands do is from the manual pages
// of the systems.
var table = []line{
	{Status, "systemd", "systemctl status --no-pager -- {}"},
	{Status, "openrc", "rc-service {} status"},
	{Status, "freebsd", "service {} status"},
	{Status, "openbsd", "rcctl check {}"},
	{Status, "netbsd", "/etc/rc.d/{} status"},
	{Status, "slackware", "/etc/rc.d/rc.{} status"},
	{Status, "sysv", "/etc/init.d/{} status"},

	{FailedServices, "systemd", "systemctl list-units --state=failed --no-pager"},
	{FailedServices, "openrc", "rc-status --crashed"},
	{FailedServices, "openbsd", "rcctl ls failed"},

	{ServiceLog, "systemd", "journalctl --no-pager -n 50 -u {}"},
	{ReadLog, "any", "tail -n 50 {path}"},
	{KernelLog, "systemd", "journalctl --no-pager -k -n 50"},
	{KernelLog, "any", "dmesg"},
	{Logins, "linux bsd", "last -n 20 {}"},

	{Listeners, "systemd", "ss -ltunp"},
	{Listeners, "linux ?", "ss -ltunp"},
	{Listeners, "linux", "netstat -ltunp"},
	{Listeners, "freebsd", "sockstat -46l"},
	{Listeners, "netbsd", "sockstat -ln"},
	{Listeners, "openbsd", "netstat -ln"},
	{Listeners, "bsdos", "netstat -an"},

	{Process, "alpine", "head -n 60 /proc/{pid}/status"}, // ps of busybox shows all or none
	{Process, "linux", "ps -f -p {pid}"},
	{Process, "linux", "head -n 60 /proc/{pid}/status"},
	{Process, "bsd", "ps -ww -p {pid}"},
	{EndProcess, "any", "kill {pid}"},

	{MemoryUsers, "alpine", "ps -o pid,user,rss,args"},
	{MemoryUsers, "linux", "ps -e --sort=-rss -o pid,user,rss,args"},
	{MemoryUsers, "freebsd openbsd netbsd", "ps -axm -o pid,user,rss,command"},
	{MemoryUsers, "bsdos", "ps -axm"},
	{ProcessorUsers, "alpine", "top -b -n 1"},
	{ProcessorUsers, "linux", "ps -e --sort=-pcpu -o pid,user,stat,pcpu,args"},
	{ProcessorUsers, "freebsd openbsd netbsd", "ps -axr -o pid,user,stat,pcpu,command"},
	{ProcessorUsers, "bsdos", "ps -axr"},

	{DiskUsers, "alpine freebsd openbsd netbsd", "du -xh -d 1 {path}"},
	{DiskUsers, "linux", "du -xh --max-depth=1 {path}"},
	{DiskUsers, "bsdos", "du -x {path}"},
	{ManyFiles, "any", "find {path} -xdev -type d -size +200"}, // blocks of 512 bytes, as POSIX has it
	{DiskHealth, "any ?", "smartctl -H -A {path}"},

	{ClockStatus, "any ?", "chronyc -n tracking"},
	{ClockStatus, "openbsd", "ntpctl -s all"},
	{ClockStatus, "any ?", "ntpq -n -p"},
	{ClockStatus, "systemd", "timedatectl"},

	{VerifyPackage, "debian", "dpkg -V {}"},
	{VerifyPackage, "redhat suse mandrake", "rpm -V {}"},
	{VerifyPackage, "arch", "pacman -Qkk {}"},
	{VerifyPackage, "alpine", "apk audit --system"},
	{VerifyPackage, "freebsd", "pkg check -s {}"},
	{VerifyPackage, "openbsd", "pkg_check -n"},
	{VerifyPackage, "netbsd", "pkg_admin check {}"},

	{PackageOwner, "debian", "dpkg -S {path}"},
	{PackageOwner, "redhat suse mandrake", "rpm -qf {path}"},
	{PackageOwner, "arch", "pacman -Qo {path}"},
	{PackageOwner, "alpine", "apk info --who-owns {path}"},
	{PackageOwner, "freebsd", "pkg which {path}"},
	{PackageOwner, "openbsd", "pkg_info -E {path}"},
	{PackageOwner, "netbsd", "pkg_info -Fe {path}"},

	{RebootNeeded, "debian ?", "needrestart -b"},
	{RebootNeeded, "redhat ?", "needs-restarting"},
	{RebootNeeded, "suse", "zypper ps -s"},

	{Start, "systemd", "systemctl start -- {}"},
	{Start, "openrc", "rc-service {} start"},
	{Start, "freebsd", "service {} start"},
	{Start, "openbsd", "rcctl start {}"},
	{Start, "netbsd", "/etc/rc.d/{} start"},
	{Start, "slackware", "/etc/rc.d/rc.{} start"},
	{Start, "sysv", "/etc/init.d/{} start"},

	{Stop, "systemd", "systemctl stop -- {}"},
	{Stop, "openrc", "rc-service {} stop"},
	{Stop, "freebsd", "service {} stop"},
	{Stop, "openbsd", "rcctl stop {}"},
	{Stop, "netbsd", "/etc/rc.d/{} stop"},
	{Stop, "slackware", "/etc/rc.d/rc.{} stop"},
	{Stop, "sysv", "/etc/init.d/{} stop"},

	{Restart, "systemd", "systemctl restart -- {}"},
	{Restart, "openrc", "rc-service {} restart"},
	{Restart, "freebsd", "service {} restart"},
	{Restart, "openbsd", "rcctl restart {}"},
	{Restart, "netbsd", "/etc/rc.d/{} restart"},
	{Restart, "slackware", "/etc/rc.d/rc.{} restart"},
	{Restart, "sysv", "/etc/init.d/{} restart"},

	{Enable, "systemd", "systemctl enable -- {}"},
	{Enable, "openrc", "rc-update add {} default"},
	{Enable, "freebsd", "service {} enable"},
	{Enable, "openbsd", "rcctl enable {}"},
	{Enable, "slackware", "chmod 755 /etc/rc.d/rc.{}"},
	{Enable, "debian", "update-rc.d {} enable"},
	{Enable, "redhat suse mandrake", "chkconfig {} on"},

	{Disable, "systemd", "systemctl disable -- {}"},
	{Disable, "openrc", "rc-update del {} default"},
	{Disable, "freebsd", "service {} disable"},
	{Disable, "openbsd", "rcctl disable {}"},
	{Disable, "slackware", "chmod 644 /etc/rc.d/rc.{}"},
	{Disable, "debian", "update-rc.d {} disable"},
	{Disable, "redhat suse mandrake", "chkconfig {} off"},

	{LockAccount, "linux", "passwd -l {}"},
	{LockAccount, "freebsd", "pw lock {}"},
	{LockAccount, "openbsd", "usermod -Z {}"},
	{LockAccount, "netbsd", "usermod -C yes {}"},
	{UnlockAccount, "linux", "passwd -u {}"},
	{UnlockAccount, "freebsd", "pw unlock {}"},
	{UnlockAccount, "openbsd", "usermod -U {}"},
	{UnlockAccount, "netbsd", "usermod -C no {}"},
	{EditAccounts, "linux ?", "vipw"},
	{EditAccounts, "bsd", "vipw"},
	{EditGroups, "linux ?", "vigr"},

	{RefreshPackages, "debian", "apt-get update"},
	{RefreshPackages, "redhat mandrake ?", "dnf makecache"},
	{RefreshPackages, "redhat ?", "yum makecache"},
	{RefreshPackages, "mandrake", "urpmi.update -a"},
	{RefreshPackages, "suse ?", "zypper refresh"},
	{RefreshPackages, "alpine", "apk update"},
	{RefreshPackages, "freebsd", "pkg update"},
	{RefreshPackages, "netbsd ?", "pkgin update"},
	{RefreshPackages, "slackware", "slackpkg update"},

	{UpgradePackages, "debian", "apt-get install --only-upgrade {...}"},
	{UpgradePackages, "redhat mandrake ?", "dnf upgrade {...}"},
	{UpgradePackages, "redhat ?", "yum update {...}"},
	{UpgradePackages, "mandrake", "urpmi {...}"},
	{UpgradePackages, "suse ?", "zypper update {...}"},
	{UpgradePackages, "alpine", "apk add --upgrade {...}"},
	{UpgradePackages, "freebsd", "pkg upgrade {...}"},
	{UpgradePackages, "openbsd", "pkg_add -u {...}"},
	{UpgradePackages, "netbsd ?", "pkgin install {...}"},
	{UpgradePackages, "slackware", "slackpkg upgrade {...}"},

	{UpgradeAll, "debian", "apt-get upgrade"},
	{UpgradeAll, "redhat mandrake ?", "dnf upgrade"},
	{UpgradeAll, "redhat ?", "yum update"},
	{UpgradeAll, "mandrake", "urpmi --auto-update"},
	{UpgradeAll, "suse ?", "zypper update"},
	{UpgradeAll, "alpine", "apk upgrade"},
	{UpgradeAll, "arch", "pacman -Syu"},
	{UpgradeAll, "freebsd", "pkg upgrade"},
	{UpgradeAll, "openbsd", "pkg_add -u"},
	{UpgradeAll, "netbsd ?", "pkgin upgrade"},
	{UpgradeAll, "slackware", "slackpkg upgrade-all"},

	{RemoveKernels, "debian", "apt-get autoremove --purge"},
	{RemoveKernels, "redhat ?", "dnf remove --oldinstallonly"},

	{RepairPackages, "debian", "dpkg --configure -a"},
	{RepairPackages, "alpine", "apk fix"},

	{Reboot, "alpine", "reboot"},
	{Reboot, "any", "shutdown -r now"},
}

// words are the command of the line.
func (l line) words() []string { return strings.Fields(l.command) }

// needsProof reports whether the program is no part of the base system.
func (l line) needsProof() bool { return strings.HasSuffix(l.on, "?") }
