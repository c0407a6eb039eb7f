package mailpath

import (
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// The limits of RFC 7208, section 4.6.4.
const (
	maxSPFLookups = 10
	maxSPFVoid    = 2
	maxSPFTerms   = 100
)

// spfCount is what evaluating a record costs its reader.
type spfCount struct {
	lookups, void int
	seen          map[string]bool
}

// spf reads the policy as a receiver of mail does, and counts what that costs.
func (s *survey) spf() {
	count := &spfCount{seen: map[string]bool{}}
	record, ok := s.spfRecord(s.Name)
	switch {
	case !ok:
		return
	case record == "":
		s.say(netprobe.Warning, RecordMissing, PhaseSPF, "%s has no SPF record", s.Name)
		return
	}
	s.res.Facts["spf"] = []string{record}
	if !s.spfTerms(s.Name, record, count) {
		return
	}
	switch {
	case count.lookups > maxSPFLookups:
		s.say(netprobe.Critical, RecordWrong, PhaseSPF, "the SPF record of %s takes more than %d lookups, at which receivers stop", s.Name, maxSPFLookups)
	case count.void > maxSPFVoid:
		s.say(netprobe.Warning, RecordWrong, PhaseSPF, "%d lookups of the SPF record of %s find nothing; receivers may stop after %d", count.void, s.Name, maxSPFVoid)
	}
}

// spfRecord returns the one record of a name.
func (s *survey) spfRecord(name string) (string, bool) {
	a, ok := s.lookup(PhaseSPF, name, "TXT")
	if !ok {
		return "", false
	}
	var found []string
	for _, text := range a.Records {
		if lower := strings.ToLower(text); lower == "v=spf1" || strings.HasPrefix(lower, "v=spf1 ") {
			found = append(found, text)
		}
	}
	if len(found) > 1 {
		s.say(netprobe.Critical, RecordWrong, PhaseSPF, "%s has %d SPF records, and receivers heed none then", name, len(found))
		return "", false
	}
	return strings.Join(found, ""), true
}

// spfTerms follows a record; false: something is wrong that is said already.
func (s *survey) spfTerms(name, record string, count *spfCount) bool {
	if count.seen[name] {
		s.say(netprobe.Critical, RecordWrong, PhaseSPF, "the SPF record of %s includes itself", name)
		return false
	}
	count.seen[name] = true
	defer delete(count.seen, name)
	terms := strings.Fields(record)[1:]
	for _, term := range terms[:min(len(terms), maxSPFTerms)] {
		if !s.spfTerm(name, strings.ToLower(term), count) {
			return false
		}
		if count.lookups > maxSPFLookups {
			return true // said by who began
		}
	}
	return true
}

func (s *survey) spfTerm(name, term string, count *spfCount) bool {
	qualifier := byte('+')
	if term != "" && strings.IndexByte("+-~?", term[0]) >= 0 {
		qualifier, term = term[0], term[1:]
	}
	end := strings.IndexAny(term, ":=/")
	word, rest := term, ""
	if end >= 0 {
		word, rest = term[:end], term[end:]
	}
	target, _, _ := strings.Cut(strings.TrimLeft(rest, ":="), "/")
	switch word {
	case "all":
		if qualifier == '+' {
			s.say(netprobe.Critical, RecordWeak, PhaseSPF, "the SPF record of %s allows everybody (+all)", name)
		}
	case "ip4", "ip6", "exp":
	case "include", "redirect":
		return s.spfInclude(name, word, target, count)
	case "a", "mx", "exists", "ptr":
		count.lookups++
		if target == "" {
			target = name
		}
		if kind := map[string]string{"a": "A", "mx": "MX"}[word]; kind != "" && !strings.Contains(target, "%") && count.lookups <= maxSPFLookups {
			a, ok := s.lookup(PhaseSPF, target, kind)
			if ok && len(a.Records) == 0 {
				count.void++
			}
		}
	default:
		if !strings.HasPrefix(rest, "=") { // an unknown modifier is to be ignored
			s.say(netprobe.Critical, RecordWrong, PhaseSPF, "the SPF record of %s has %.80q, which is no mechanism; receivers heed none of it then", name, term)
			return false
		}
	}
	return true
}

func (s *survey) spfInclude(name, word, target string, count *spfCount) bool {
	count.lookups++
	if count.lookups > maxSPFLookups || strings.Contains(target, "%") {
		return true
	}
	record, ok := s.spfRecord(target)
	switch {
	case !ok:
		return false
	case record == "":
		count.void++
		s.say(netprobe.Critical, RecordWrong, PhaseSPF, "the SPF record of %s has %s:%.200s, which has none; receivers heed none of it then", name, word, target)
		return false
	}
	return s.spfTerms(target, record, count)
}
