package confdiff

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strings"
)

// A record is one line of a file of records.
type record struct {
	what   string // a noun
	name   string
	fields []field
}

type field struct {
	name, value string
	secret      bool
}

// A reader takes a line apart; ok is false for one of another form.
type reader func(line string) (r record, ok bool)

// recordsOf gives a reader that has read nothing yet; nil where a file has no
// records, or nobody knows them.
func recordsOf(name string) reader {
	base := strings.TrimSuffix(path.Base(name), "-")
	if base == "authorized_keys" || base == "authorized_keys2" {
		return authorizedKey
	}
	for _, f := range forms {
		if f.of(name, base) {
			return f.read()
		}
	}
	return nil
}

// forms are the files whose lines are records.
var forms = []struct {
	of   func(name, base string) bool
	read func() reader
}{
	{is("/etc/passwd"), func() reader { return colons("user", "", "password", "uid", "gid", "comment", "home", "shell") }},
	{is("/etc/group"), func() reader { return colons("group", "", "password", "gid", "members") }},
	{is("/etc/shadow"), func() reader {
		return colons("user", "", "password", "last change of the password", "least age", "most age", "warning", "inactive", "expires", "flag")
	}},
	{is("/etc/gshadow"), func() reader { return colons("group", "", "password", "administrators", "members") }},
	{is("/etc/fstab"), func() reader { return mount }},
	{is("/etc/sudoers", "/etc/sudoers.d/", "/usr/local/etc/sudoers"), func() reader { return whole("rule") }},
	{is("/etc/crontab", "/etc/cron.d/"), func() reader { return job(true) }},
	{is("/var/spool/cron/", "/var/cron/tabs/"), func() reader { return job(false) }},
	{is("/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/"), sshd},
	{is("/etc/sysctl.conf", "/etc/sysctl.d/"), func() reader { return setting }},
	{is("state:packages"), func() reader { return words("package", "version") }},
	{is("state:services"), func() reader { return words("service", "state") }},
	{is("state:sysctl"), func() reader { return setting }},
	{is("state:mounts"), func() reader { return mount }},
	{is("state:partitions"), func() reader { return partition }},
	{is("state:firewall-iptables"), iptables},
	{is("state:firewall-pf"), func() reader { return whole("rule") }},
}

// is reports whether a file is one of the names, lies in a directory of them, or
// is a state whose name begins so.
func is(names ...string) func(name, base string) bool {
	return func(name, base string) bool {
		for _, n := range names {
			switch {
			case name == n, strings.HasSuffix(n, "/") && strings.HasPrefix(name, n), strings.HasPrefix(n, "state:") && strings.HasPrefix(name, n):
				return true
			case path.Dir(n) == path.Dir(name) && base == path.Base(n) && !strings.HasSuffix(n, "/"):
				return true // passwd-, the copy of the day before
			}
		}
		return false
	}
}

func colons(what string, names ...string) reader {
	return func(line string) (record, bool) {
		values := splitColons(line)
		if len(values) != len(names) || values[0] == "" {
			return record{}, false
		}
		r := record{what: what, name: values[0]}
		for i, v := range values[1:] {
			r.fields = append(r.fields, field{names[i+1], v, names[i+1] == "password"})
		}
		return r, true
	}
}

// authorizedKey knows a key by its bytes; what stands before and behind them are
// its options and its comment.
func authorizedKey(line string) (record, bool) {
	words := strings.Fields(line)
	for i, w := range words {
		if !strings.HasPrefix(w, "ssh-") && !strings.HasPrefix(w, "ecdsa-") && !strings.HasPrefix(w, "sk-") || i+1 == len(words) {
			continue
		}
		sum := sha256.Sum256([]byte(words[i+1]))
		return record{"key", fmt.Sprintf("%s %.12x…", w, sum), []field{
			{"options", strings.Join(words[:i], " "), false}, {"comment", strings.Join(words[i+2:], " "), false},
		}}, true
	}
	return record{}, false
}

// words has a name before its first blank, and one field behind it.
func words(what, field1 string) reader {
	return func(line string) (record, bool) {
		name, rest, ok := strings.Cut(line, " ")
		return record{what, name, []field{{field1, strings.Join(strings.Fields(rest), " "), false}}}, ok
	}
}

// whole takes a line for a name: it is there or not.
func whole(what string) reader {
	return func(line string) (record, bool) {
		return record{what: what, name: strings.Join(strings.Fields(line), " ")}, true
	}
}

// setting is a name, an equals sign and a value, as of sysctl.
func setting(line string) (record, bool) {
	name, value, ok := strings.Cut(line, "=")
	name = strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(name), "-"), "/", ".")
	return record{"setting", name, []field{{"value", strings.TrimSpace(value), false}}}, ok && name != ""
}

// mount is a line of fstab(5); swap has no directory, so its device is its name.
func mount(line string) (record, bool) {
	f := strings.Fields(line)
	if len(f) < 3 {
		return record{}, false
	}
	f = append(f, make([]string, 6)...)[:6]
	name, device := f[1], f[0]
	if name == "none" || name == "swap" {
		name = device
	}
	return record{"file system", name, []field{
		{"device", device, false}, {"type", f[2], false}, {"options", f[3], false}, {"dump", f[4], false}, {"pass", f[5], false},
	}}, true
}

// partition is a line of lsblk -r, where a column without a value is empty.
func partition(line string) (record, bool) {
	f := strings.Split(line, " ")
	if len(f) != 6 {
		return record{}, false
	}
	return record{"partition", f[0], []field{{"size", f[1], false}, {"type", f[2], false}, {"file system", f[3], false}, {"id", f[4], false}, {"mounted on", f[5], false}}}, true
}

// job is a line of crontab(5), which has a user when it is the system's. A job is
// known by what it runs.
func job(system bool) reader {
	return func(line string) (record, bool) {
		if name, value, ok := strings.Cut(line, "="); ok && !strings.ContainsAny(strings.TrimSpace(name), " \t*") {
			// The name tells whether the value is a secret, so both are one field.
			return record{"variable", strings.TrimSpace(name), []field{{"setting", strings.TrimSpace(name) + "=" + strings.TrimSpace(value), false}}}, true
		}
		f, times := strings.Fields(line), 5
		if strings.HasPrefix(line, "@") {
			times = 1
		}
		rest, user := times, ""
		if system {
			rest++
		}
		if len(f) <= rest {
			return record{}, false
		}
		if system {
			user = f[times]
		}
		return record{"job", strings.Join(f[rest:], " "), []field{{"time", strings.Join(f[:times], " "), false}, {"user", user, false}}}, true
	}
}

// several are the keywords of sshd_config(5) that may stand there more than once.
var several = []string{"acceptenv", "allowgroups", "allowusers", "denygroups", "denyusers", "hostkey", "hostcertificate", "include", "listenaddress", "permitlisten", "permitopen", "port", "setenv", "subsystem"}

// sshd reads sshd_config(5): a keyword that stands below a Match belongs to it.
func sshd() reader {
	match := ""
	return func(line string) (record, bool) {
		keyword, value, _ := strings.Cut(strings.Join(strings.Fields(strings.Replace(line, "=", " ", 1)), " "), " ")
		lower := strings.ToLower(keyword)
		switch {
		case lower == "match":
			match = "for " + value + ": "
			return record{what: "block", name: "Match " + value}, true
		case slices.Contains(several, lower):
			return record{what: "setting", name: match + keyword + " " + value}, true
		}
		return record{"setting", match + keyword, []field{{"value", value, false}}}, value != ""
	}
}

// iptables reads iptables-save(8).
func iptables() reader {
	table := ""
	return func(line string) (record, bool) {
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
			return record{what: "table", name: table}, true
		case line == "COMMIT":
			return record{what: "end of table", name: table}, true
		case strings.HasPrefix(line, ":"):
			f := strings.Fields(line[1:])
			return record{"chain", table + " " + f[0], []field{{"policy", strings.Join(f[1:], " "), false}}}, len(f) > 1
		}
		return record{what: "rule", name: table + " " + line}, true
	}
}
