package mailpath

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// tags reads "v=DKIM1; p=…", as DKIM, DMARC and MTA-STS have it.
func tags(record string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(record, ";") {
		name, value, ok := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := out[name]; ok && !twice {
			out[name] = strings.TrimSpace(value)
		}
	}
	return out
}

// only returns the record of a name that begins with version.
func (s *survey) only(phase netprobe.Phase, name, version string) (string, bool) {
	a, ok := s.lookup(phase, name, "TXT")
	if !ok {
		return "", false
	}
	var found []string
	for _, text := range a.Records {
		if strings.EqualFold(tags(text)["v"], version) || version == "DKIM1" && tags(text)["p"] != "" {
			found = append(found, text)
		}
	}
	if len(found) > 1 {
		s.say(netprobe.Critical, RecordWrong, phase, "%s has %d records of %s, and only one may be", name, len(found), version)
		return "", false
	}
	return strings.Join(found, ""), true
}

// dkim looks at the keys that mail is signed with.
func (s *survey) dkim() {
	for _, selector := range s.DKIM {
		name := selector + "._domainkey." + s.Name
		record, ok := s.only(PhaseDKIM, name, "DKIM1")
		switch {
		case !ok:
		case record == "":
			s.say(netprobe.Critical, RecordMissing, PhaseDKIM, "the DKIM key %s is not there", name)
		default:
			s.key(name, tags(record))
		}
	}
}

func (s *survey) key(name string, t map[string]string) {
	if t["p"] == "" {
		s.say(netprobe.Critical, RecordWrong, PhaseDKIM, "the DKIM key %s is revoked", name)
		return
	}
	size, err := keySize(t["k"], t["p"])
	switch {
	case err != nil:
		s.say(netprobe.Critical, RecordWrong, PhaseDKIM, "the DKIM key %s cannot be used: %v", name, err)
	case size < 1024 && t["k"] != "ed25519":
		s.say(netprobe.Critical, RecordWeak, PhaseDKIM, "the DKIM key %s has %d bits only, and receivers heed it no more (RFC 8301)", name, size)
	case size < 2048 && t["k"] != "ed25519":
		s.say(netprobe.Warning, RecordWeak, PhaseDKIM, "the DKIM key %s has %d bits only", name, size)
	}
	if strings.Contains(t["t"], "y") {
		s.say(netprobe.Warning, RecordWeak, PhaseDKIM, "the DKIM key %s says that it is a test", name)
	}
}

// keySize returns the bits of a key.
func keySize(kind, text string) (int, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return 0, err
	}
	if kind == "ed25519" {
		if len(der) != ed25519.PublicKeySize {
			return 0, fmt.Errorf("it has %d bytes", len(der))
		}
		return 8 * len(der), nil
	}
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key.N.BitLen(), nil
	}
	any, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return 0, err
	}
	key, ok := any.(*rsa.PublicKey)
	if !ok {
		return 0, fmt.Errorf("it is a %T", any)
	}
	return key.N.BitLen(), nil
}

// dmarc looks at what receivers are told to do.
func (s *survey) dmarc() {
	record, ok := s.only(PhaseDMARC, "_dmarc."+s.Name, "DMARC1")
	if !ok {
		return
	}
	if record == "" {
		s.say(netprobe.Warning, RecordMissing, PhaseDMARC, "%s has no DMARC record", s.Name)
		return
	}
	s.res.Facts["dmarc"] = []string{record}
	switch p := strings.ToLower(tags(record)["p"]); p {
	case "none", "quarantine", "reject":
	default:
		s.say(netprobe.Critical, RecordWrong, PhaseDMARC, "the DMARC record of %s has the policy %.40q", s.Name, p)
	}
}
