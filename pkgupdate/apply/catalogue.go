package apply

import "github.com/pugetsoundtech/upkeep/host"

// tools are the managers with which something can be installed, by the ID of their
// Info, or the front end of rpm. Those that take all could take parts, but not without a
// trace: "apk add" makes each name one that a person asked for, and a version a pin, and
// parts of Arch's repositories do not fit each other.
var tools = map[string]tool{
	"apt": aptTool, "dnf": dnfTool, "zypper": zypperTool, "yum": yumTool,
	"urpmi":    {install: named("urpmi", "--auto", "--no-recommends", "--wait-lock"), locks: []string{"/var/lib/urpmi/.LOCK", "/var/lib/rpm/.RPMLOCK"}},
	"apk":      {install: all("apk", "upgrade"), whole: true, locks: []string{"/lib/apk/db/lock"}},
	"pacman":   {install: all("pacman", "-Su", "--noconfirm"), whole: true, marks: []string{"/var/lib/pacman/db.lck"}},
	"slackpkg": {install: all("slackpkg", "-batch=on", "-default_answer=y", "upgrade-all"), whole: true},
	"pkg":      {install: named("pkg", "upgrade", "-y", "-U"), base: []string{"freebsd-update", "--not-running-from-cron", "fetch", "install"}},
	"pkg_add":  {install: named("pkg_add", "-u", "-x", "-I"), base: []string{"syspatch"}},
	"pkgin":    {install: named("pkgin", "-y", "-f", "install")},
}

// all is a command that takes whatever is pending.
func all(args ...string) func([]Step, Options) host.Command {
	return func(_ []Step, o Options) host.Command { return host.Command{Args: args, Env: environ(o)} }
}

// named is a command that takes the names of packages.
func named(args ...string) func([]Step, Options) host.Command {
	return func(steps []Step, o Options) host.Command {
		words := append([]string(nil), args...)
		for _, s := range steps {
			words = append(words, s.Name)
		}
		return host.Command{Args: words, Env: environ(o)}
	}
}
