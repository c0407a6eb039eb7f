package apply

import (
	"context"

	"github.com/pugetsoundtech/upkeep/host"
)

// yumTool is after documentation (yum(8), yum.conf(5)). What is fetched is fetched in the
// run itself: yum tells neither by its status nor by a file that it only downloaded.
var yumTool = tool{
	simulate: func(ctx context.Context, h host.Host, asks []Step, o Options) (simulation, error) {
		return refused(ctx, h, host.Command{Args: yumArgs(asks, o, "-C", "--assumeno"), Env: pythonEnv})
	},
	install: func(steps []Step, o Options) host.Command {
		return host.Command{Args: yumArgs(steps, o, "-y", "--setopt=metadata_expire=never"), Env: pythonEnv}
	},
	undo:      func([]Step) [][]string { return [][]string{{"yum", "history", "undo", "last"}} },
	conffiles: locator{Args: []string{"repoquery", "-C", "--plugins", "--location"}, Env: pythonEnv}.conffiles,
	locks:     []string{"/var/lib/rpm/.rpm.lock"},
	pids:      []string{"/var/run/yum.pid"},
	cache:     "/var/cache/yum",
}

// pythonEnv is for Python 2, which ends with a failure at a letter that is not of its
// locale.
var pythonEnv = []string{"LC_ALL=", "LC_CTYPE=en_US.UTF-8", "LC_MESSAGES=C"}

// yumArgs is the command for exactly these steps. To "update" a version that is installed
// already is the name alone, and takes whatever is newest: update-to names the new one.
func yumArgs(steps []Step, o Options, options ...string) []string {
	args := append(append([]string{"yum"}, options...), "--setopt=clean_requirements_on_remove=0", "--setopt=autosavets=0")
	if o.Remove {
		args = append(args, "upgrade-to") // with what replaces other packages
	} else {
		args = append(args, "--setopt=obsoletes=0", "update-to")
	}
	for _, s := range steps {
		if s.Action == Upgrade {
			args = append(args, nevra(s.Name, s.To, s.Arch))
		}
	}
	return args
}
