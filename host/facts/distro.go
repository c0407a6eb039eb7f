package facts

import "strings"

// names gives the ID of os-release for the name with which a release line
// begins, in any case; the longer before the shorter.
var names = [...]struct{ prefix, id string }{
	{"AlmaLinux", "almalinux"},
	{"Alpine Linux", "alpine"},
	{"Arch Linux", "arch"},
	{"CentOS", "centos"},
	{"Debian", "debian"},
	{"Fedora", "fedora"},
	{"Linux Mandrake", "mandrake"},
	{"Mageia", "mageia"},
	{"Mandrake", "mandrake"},
	{"Mandriva", "mandriva"},
	{"openSUSE", "opensuse"},
	{"Oracle Linux", "ol"},
	{"Red Hat Enterprise Linux", "rhel"},
	{"Red Hat Linux Advanced Server", "rhel"},
	{"Red Hat Linux", "redhat"},
	{"Rocky Linux", "rocky"},
	{"Slackware", "slackware"},
	{"SUSE Linux Enterprise Desktop", "sled"},
	{"SUSE Linux Enterprise Server", "sles"},
	{"SUSE Linux", "suse"},
	{"Ubuntu", "ubuntu"},
}

func idOf(line string) string {
	for _, n := range names {
		if len(line) >= len(n.prefix) && strings.EqualFold(line[:len(n.prefix)], n.prefix) {
			return n.id
		}
	}
	return ""
}

// families gives the family of an ID; other distributions say in ID_LIKE whose
// kin they are.
var families = map[string]string{
	"debian": "debian", "ubuntu": "debian", "raspbian": "debian", "devuan": "debian",
	"redhat": "redhat", "rhel": "redhat", "fedora": "redhat", "centos": "redhat",
	"almalinux": "redhat", "rocky": "redhat", "ol": "redhat", "amzn": "redhat",
	"suse": "suse", "sles": "suse", "sled": "suse", "opensuse": "suse",
	"opensuse-leap": "suse", "opensuse-tumbleweed": "suse",
	"mandrake": "mandrake", "mandriva": "mandrake", "mageia": "mandrake", "openmandriva": "mandrake",
	"slackware": "slackware", "alpine": "alpine", "arch": "arch",
	"freebsd": "freebsd", "openbsd": "openbsd", "netbsd": "netbsd", "bsdos": "bsdos",
}

// family is that of the ID, else of the first kin that has one, else "linux".
func family(id, like string) string {
	if f := families[id]; f != "" {
		return f
	}
	for kin := range strings.FieldsSeq(like) {
		if f := families[kin]; f != "" {
			return f
		}
	}
	return "linux"
}
