package protocol

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// secrets are what a request may carry of them: whatever stands in a header that
// somebody has set and that is no kind of media, and the body.
func (p HTTP) secrets() (out []string) {
	for name, values := range p.Header {
		if name = http.CanonicalHeaderKey(name); strings.HasPrefix(name, "Accept") || name == "Content-Type" {
			continue
		}
		for _, v := range values {
			out = append(out, v)
			out = append(out, strings.Fields(v)...) // "Bearer TOKEN": a server may echo the latter
		}
	}
	if p.Body != "" {
		out = append(out, p.Body)
	}
	if kind, word, _ := strings.Cut(string(p.Auth), " "); word != "" {
		out = append(out, word)
		if pair, err := base64.StdEncoding.DecodeString(word); err == nil && kind == "Basic" {
			_, pass, _ := strings.Cut(string(pair), ":")
			out = append(out, string(pair), pass)
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return len(s) < 4 })
}
