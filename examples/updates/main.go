// Command updates tells what software a system has, which updates are pending,
// which of them are security fixes, and whether the release is still supported.
//
//	updates security
//
// It installs nothing unless told to with "apply -apply", and refreshes no index of the
// system.
package main

import (
	"context"
	"flag"
	"io"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
)

func main() { cli.Main(run) }

// run is the whole program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	target, asJSON, merged, fetch := "local", false, false, ""
	var act acting
	var from feeds
	at := func(fn question) func(context.Context, cli.Call) (int, error) {
		return func(ctx context.Context, c cli.Call) (int, error) { return ask(ctx, c, target, fn) }
	}
	list := func(fn question) func(context.Context, cli.Call) (int, error) { return at(buffered(fn)) }
	secure := func(ctx context.Context, c cli.Call, h host.Host) (int, error) {
		return security(ctx, c, h, fetch, &from)
	}
	wait := func(ctx context.Context, c cli.Call, h host.Host) (int, error) { return pending(ctx, c, h, fetch) }
	merge := func(ctx context.Context, c cli.Call, h host.Host) (int, error) { return waiting(ctx, c, h, merged) }
	p := &cli.Program{
		Name: "updates", JSON: &asJSON, Host: &target,
		About: `
Tells what software a system has and what is pending, plans what is to be installed,
and installs it if told to. It refreshes no index of the system: one that is too old to
know is said, with the command. With -refresh it fetches into a folder of its own.`,
		Examples: []cli.Example{
			{Args: "installed -host root:/", About: "the packages of a mounted system"},
			{Args: "plan -security", About: "exactly what installing the security fixes would change"},
			{Args: "merges -host root:/", About: "configuration files whose maker's version and own one wait to be put together"},
			{Args: "eol -json", About: "until when the release is supported, as JSON"},
			{Args: "compare deb 1.0~rc1 1.0", About: "-1, 0 or 1, as the package manager orders them"},
		},
		Flags: func(fs *flag.FlagSet) {
			act.flags(fs)
			from.flags(fs)
			fs.StringVar(&fetch, "refresh", "", "pending, security: `folder` of that system and of yours alone, into which the lists are fetched anew, without root; the system's stay as they are")
			fs.BoolVar(&merged, "merged", false, "merges: print the text that has both sides' changes; nothing is written")
		},
		Exit: `
Exit status: 0 nothing is pending, 1 updates are, or only others than the project
support the release, 2 security fixes are, or nobody supports the release,
3 nobody knows. Of apply and verify: 0 all is done and in effect, 1 something is to be
done by hand, 2 a security fix is not in.`,
		Verbs: []cli.Verb{
			{Name: "installed", About: "the installed packages", Run: list(installed)},
			{Name: "pending", About: "the updates that wait, each with what it is for", Run: list(wait)},
			{Name: "security", About: "the security fixes among them, and what feeds of advisories know", Run: list(secure)},
			{Name: "plan", Args: "[PACKAGE…]", About: "what would be installed, exactly, and what is in the way", Most: 1000, Run: at(act.plan)},
			{Name: "apply", Args: "[PACKAGE…]", About: "installs the plan with -apply, and says what became of it", Most: 1000, Run: at(act.do)},
			{Name: "verify", Args: "[JOB…]", About: "what became of what was installed, and whether it is in effect", Most: 1000, Run: at(act.verify)},
			{Name: "merges", Args: "[PATH…]", About: "configuration files that wait to be merged; of those named, what each side changed", Most: 1000, Run: at(merge)},
			{Name: "eol", About: "whether the release is supported, and until when", Run: list(eol)},
			{Name: "compare", Args: "SCHEME A B", About: "the order of two versions, or of pairs on standard input", Least: 2, Most: 3, Run: compare},
		},
	}
	return p.Run(ctx, args, stdout, stderr)
}
