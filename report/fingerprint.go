package report

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"

	scopes "github.com/pugetsoundtech/upkeep/internal/scope"
)

// Fingerprint names a fact: the same on every host, day and severity. It is
// "v1:" and the first 32 hexadecimal digits of the SHA-256 over check, rule,
// the subject and the number of identity attributes, then these sorted by
// key; every text is preceded by its length as a uvarint.
func Fingerprint(check, rule string, subject Attr, identity []Attr) string {
	h := sha256.New()
	writeText(h, check)
	writeText(h, rule)
	writeText(h, string(subject.Key))
	writeText(h, subject.Value)
	writeAttrs(h, sortedAttrs(identity))
	return "v1:" + hex.EncodeToString(h.Sum(nil))[:32]
}

// formerFingerprint is f's under a former name: "rule", or "check/rule" where
// the check was renamed as well.
func formerFingerprint(check, former string, f Finding) string {
	if c, r, ok := strings.Cut(former, "/"); ok {
		check, former = c, r
	}
	return Fingerprint(check, former, f.Subject, f.Identity)
}

// stateHash is equal for findings with the same evidence in any order.
func stateHash(evidence []Attr) string {
	h := sha256.New()
	writeAttrs(h, sortedAttrs(evidence))
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func writeAttrs(h hash.Hash, attrs []Attr) {
	h.Write(binary.AppendUvarint(nil, uint64(len(attrs))))
	for _, a := range attrs {
		writeText(h, string(a.Key))
		writeText(h, a.Value)
	}
}

func writeText(h hash.Hash, s string) {
	h.Write(binary.AppendUvarint(nil, uint64(len(s))))
	h.Write([]byte(s))
}

func sortedAttrs(attrs []Attr) []Attr {
	out := slices.Clone(attrs)
	slices.SortFunc(out, compareAttr)
	return out
}

func compareAttr(a, b Attr) int {
	if c := strings.Compare(string(a.Key), string(b.Key)); c != 0 {
		return c
	}
	return strings.Compare(a.Value, b.Value)
}

// validFinding checks what a checker filled in.
func validFinding(f Finding) error {
	if !scopes.Valid(f.Scope, maxValue) {
		return fmt.Errorf("scope %q is not a clean slash path", clip(f.Scope, 80))
	}
	if f.Severity > Critical {
		return fmt.Errorf("severity %d is not known", f.Severity)
	}
	if f.Subject.Key.evidenceOnly() {
		return fmt.Errorf("%s can be evidence only", f.Subject.Key)
	}
	errs := []error{f.Subject.Validate()}
	keys := map[Key]bool{}
	for _, a := range f.Identity {
		if keys[a.Key] || a.Key.evidenceOnly() {
			errs = append(errs, fmt.Errorf("%s stands twice in the identity, or can be evidence only", a.Key))
		}
		keys[a.Key] = true
		errs = append(errs, a.Validate())
	}
	for _, a := range f.Evidence {
		errs = append(errs, a.Validate())
	}
	return errors.Join(errs...)
}
