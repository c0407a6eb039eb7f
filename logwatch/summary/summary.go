// Package summary counts what a day of logs has, service by service: how often
// each kind of line came, from when to when, for which users, from which
// addresses, and for which other reasons the lines name.
//
//	var s summary.Summary
//	s.Add([]byte("sshd"), &match, at, 1) // of logwatch.RuleSet.Match
//	err := s.Write(os.Stdout, summary.Options{})
//
// The package reads no logs, and judges nothing: see package logs.
package summary

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/logwatch"
)

// Bounds. What is beyond them is counted as Others.
const (
	maxServices = 2_000
	maxValues   = 10_000  // of one field of one kind
	maxAll      = 100_000 // of all fields of all kinds,
	fewValues   = 20      // beside so many that each field has room for
	maxValue    = 120     // bytes, of a name as well
)

// Others stands for what is not told apart.
const Others = "(others)"

// A Summary is the counts of all services. The zero Summary is empty and ready.
type Summary struct {
	services map[string]*Service
	values   int
}

// A Service is the lines of one program.
type Service struct {
	Name        string
	Lines       int
	First, Last time.Time // zero: no line has a time
	kinds       map[string]*Kind
}

// A Kind is the lines that one rule decides, or that none explains.
type Kind struct {
	Rule        string // empty: unexplained
	Level       logwatch.Level
	Lines       int
	First, Last time.Time
	Fields      map[string]map[string]int // lines by field, such as addr and user, and value
}

// Add counts n lines of a program.
func (s *Summary) Add(program []byte, m *logwatch.Match, at time.Time, n int) {
	program = program[:min(len(program), maxValue)]
	service := s.services[string(program)]
	if service == nil {
		service = s.begin(string(program))
	}
	service.Lines += n
	span(&service.First, &service.Last, at)
	name := ""
	if m.Rule != nil {
		name = m.Rule.Name
	}
	k := service.kinds[name]
	if k == nil {
		k = &Kind{Rule: name, Fields: map[string]map[string]int{}}
		service.kinds[name] = k
	}
	k.Lines, k.Level = k.Lines+n, max(k.Level, m.Level)
	span(&k.First, &k.Last, at)
	for field, value := range m.Fields {
		s.values += k.count(field, value, n, s.values < maxAll)
	}
}

func (s *Summary) begin(name string) *Service {
	if len(s.services) >= maxServices {
		name = Others
	}
	if known := s.services[name]; known != nil {
		return known
	}
	if s.services == nil {
		s.services = map[string]*Service{}
	}
	s.services[name] = &Service{Name: name, kinds: map[string]*Kind{}}
	return s.services[name]
}

// count adds to a value, and gives how many values it began.
func (k *Kind) count(field string, value []byte, n int, room bool) (begun int) {
	if field == "login" {
		field = "user"
	}
	values := k.Fields[field]
	if values == nil {
		values = map[string]int{}
		k.Fields[field] = values
	}
	value = value[:min(len(value), maxValue)]
	if _, known := values[string(value)]; !known {
		if begun = 1; len(values) >= maxValues || !room && len(values) >= fewValues {
			value, begun = []byte(Others), 0
		}
	}
	values[string(value)] += n
	return begun
}

func span(first, last *time.Time, at time.Time) {
	if !at.IsZero() && (first.IsZero() || at.Before(*first)) {
		*first = at
	}
	if at.After(*last) {
		*last = at
	}
}

// Services gives the services, the ones with the most lines first.
func (s *Summary) Services() []*Service {
	return slices.SortedFunc(maps.Values(s.services), func(a, b *Service) int {
		return cmp.Or(cmp.Compare(b.Lines, a.Lines), cmp.Compare(a.Name, b.Name))
	})
}

// Kinds gives the kinds of a service, the worst first, then the most frequent.
func (s *Service) Kinds() []*Kind {
	return slices.SortedFunc(maps.Values(s.kinds), func(a, b *Kind) int {
		return cmp.Or(cmp.Compare(b.rank(), a.rank()), cmp.Compare(b.Lines, a.Lines), cmp.Compare(a.Rule, b.Rule))
	})
}

// rank is the weight of a kind: what nothing explains is above routine.
func (k *Kind) rank() int {
	if k.Level.Raises() {
		return int(k.Level)
	}
	if k.Rule == "" {
		return 1
	}
	return 0
}

// Options say how a summary is written.
type Options struct {
	Location *time.Location // of times; nil is UTC
	// Usual gives the lines of a usual day of a kind; false where that is not
	// known. Nil knows nothing.
	Usual func(program, rule string) (int, bool)
	// Values is how many values of a field are named; zero means five.
	Values int
}

// Write writes the summary as text. Bytes that are no printable text are escaped.
func (s *Summary) Write(w io.Writer, o Options) error {
	var b strings.Builder
	for i, service := range s.Services() {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s: %s%s\n", term.Escape(cmp.Or(service.Name, "(no program)")), prose.Count(service.Lines, "line"), o.span(service.First, service.Last))
		for _, k := range service.Kinds() {
			o.kind(&b, service, k)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (o Options) kind(b *strings.Builder, s *Service, k *Kind) {
	fmt.Fprintf(b, "%8d  %s", k.Lines, cmp.Or(k.Rule, "unexplained"))
	if k.Level.Raises() {
		fmt.Fprintf(b, " (%s)", k.Level)
	}
	if o.Usual != nil {
		if n, known := o.Usual(s.Name, k.Rule); known {
			fmt.Fprintf(b, ", usually %d a day", n)
		}
	}
	b.WriteString(o.span(k.First, k.Last) + "\n")
	for _, field := range slices.Sorted(maps.Keys(k.Fields)) {
		values := k.Fields[field]
		names := slices.SortedFunc(maps.Keys(values), func(a, b string) int {
			return cmp.Or(cmp.Compare(values[b], values[a]), cmp.Compare(a, b))
		})
		var first []string
		for _, name := range names[:min(len(names), cmp.Or(o.Values, 5))] {
			first = append(first, fmt.Sprintf("%s (%d)", term.Escape(name), values[name]))
		}
		fmt.Fprintf(b, "          %s: %s\n", title(field), prose.ListOf(first, len(names)))
	}
}

func title(field string) string {
	switch field {
	case "addr":
		return "addresses"
	case "user":
		return "users"
	case "text":
		return "reasons"
	}
	return field
}

func (o Options) span(first, last time.Time) string {
	zone := cmp.Or(o.Location, time.UTC)
	form := "2 Jan 15:04"
	if first.Year() != last.Year() {
		form = "2 Jan 2006 15:04"
	}
	switch {
	case first.IsZero():
		return ""
	case last.Sub(first) < time.Minute:
		return ", " + first.In(zone).Format(form)
	}
	return ", " + first.In(zone).Format(form) + " to " + last.In(zone).Format(form)
}
