package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/examples/internal/config"
)

// A Program is one binary. The common flags are those whose field is not nil;
// what is in the field is their default.
type Program struct {
	Name     string
	About    string // what it does, in a paragraph
	Examples []Example
	Exit     string // the exit status in words, in a paragraph
	Verbs    []Verb // one without a name is what is done without a verb
	Bare     bool   // it has something to do without any argument

	JSON     *bool   // -json
	State    *string // -state DIR
	Host     *string // -host TARGET
	Settings any     // -config FILE and -print-config: a pointer to a struct, see package config

	// Flags adds flags of its own; nil: none.
	Flags func(*flag.FlagSet)
}

// A Verb is one thing that a Program does.
type Verb struct {
	Name  string
	Args  string // what follows it, as the usage shows it: "SCHEME A B"
	About string // a line of the usage
	Least int    // arguments that it needs
	Most  int    // and takes
	Run   func(ctx context.Context, c Call) (status int, err error)
}

// A Call is one use of a verb.
type Call struct {
	Args           []string
	JSON           bool // -json was given
	Stdout, Stderr io.Writer
}

// Say writes one line about one thing: with -json the thing as an object, else
// the words with tabs between them, safe for a terminal and without empty ones
// at the end.
func (c Call) Say(thing any, words ...string) error {
	if c.JSON {
		return json.NewEncoder(c.Stdout).Encode(thing)
	}
	for i := range words {
		words[i] = Visible(words[i])
	}
	_, err := fmt.Fprintln(c.Stdout, strings.TrimRight(strings.Join(words, "\t"), "\t"))
	return err
}

// Failed is the exit status of every program that could not do what it was asked.
const Failed = 3

// Run is the whole program. An error of a verb is written as one line, and the
// exit status is then what the verb says, or Failed where it says 0.
func (p *Program) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	status, err := p.run(ctx, args, stdout, stderr)
	if err == nil {
		return status
	}
	fmt.Fprintf(stderr, "%s: %s\n", p.Name, Line(err))
	if status == 0 {
		return Failed
	}
	return status
}

func (p *Program) run(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error) {
	if len(args) == 0 && !p.Bare {
		p.usage(stdout, nil)
		return Failed, nil
	}
	flags, ask := p.flags()
	rest, err := anywhere(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp), err == nil && p.asksHelp(rest):
		p.usage(stdout, flags)
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("%w; see %s -h", err, p.Name)
	case ask.version:
		fmt.Fprintln(stdout, p.Name, Version())
		return 0, nil
	}
	if err := p.configure(flags, ask.config); err != nil {
		return 0, err
	}
	if ask.print {
		return 0, config.Print(stdout, p.Settings)
	}
	verb, rest, err := p.verb(rest)
	if err != nil {
		return 0, err
	}
	return verb.Run(ctx, Call{Args: rest, JSON: p.JSON != nil && *p.JSON, Stdout: stdout, Stderr: stderr})
}

// asksHelp reports whether the arguments are "help", alone or before a verb. A file of
// that name is ./help.
func (p *Program) asksHelp(args []string) bool {
	named := func(name string) bool {
		return slices.ContainsFunc(p.Verbs, func(v Verb) bool { return v.Name == name })
	}
	return len(args) > 0 && args[0] == "help" && !named("help") && (len(args) == 1 || len(args) == 2 && named(args[1]))
}

// verb finds what is asked for.
func (p *Program) verb(args []string) (Verb, []string, error) {
	var names []string
	for _, v := range p.Verbs {
		names = append(names, v.Name)
		rest := args
		if v.Name != "" {
			if len(args) == 0 || args[0] != v.Name {
				continue
			}
			rest = args[1:]
		} else if len(args) > v.Most {
			continue
		}
		if len(rest) < v.Least || len(rest) > v.Most {
			return v, nil, fmt.Errorf("usage: %s; see %s -h", strings.TrimSpace(p.Name+" "+v.Name+" "+v.Args), p.Name)
		}
		return v, rest, nil
	}
	if len(args) == 0 {
		return Verb{}, nil, fmt.Errorf("say what to do: %s; see %s -h", strings.Join(names, ", "), p.Name)
	}
	if best := config.Closest(args[0], names); best != "" {
		return Verb{}, nil, fmt.Errorf("unexpected argument %q; did you mean %s?", args[0], best)
	}
	return Verb{}, nil, fmt.Errorf("unexpected argument %q; see %s -h", args[0], p.Name)
}
