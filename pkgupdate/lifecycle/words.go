package lifecycle

import "cmp"

// names of systems for people; others are given by their ID
var names = map[string]string{
	"debian": "Debian", "ubuntu": "Ubuntu", "rhel": "Red Hat Enterprise Linux", "centos": "CentOS", "centos-stream": "CentOS Stream",
	"almalinux": "AlmaLinux", "rocky": "Rocky Linux", "fedora": "Fedora", "opensuse-leap": "openSUSE Leap", "opensuse": "openSUSE",
	"mageia": "Mageia", "slackware": "Slackware", "alpine": "Alpine", "freebsd": "FreeBSD", "bsdos": "BSD/OS",
	"openbsd": "OpenBSD", "netbsd": "NetBSD", "arch": "Arch Linux", "opensuse-tumbleweed": "openSUSE Tumbleweed",
	"sles": "SUSE Linux Enterprise Server", "ol": "Oracle Linux", "amzn": "Amazon Linux", "mandriva": "Mandriva Linux",
	"mandriva-business": "Mandriva Business Server", "mandriva-enterprise": "Mandriva Enterprise Server", "mandrake": "Mandrake Linux",
	"gentoo": "Gentoo", "kali": "Kali", "raspbian": "Raspbian",
}

// String names the system as a person does: "Debian 12 (bookworm)".
func (s System) String() string {
	text := cmp.Or(names[s.ID], s.ID, "this system")
	if s.key() == "centos-stream" {
		text = names["centos-stream"]
	}
	if s.Version != "" {
		text += " " + s.Version
	}
	if s.Codename != "" {
		text += " (" + s.Codename + ")"
	}
	return text
}

// Name is the system with the version and codename that the table adds.
func (s Support) Name() string {
	sys := s.System
	sys.Version = cmp.Or(sys.Version, s.Release.Version)
	sys.Codename = cmp.Or(sys.Codename, s.Release.Codename)
	return sys.String()
}

// String is one sentence: "Debian 12 (bookworm): LTS support until 2028-06-30".
func (s Support) String() string {
	switch s.State {
	case Supported, Extended, Paid:
		return s.Name() + ": " + s.kind() + s.Phase.until()
	case Ended:
		return s.Name() + ": " + s.ended()
	case Development:
		return s.Name() + ": not released, under development"
	case Rolling:
		return s.Name() + ": supported as long as it is kept up to date"
	}
	return s.Name() + ": support not known, because " + s.Reason
}

// kind is "supported", or the later phase by its name.
func (s Support) kind() string {
	switch s.State {
	case Extended:
		return s.Phase.Name + " support"
	case Paid:
		return "paid " + s.Phase.Name + " support only"
	}
	return "supported"
}

// String is "LTS until 2028-06-30", or "ELTS until 2033-06-30 by contract".
func (p Phase) String() string {
	text := p.Name + p.until()
	if p.Paid {
		text += " by contract"
	}
	return text
}

func (p Phase) until() string {
	switch {
	case p.Open:
		return " with no end announced"
	case p.Until.Projected:
		return " until about " + p.Until.Text
	}
	return " until " + p.Until.Text
}

func (s Support) ended() string {
	until := s.Phase.Until
	switch {
	case !until.Known():
		return "support ended long ago"
	case s.Before:
		return "support ended before " + until.Text
	case until.Projected:
		return "support has probably ended, about " + until.Text
	}
	return "support ended on " + until.Text
}
