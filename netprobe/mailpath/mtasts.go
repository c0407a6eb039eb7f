package mailpath

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// A Policy is that of MTA-STS (RFC 8461).
type Policy struct {
	Mode   string   // "enforce", "testing" or "none"
	MX     []string // names, of which one may begin with "*."
	MaxAge uint64   // seconds
}

const (
	maxPolicy    = 64 << 10
	maxPolicyAge = 31557600
)

// ParsePolicy reads a policy file of at most 64 KiB.
func ParsePolicy(text []byte) (p Policy, err error) {
	if len(text) > maxPolicy {
		return p, fmt.Errorf("the policy has %d bytes, and may have %d", len(text), maxPolicy)
	}
	version, age := "", ""
	for line := range bytes.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimRight(string(line), "\r\n"), ":")
		value = strings.TrimSpace(value)
		if !ok {
			continue
		}
		switch key {
		case "version":
			version = value
		case "mode":
			p.Mode = value
		case "max_age":
			age = value
		case "mx":
			p.MX = append(p.MX, strings.ToLower(value))
		}
	}
	p.MaxAge, err = strconv.ParseUint(age, 10, 64)
	switch {
	case version != "STSv1":
		return p, fmt.Errorf("the policy has the version %.40q", version)
	case p.Mode != "enforce" && p.Mode != "testing" && p.Mode != "none":
		return p, fmt.Errorf("the policy has the mode %.40q", p.Mode)
	case err != nil || p.MaxAge > maxPolicyAge:
		return p, fmt.Errorf("the policy has the max_age %.40q", age)
	case len(p.MX) == 0 && p.Mode != "none":
		return p, errors.New("the policy names no mx")
	}
	return p, nil
}

// Allows reports whether the policy names an MX.
func (p Policy) Allows(mx string) bool {
	mx = strings.ToLower(strings.TrimSuffix(mx, "."))
	for _, pattern := range p.MX {
		suffix, wild := strings.CutPrefix(pattern, "*.")
		_, rest, _ := strings.Cut(mx, ".")
		if pattern == mx || wild && rest == suffix && rest != "" {
			return true
		}
	}
	return false
}

// mtasts compares the policy with the servers.
func (s *survey) mtasts() {
	record, ok := s.only(PhaseMTASTS, "_mta-sts."+s.Name, "STSv1")
	if !ok || record == "" || s.Fetch == nil {
		return
	}
	if tags(record)["id"] == "" {
		s.say(netprobe.Critical, RecordWrong, PhaseMTASTS, "the MTA-STS record of %s has no id", s.Name)
	}
	text, err := s.Fetch(s.ctx, "https://mta-sts."+s.Name+"/.well-known/mta-sts.txt")
	if err != nil {
		s.say(netprobe.Critical, RecordMissing, PhaseMTASTS, "the record of MTA-STS is there, and the policy is not: %v", err)
		return
	}
	policy, err := ParsePolicy(text)
	if err != nil {
		s.say(netprobe.Critical, RecordWrong, PhaseMTASTS, "%v", err)
		return
	}
	s.res.Facts["mta-sts"] = []string{policy.Mode}
	state := netprobe.Warning
	if policy.Mode == "enforce" {
		state = netprobe.Critical
	}
	for _, mx := range s.names {
		if policy.Mode != "none" && !policy.Allows(mx) {
			s.say(state, RecordWrong, PhaseMTASTS, "the policy of MTA-STS does not name the MX %s", mx)
		}
	}
}
