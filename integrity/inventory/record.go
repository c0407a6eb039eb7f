package inventory

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Record is one line of an inventory: what is known of one account, one mount.
// Its key is a path of words, such as groups, sudo, anna; the first is its section.
type Record struct {
	Key    []string
	Fields []host.Attr // what is not known is not among them

	Accepted bool // of a baseline: a person took it, and not the first run
}

// FieldAt is when what a record tells was written, as RFC 3339 has it. Another time
// alone is no other record.
const FieldAt = "written-at"

// Get gives the value of a field; "" where it is not known.
func (r Record) Get(name string) string {
	v, _ := host.Entry{Attrs: r.Fields}.Attr(name)
	return v
}

// KeyOf gives the words of a record's path.
func KeyOf(name string) []string {
	words := strings.Split(strings.TrimPrefix(name, "/"), "/")
	for i, w := range words {
		if plain, err := url.PathUnescape(w); err == nil {
			words[i] = plain
		}
	}
	return words
}

// pathOf makes a path of words that may hold any bytes.
func pathOf(key []string) string {
	var b strings.Builder
	for _, w := range key {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(url.PathEscape(w), ".", "%2E"))
	}
	return b.String()
}

// RecordOf is the record of an entry of the baseline.
func RecordOf(e host.Entry) Record { return Record{Key: KeyOf(e.Path), Fields: e.Attrs} }

// entry makes a record an entry of a baseline: its digest is over its fields but FieldAt.
func (r Record) entry() host.Entry {
	h := sha256.New()
	for _, f := range r.Fields {
		if f.Name != FieldAt {
			h.Write([]byte(f.Name + "\x00" + f.Value + "\x00"))
		}
	}
	return host.Entry{
		Path: pathOf(r.Key), Attrs: r.Fields, Digests: []host.Digest{host.NewDigest("sha256", h.Sum(nil))},
		Stat: host.Stat{Mode: host.ModeRegular, Known: host.KnownMode},
	}
}

// Added is the change by which a record is new.
func (r Record) Added() integrity.Change {
	e := r.entry()
	return integrity.Change{Kind: integrity.Added, Path: e.Path, Now: e}
}

// Removed is the change by which a record is gone.
func (r Record) Removed() integrity.Change {
	e := r.entry()
	return integrity.Change{Kind: integrity.Removed, Path: e.Path, Was: e}
}

// A List is what was read of a system: records, and the sections that could not
// be read. What stands below those is unknown, and neither new nor gone.
type List struct {
	Records  []Record
	Sections []string         // that were looked at
	Unknown  map[string]error // by section: why it could not be read
	Partly   []error          // what could not be looked at beside
	Metrics  []report.Metric
	Findings []report.Finding // what is wrong now, with nothing to compare it with
	Beside   any              // what a Comparer needs beside the records

	below []host.Entry // folders in a section that could not be read
}

// Add adds a record.
func (l *List) Add(fields []host.Attr, key ...string) {
	l.Records = append(l.Records, Record{Key: key, Fields: fields})
}

// Fail says that a section could not be read.
func (l *List) Fail(section string, err error) {
	if l.Unknown == nil {
		l.Unknown = map[string]error{}
	}
	l.Unknown[section] = err
}

// FailBelow says that what is below a key could not be read.
func (l *List) FailBelow(err error, key ...string) {
	l.below = append(l.below, host.Entry{Path: pathOf(key), Err: err, Stat: host.Stat{Mode: host.ModeDir, Known: host.KnownMode}})
}

// Keep says by a finding that what is below a key could not be read, and whose doing
// that is: nobody else's records are less known for it.
func (l *List) Keep(f report.Finding, key ...string) {
	l.Findings = append(l.Findings, f)
	l.below = append(l.below, host.Entry{Path: pathOf(key), Stat: host.Stat{Mode: host.ModeDir, Known: host.KnownMode}})
}

// entries gives the list as a stream: each section is a folder.
func (l *List) entries() integrity.Entries {
	var all []host.Entry
	for _, s := range l.Sections {
		err := l.Unknown[s]
		all = append(all, host.Entry{
			Path: pathOf([]string{s}), Complete: err == nil, Err: err,
			Stat: host.Stat{Mode: host.ModeDir, Known: host.KnownMode},
		})
	}
	for _, e := range l.below {
		if l.Unknown[KeyOf(e.Path)[0]] == nil {
			all = append(all, e)
		}
	}
	known := slices.DeleteFunc(slices.Clone(l.Records), func(r Record) bool { return l.Unknown[r.Key[0]] != nil })
	for _, r := range together(known) {
		all = append(all, r.entry())
	}
	slices.SortStableFunc(all, func(a, b host.Entry) int { return tree.Compare(a.Path, b.Path) })
	all = slices.CompactFunc(all, func(a, b host.Entry) bool { return a.Path == b.Path })
	return func(yield func(host.Entry, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// FieldAlso says what else has the key of a record.
const FieldAlso = "also"

// together makes one record of those of one key. The first counts, as for most programs;
// what the others say is kept with it, so that nothing hides behind a name.
func together(records []Record) (out []Record) {
	place, said := map[string]int{}, map[string][]string{}
	for _, r := range records {
		key, says := pathOf(r.Key), r.says()
		if _, there := place[key]; !there {
			place[key] = len(out)
			out = append(out, r)
		}
		if !slices.Contains(said[key], says) {
			said[key] = append(said[key], says)
		}
	}
	for key, says := range said {
		if others := says[1:]; len(others) > 0 {
			slices.Sort(others)
			text := strings.Join(others, "; ")
			if sum := sha256.Sum256([]byte(text)); len(text) > longestAlso {
				text = prose.Clip(text, longestAlso) + " " + hex.EncodeToString(sum[:16])
			}
			r := &out[place[key]]
			r.Fields = append(slices.Clone(r.Fields), host.Attr{Name: FieldAlso, Value: text})
		}
	}
	return out
}

// longestAlso bounds what is kept of others, in bytes.
const longestAlso = 1000

// says gives all that a record says as one text, in which no value can pass for two.
func (r Record) says() string {
	var words []string
	for _, f := range r.Fields {
		if f.Name != FieldAt {
			words = append(words, f.Name+"="+strconv.Quote(f.Value))
		}
	}
	return strings.Join(words, " ")
}

// Fields makes fields of pairs of name and value.
func Fields(pairs ...string) []host.Attr {
	var out []host.Attr
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, host.Attr{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}
