package main

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/delivery"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/dnsprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/exchange"
	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/netprobe/mailpath"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// settings is what -config can say.
type settings struct {
	Name       string              `doc:"What this host is called among its peers. Empty: its host name."`
	State      string              `doc:"The directory of all state. Empty: watch below where upkeep keeps its state."`
	Listen     string              `doc:"Address and port for the peers, such as :9443. Empty: only this host asks."`
	Peers      []string            `doc:"The other hosts, each as \"NAME https://HOST:PORT KEY\"; - in place of the URL of one that only asks. Its KEY is what watch key says there."`
	Targets    []string            `doc:"What is watched, as URLs: smtp://mx.example.org, https://example.org, tcp://host:port and so on."`
	Customers  []customer          `doc:"Targets that others name, each with a name of his own. They may be public addresses and ports of known protocols, and however many there are, they take no turn of another's."`
	References []string            `doc:"Targets by which this host knows whether it sees anything: its gateway, its resolver, a large site. Three are good, of which some say something, as tcp://HOST:25?expect=220: what only takes a connection may be a device on the way."`
	Parents    []string            `doc:"What depends on what, each as \"TARGET TARGET\": while the second is down, nothing is told of the first."`
	Interval   time.Duration       `doc:"How often each target is looked at by each host."`
	Retry      time.Duration       `doc:"How often while it does not answer."`
	Timeout    time.Duration       `doc:"How long one look may take."`
	Quorum     int                 `doc:"How many hosts must say down. 0: more than half, of two both."`
	Grace      time.Duration       `doc:"After this time the word of the only host that sees anything counts. 0: two intervals."`
	Attempts   int                 `doc:"How many looks in a row make it sure that a target is down."`
	Recover    int                 `doc:"How many make it sure that it is up."`
	Repeat     time.Duration       `doc:"How often it is told again, until somebody acknowledges it."`
	Tick       time.Duration       `doc:"How often the hosts talk to each other."`
	Deliver    []delivery.Delivery `doc:"Who gets messages. One that is for the pager alone has floor: critical."`
	Database   string              `doc:"A PostgreSQL that all hosts share, as postgres://… It is needed where a command is to be run by itself. The hosts then need no addresses of each other, only names and keys."`
	Tenant     string              `doc:"Whose observations those in the database are."`
	Rollback   []string            `doc:"What takes back what was run for a target and has not helped within settle, each as \"TARGET COMMAND ARGUMENTS…\"."`
	Settle     time.Duration       `doc:"How long what was run may take to help. 0: ten minutes."`
	Hourly     int                 `doc:"How many commands may be run in an hour, over all targets. 0: 3."`
	Mend       []string            `doc:"What mends a target, each as \"MODE TARGET COMMAND ARGUMENTS…\". MODE is suggest, approve or automatic; {target} and {host} are put in word by word, and no shell sees it."`
}

func defaults() settings {
	return settings{
		Interval: 15 * time.Minute, Retry: time.Minute, Timeout: 20 * time.Second, Attempts: 3, Recover: 1,
		Repeat: 4 * time.Hour, Tick: 5 * time.Second,
	}
}

// folder is where all state is kept.
func (s settings) folder() (string, error) {
	if s.State != "" {
		return filepath.Abs(s.State)
	}
	home, _ := os.UserHomeDir() //nolint:errcheck // without one, Default says what is missing
	root, err := statedir.Default(os.Geteuid(), os.Getenv("XDG_STATE_HOME"), home)
	if err != nil {
		return "", cli.Advise(err, "give one with -state DIRECTORY")
	}
	return filepath.Join(root, "watch"), nil
}

func (s settings) name() (string, error) {
	name := s.Name
	if name == "" {
		var err error
		if name, err = os.Hostname(); err != nil {
			return "", cli.Advise(err, "give one as name in the configuration")
		}
	}
	if strings.ContainsAny(name, " /:\t\n") {
		return "", fmt.Errorf("name: %q is no single word", name)
	}
	return name, nil
}

// peers reads the list of the other hosts.
func (s settings) peers(self string) ([]exchange.Peer, error) {
	var out []exchange.Peer
	names := []string{self}
	for _, line := range s.Peers {
		f := strings.Fields(line)
		if len(f) != 3 {
			return nil, fmt.Errorf("peers: %q is not of the form \"NAME https://HOST:PORT KEY\"", line)
		}
		p := exchange.Peer{Name: f[0], URL: strings.TrimSuffix(f[1], "/")}
		if slices.Contains(names, p.Name) {
			return nil, fmt.Errorf("peers: there are two hosts of the name %s", p.Name)
		}
		names = append(names, p.Name)
		if p.URL == "-" {
			p.URL = ""
		} else if u, err := url.Parse(p.URL); err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" {
			return nil, fmt.Errorf("peers: %q is no URL of the form https://HOST:PORT", f[1])
		}
		var err error
		if p.Key, err = exchange.ParseKey(f[2]); err != nil {
			return nil, fmt.Errorf("peers: %w", err)
		}
		out = append(out, p)
	}
	return out, nil
}

// A customer is somebody whose targets are watched, and who is not to be trusted with
// this host and its network.
type customer struct {
	Name    string   `doc:"What he is called."`
	Targets []string `doc:"What is watched for him, as URLs. They name no files, so nobody logs in."`
	Allow   []string `doc:"Networks that he may name though they are not public, such as 10.20.0.0/16."`
}

func (c customer) allowed() (out []netip.Prefix, err error) {
	for _, text := range c.Allow {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("allow: %q is no network such as 10.20.0.0/16", text)
		}
		out = append(out, p)
	}
	return out, nil
}

// watched are all targets.
func (s settings) watched() []string {
	out := s.Targets
	for _, c := range s.Customers {
		out = slices.Concat(out, slices.DeleteFunc(slices.Clone(c.Targets), func(target string) bool { return slices.Contains(out, target) }))
	}
	return out
}

// tenants says for whom a target is watched; "" is us.
func (s settings) tenants() map[string]string {
	out := map[string]string{}
	for _, c := range slices.Backward(s.Customers) {
		for _, target := range c.Targets {
			out[target] = c.Name
		}
	}
	for _, target := range slices.Concat(s.Targets, s.References) {
		delete(out, target)
	}
	return out
}

func schemes() []netprobe.Scheme {
	return slices.Concat(protocol.Schemes(), []netprobe.Scheme{dnsprobe.Scheme()}, mailpath.Schemes())
}

// probers makes one for each target and reference.
func (s settings) probers() (map[string]netprobe.Prober, error) {
	parser := netprobe.Parser{Timeout: s.Timeout, Schemes: schemes()}
	out := map[string]netprobe.Prober{}
	add := func(targets []string) error {
		for _, target := range targets {
			if out[target] != nil {
				continue // the first who names it counts
			}
			p, err := parser.Parse(target)
			if err != nil {
				return err
			}
			out[target] = p
		}
		return nil
	}
	if err := add(slices.Concat(s.Targets, s.References)); err != nil {
		return nil, err
	}
	for _, c := range s.Customers {
		var err error
		parser.Strangers = true
		if parser.Allow, err = c.allowed(); err == nil {
			err = add(c.Targets)
		}
		if err != nil {
			return nil, fmt.Errorf("customers: %s: %w", c.Name, err)
		}
	}
	if len(s.watched()) == 0 {
		return nil, cli.Advise(fmt.Errorf("there is nothing to watch"), "name targets in the configuration; see watch -print-config")
	}
	return out, nil
}

func (s settings) parents() (map[string][]string, error) {
	out, all := map[string][]string{}, s.watched()
	for _, line := range s.Parents {
		f := strings.Fields(line)
		if len(f) != 2 || !slices.Contains(all, f[0]) || !slices.Contains(all, f[1]) {
			return nil, fmt.Errorf("parents: %q is not of the form \"TARGET TARGET\", both of them watched", line)
		}
		out[f[0]] = append(out[f[0]], f[1])
	}
	return out, nil
}

func (s settings) hooks() ([]incident.Hook, error) {
	var out []incident.Hook
	for _, line := range s.Mend {
		f := strings.Fields(line)
		if len(f) < 3 {
			return nil, fmt.Errorf("mend: %q is not of the form \"MODE TARGET COMMAND ARGUMENTS…\"", line)
		}
		mode, err := incident.ParseMode(f[0])
		if err != nil {
			return nil, fmt.Errorf("mend: %w", err)
		}
		out = append(out, incident.Hook{Subject: f[1], Mode: mode, Argv: f[2:], Hourly: s.Hourly, Settle: s.Settle})
	}
	for _, line := range s.Rollback {
		f := strings.Fields(line)
		i := slices.IndexFunc(out, func(h incident.Hook) bool { return len(f) > 1 && h.Subject == f[0] })
		if i < 0 {
			return nil, fmt.Errorf("rollback: %q is not of the form \"TARGET COMMAND ARGUMENTS…\", with a TARGET as in mend", line)
		}
		out[i].Rollback = f[1:]
	}
	return out, nil
}
