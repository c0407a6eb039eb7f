package main

import (
	"cmp"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/config"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/window"
)

// policy is what people decided about installing updates, as a file has it.
type policy struct {
	Conffiles       string          `doc:"Edited configuration files: keep, replace or stop."`
	Windows         []window.Window `doc:"When updates may be installed, such as Sat 02:00-05:00, by the clock of this machine. None: always."`
	SecurityWindows []window.Window `doc:"The same of what holds security fixes alone. None: always."`
	Review          []apply.Class   `doc:"Classes of packages that a person looks at, each by its name: bootloader, database, kernel, libc, manager, sshd."`
	Holds           []hold          `doc:"Packages that are left alone."`
}

// hold is an apply.Hold.
type hold struct {
	Package string     `doc:"A pattern of names of packages, or of their source."`
	Reason  string     `doc:"Why."`
	By      string     `doc:"Who decided it."`
	Version string     `doc:"A pattern of installed versions that were built here and have the fix: none is replaced before the last day. Left out: the package is left alone whatever its version."`
	Until   config.Day `doc:"The last day, as in 2026-12-31. Left out: a person looks at each update, and names the package."`
}

// settle puts what people decided into the options: in the file, and in the flags.
func (a *acting) settle(c cli.Call) error {
	var p policy
	if a.policy != "" {
		if err := config.Read(a.policy, &p); err != nil {
			return err
		}
	}
	policies := map[string]apply.Conffiles{"keep": apply.KeepConffiles, "replace": apply.ReplaceConffiles, "stop": apply.StopAtConffiles}
	word := cmp.Or(a.conffiles, p.Conffiles, "keep")
	conffiles, ok := policies[word]
	if !ok {
		return cli.Unknown("policy for configuration files", word, []string{"keep", "replace", "stop"})
	}
	a.options.Conffiles, a.options.Only, a.options.Windows = conffiles, c.Args, p.Windows
	if a.options.Security {
		a.options.Windows = p.SecurityWindows
	}
	for _, c := range p.Review {
		a.options.Holds = append(a.options.Holds, c.Review("the policy")...)
	}
	for _, h := range p.Holds {
		a.options.Holds = append(a.options.Holds, apply.Hold{Package: h.Package, Reason: h.Reason, By: h.By, Version: h.Version, Until: h.Until.End()})
	}
	return nil
}
