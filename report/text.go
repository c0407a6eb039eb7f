package report

import (
	"slices"
	"strings"
	"unicode/utf8"

	scopes "github.com/pugetsoundtech/upkeep/internal/scope"
)

// margin is how far beyond what is kept a text is searched for secrets, so that
// one which the bound cuts is found whole.
const margin = 4 << 10

// ahead gives what has to be read of s to keep n bytes of it.
func ahead(s string, n int) string { return s[:min(len(s), n+margin)] }

// bounded gives at most n bytes of s, without secrets. What is not kept is not
// searched: a text may be as long as a log.
func (r *Recorder) bounded(s string, n int) string {
	cut := ahead(s, n)
	out := r.redact.Text(cut)
	if len(cut) < len(s) && len(out) <= n {
		return out + "…"
	}
	return clip(out, n)
}

func (r *Recorder) text(s string) string { return r.bounded(s, maxText) }

func (r *Recorder) name(s string) string { return r.bounded(s, maxName) }

func (r *Recorder) texts(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, r.text(s))
	}
	return out
}

// attrs copies attributes without secrets: a target's address has passwords, too.
func (r *Recorder) attrs(list []Attr) []Attr {
	out := slices.Clone(list)
	for i := range out {
		out[i].Value = r.text(out[i].Value)
	}
	return out
}

// scope gives the nearest valid scope of s without secrets. Each part is
// searched alone first, so that a scope and what is below it lose the same.
func (r *Recorder) scope(s string) string {
	parts := strings.Split(scopes.Clean(s, maxValue), "/")
	for i := range parts {
		parts[i] = r.redact.Text(parts[i])
	}
	return scopes.Clean(r.redact.Text(strings.Join(parts, "/")), maxValue)
}

// clip cuts s to at most n bytes, not inside a UTF-8 sequence.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
