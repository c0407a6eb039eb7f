package apply

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Class is a kind of packages of which a person looks at each update: the system may
// not come up, or nobody may get in, when one goes wrong.
type Class string

// classes are the names of packages, or of their source, as the systems have them.
var classes = map[Class][]string{
	"kernel": {
		"linux-image*", "linux-signed*", "linux", "linux-lts", "linux-zen", "linux-hardened", "kernel", "kernel-*", "FreeBSD-kernel*", "freebsd-update",
	},
	"bootloader": {"grub*", "shim*", "systemd-boot*", "lilo", "elilo", "syslinux*", "u-boot*", "FreeBSD-bootloader*"},
	"libc":       {"glibc*", "musl", "aaa_glibc*", "FreeBSD-clibs*", "FreeBSD-runtime*"},
	"sshd":       {"openssh*", "FreeBSD-ssh*"},
	"manager":    {"apt", "dpkg", "rpm", "dnf*", "yum", "zypper", "libzypp", "urpmi", "pacman", "apk-tools", "pkg", "pkgin", "pkgtools", "slackpkg"},
	"database":   {"postgresql*", "mariadb*", "mysql*"},
}

// Classes names all of them.
func Classes() []Class { return slices.Sorted(maps.Keys(classes)) }

// UnmarshalText reads the name of one.
func (c *Class) UnmarshalText(text []byte) error {
	if _, ok := classes[Class(text)]; !ok {
		names := make([]string, 0, len(classes))
		for _, one := range Classes() {
			names = append(names, string(one))
		}
		return fmt.Errorf("%.40q is no class of packages; there are %s", text, strings.Join(names, ", "))
	}
	*c = Class(text)
	return nil
}

// Review holds the packages of a class for a person to look at, by whose decision.
func (c Class) Review(by string) []Hold {
	var list []Hold
	for _, pattern := range classes[c] {
		list = append(list, Hold{Package: pattern, Reason: "packages of the class " + string(c) + " are looked at one by one", By: by})
	}
	return list
}
