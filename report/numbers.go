package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"
)

// The scopes of what the recorder could not take and no finding hangs on.
const (
	scopeMetrics   = "recorder/metrics"
	scopeArtifacts = "recorder/artifacts"
	scopeKept      = "recorder/kept"
	scopeCovered   = "recorder/covered"
)

// Metric records a number. A name that is empty, a malformed attribute or a
// value that is not known is a problem: a gap belongs into a Series.
func (r *Recorder) Metric(m Metric) {
	ok := m.Name != "" && m.Value.Known() && !math.IsInf(m.Value.Float(), 0) && validAttrs(m.Attrs)
	m.Name, m.Unit, m.Attrs, m.Time = r.name(m.Name), r.name(m.Unit), r.attrs(m.Attrs), clean(m.Time)
	m.Noun = Noun{r.name(m.Noun.One), r.name(m.Noun.Many)}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.lateWrite("metric"):
	case !ok:
		r.problem(scopeMetrics, CodeContract, fmt.Sprintf("metric %q has no name, no known value or an attribute that is none", clip(m.Name, 60)), "")
	case len(r.res.Metrics) >= r.limits.Metrics || !r.spend(int64(len(m.Name)+len(m.Noun.One)+len(m.Noun.Many)+attrBytes(m.Attrs)+50)):
		r.drop("metric", scopeMetrics)
	default:
		r.res.Metrics = append(r.res.Metrics, m)
	}
}

// Series records a time line; it keeps the values as they are now.
func (r *Recorder) Series(s Series) {
	ok := s.Name != "" && s.Step > 0 && validAttrs(s.Attrs)
	s.Name, s.Unit, s.Attrs, s.Start = r.name(s.Name), r.name(s.Unit), r.attrs(s.Attrs), clean(s.Start)
	values := max(len(s.Values), 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.lateWrite("series"):
	case !ok:
		r.problem(scopeMetrics, CodeContract, fmt.Sprintf("series %q has no name, no step or an attribute that is none", clip(s.Name, 60)), "")
	case r.values+values > r.limits.Values || !r.spend(int64(len(s.Name)+attrBytes(s.Attrs)+50)):
		r.drop("series", scopeMetrics)
	default:
		r.values += values
		s.Values = append([]Number(nil), s.Values...)
		r.res.Series = append(r.res.Series, s)
	}
}

func validAttrs(attrs []Attr) bool {
	return len(attrs) <= maxEvidence && !slices.ContainsFunc(attrs, func(a Attr) bool { return a.Validate() != nil })
}

// Artifact copies material, up to the limit, and returns the reference by
// which findings name it: "" when it could not be taken. Text is redacted.
func (r *Recorder) Artifact(name, mediaType string, from io.Reader) string {
	data, err := io.ReadAll(io.LimitReader(from, r.limits.ArtifactBytes+1))
	a := Artifact{Name: r.text(name), MediaType: r.name(mediaType)}
	if int64(len(data)) > r.limits.ArtifactBytes {
		data, a.Truncated = data[:r.limits.ArtifactBytes], true
	}
	a.Data = []byte(r.redact.Text(string(data)))
	sum := sha256.Sum256(a.Data)
	a.Ref = "a:" + hex.EncodeToString(sum[:8])
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lateWrite("artifact") {
		return ""
	}
	if err != nil {
		r.problem(scopeArtifacts, CodeError, fmt.Sprintf("artifact %s: %v", clip(a.Name, 100), err), "")
	}
	return r.artifact(a)
}

// artifact takes a once; the caller holds the lock.
func (r *Recorder) artifact(a Artifact) string {
	for _, old := range r.res.Artifacts {
		if old.Ref == a.Ref && bytes.Equal(old.Data, a.Data) {
			return a.Ref
		}
	}
	if len(r.res.Artifacts) >= r.limits.Artifacts || !r.spend(int64(len(a.Data))) {
		r.count("artifact")
		return ""
	}
	r.res.Artifacts = append(r.res.Artifacts, a)
	return a.Ref
}
