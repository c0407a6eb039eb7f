package cli

import (
	"flag"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/pugetsoundtech/upkeep/examples/internal/config"
)

// asked holds the common flags that the frame itself obeys.
type asked struct {
	version, print bool
	config         string
}

func (p *Program) flags() (*flag.FlagSet, *asked) {
	fs, ask := flag.NewFlagSet(p.Name, flag.ContinueOnError), &asked{}
	fs.SetOutput(io.Discard) // a mistake is one line, which Run writes
	fs.Usage = func() {}
	fs.BoolVar(&ask.version, "version", false, "print the version")
	if p.JSON != nil {
		fs.BoolVar(p.JSON, "json", *p.JSON, "write JSON to standard output")
	}
	if p.State != nil {
		fs.StringVar(p.State, "state", *p.State, "`directory` of all state (default: /var/lib/upkeep for root, else upkeep in the XDG state directory)")
	}
	if p.Host != nil {
		fs.StringVar(p.Host, "host", *p.Host, "the `system` to look at: "+targetForms)
	}
	if p.Settings != nil {
		fs.StringVar(&ask.config, "config", "", "a YAML `file` with settings; what stands on the command line outweighs it")
		fs.BoolVar(&ask.print, "print-config", false, "print all settings as such a file, each with what it is for and its value")
	}
	if p.Flags != nil {
		p.Flags(fs)
	}
	return fs, ask
}

// anywhere parses flags that stand before, between and behind the arguments,
// up to a "--", and gives the arguments.
func anywhere(fs *flag.FlagSet, args []string) ([]string, error) {
	var plain []string
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		rest := fs.Args()
		if len(rest) == 0 {
			return plain, nil
		}
		if used := len(args) - len(rest); used > 0 && args[used-1] == "--" {
			return append(plain, rest...), nil
		}
		plain, args = append(plain, rest[0]), rest[1:]
	}
}

// configure reads the file of settings. The flags that were given outweigh it.
func (p *Program) configure(fs *flag.FlagSet, name string) error {
	if name == "" {
		return nil
	}
	given := map[string]string{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = f.Value.String() })
	if err := config.Read(name, p.Settings); err != nil {
		return fmt.Errorf("%w (%s -print-config shows every field)", err, p.Name)
	}
	for name, value := range given {
		if err := fs.Set(name, value); err != nil {
			return err
		}
	}
	return nil
}

// Release is the version of the examples.
const Release = "0.1.0"

// Version names the release and, where the build knows it, the revision.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Release
	}
	text := Release
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			text += " revision " + s.Value[:12]
		}
	}
	return text + " " + info.GoVersion
}
