package protocol

import (
	"slices"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// otherSchemes are those that have one prober each.
func otherSchemes() []netprobe.Scheme {
	upgrade := slices.Concat(startTLSOption, netprobe.TLSOptions())
	return []netprobe.Scheme{
		{Name: "ftp", Port: "21", About: "greets a file server and leaves with QUIT", Options: upgrade, Build: buildFTP},
		{
			Name: "ssh", Port: "22", About: "reads the identification of an SSH server",
			Options: []netprobe.Option{{Name: "hostkey", About: "fingerprint that the server's key must have, such as SHA256:…; show: just tell it"}},
			Build:   buildSSH,
		},
		{Name: "ldap", Port: "389", About: "asks a directory server for an anonymous bind", Options: upgrade, Build: buildLDAP},
		{Name: "ldaps", Port: "636", About: "the same with TLS from the start", Options: netprobe.TLSOptions(), Build: buildLDAP},
		{Name: "postgres", Port: "5432", About: "asks a PostgreSQL server whether it speaks TLS", Options: upgrade, Build: buildPostgres},
		{Name: "mysql", Port: "3306", About: "reads the greeting of a MySQL or MariaDB server", Build: buildMySQL},
		{
			Name: "ntp", Port: "123", About: "asks a time server for the time",
			Options: []netprobe.Option{{Name: "offset", About: "by how much the clocks may differ, such as 500ms (default 1s)"}},
			Build:   buildNTP,
		},
		{Name: "icmp", Port: "1", About: "sends one echo request, as a reference; it takes the right to open a raw socket", Build: buildICMP},
	}
}
