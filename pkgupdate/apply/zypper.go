package apply

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

var zypperTool = tool{
	simulate: zypperSimulate,
	install: func(steps []Step, o Options) host.Command {
		return host.Command{Args: zypperArgs(steps, o)}
	},
	download:  func(steps []Step, o Options) []string { return zypperArgs(steps, o, "--download-only") },
	undo:      zypperUndo,
	conffiles: dnfLocator.conffiles,
	locks:     []string{"/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock"},
	pids:      []string{"/run/zypp.pid", "/var/run/zypp.pid"},
	cache:     "/var/cache/zypp",
	ends:      map[int]error{102: errReboot, 103: ErrAgain, 107: ErrScript},
}

// errReboot is no failure: a part of the result says it.
var errReboot = errors.New("zypper says that it needs a reboot")

// zypperArgs is the command for exactly these steps. "--" ends the options only:
// to zypper -NAME behind it is a removal, so no name begins so.
func zypperArgs(steps []Step, o Options, options ...string) []string {
	args := []string{"zypper", "--non-interactive", "--xmlout", "--no-refresh", "install", "--no-recommends", "--auto-agree-with-licenses"}
	if o.Remove {
		args = append(args, "--force-resolution")
	} else {
		args = append(args, "--no-force-resolution")
	}
	args = append(append(args, options...), "--")
	for _, s := range steps {
		switch s.Action {
		case Patch:
			args = append(args, "patch:"+s.Name)
		case Upgrade, Install:
			args = append(args, s.Name+"."+s.Arch+"="+s.To)
		}
	}
	return args
}

func zypperUndo(steps []Step) [][]string {
	args := []string{"zypper", "install", "--oldpackage", "--"}
	for _, s := range steps {
		switch s.Action {
		case Upgrade, Remove:
			args = append(args, s.Name+"."+s.Arch+"="+s.From)
		case Install:
			args = append(args, "-"+s.Name+"."+s.Arch+"="+s.To)
		}
	}
	return [][]string{args}
}

// zypperSummary is the part of the document that says what would be done. Its end tag
// proves that it is whole.
type zypperSummary struct {
	Messages []struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	} `xml:"message"`
	Install *struct {
		Download int64 `xml:"download-size,attr"`
		Disk     int64 `xml:"space-usage-diff,attr"`
		Changes  []struct {
			XMLName xml.Name
			Items   []struct {
				Type string `xml:"type,attr"`
				Name string `xml:"name,attr"`
				Arch string `xml:"arch,attr"`
				To   string `xml:"edition,attr"`
				From string `xml:"edition-old,attr"`
				Repo string `xml:"repository,attr"`
			} `xml:"solvable"`
		} `xml:",any"`
	} `xml:"install-summary"`
}

func zypperSimulate(ctx context.Context, h host.Host, asks []Step, o Options) (simulation, error) {
	out, err := h.Run(ctx, host.Command{Args: zypperArgs(asks, o, "--dry-run")})
	if err != nil {
		return simulation{}, err
	}
	s, err := parseZypper(out.Stdout)
	if err != nil || out.Exit != 0 && (out.Exit < 100 || out.Exit > 103) {
		return s, fmt.Errorf("zypper: %w", errors.Join(err, out.Err()))
	}
	return s, nil
}

var zypperChanges = map[string]Action{"to-upgrade": Upgrade, "to-install": Install, "to-remove": Remove}

func parseZypper(out []byte) (simulation, error) {
	var doc zypperSummary
	var s simulation
	if err := xml.Unmarshal(out, &doc); err != nil {
		return s, err
	}
	if doc.Install == nil {
		err := errors.New("it does not say what it would do")
		for _, m := range doc.Messages {
			if m.Type == "error" {
				err = fmt.Errorf("%.200s", strings.TrimSpace(m.Text))
			}
		}
		return s, err
	}
	s.download, s.disk = doc.Install.Download, doc.Install.Disk
	for _, change := range doc.Install.Changes {
		action, known := zypperChanges[change.XMLName.Local]
		if !known && strings.HasPrefix(change.XMLName.Local, "to-") {
			return s, fmt.Errorf("%.60q is no kind of change that is permitted", change.XMLName.Local)
		}
		for _, i := range change.Items {
			step := Step{Action: action, Name: i.Name, Arch: i.Arch, From: strings.TrimPrefix(i.From, "0:"), To: strings.TrimPrefix(i.To, "0:")}
			switch {
			case i.Type == "patch":
				step = Step{Action: Patch, Name: i.Name}
			case action == Remove:
				step.From, step.To = step.To, ""
			}
			if i.Repo != "" {
				step.Origins = []string{i.Repo}
			}
			s.steps = append(s.steps, step)
		}
	}
	return s, nil
}
