package protocol

import (
	"cmp"
	"compress/flate"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// judge holds an answer to what is asked of it, or gives where it leads to: that is
// judged then.
func (p HTTP) judge(s *netprobe.Exchange, answer *http.Response) (location string, err error) {
	code := answer.StatusCode
	s.Result.Code = code
	if to := answer.Header.Get("Location"); to != "" && code/100 == 3 {
		s.Fact("location", to)
		if p.Redirects > 0 {
			return to, nil
		}
	}
	if modified, err := http.ParseTime(answer.Header.Get("Last-Modified")); err == nil {
		s.Fact("last-modified", modified.UTC().Format(time.RFC3339))
	}
	if answer.ContentLength >= 0 {
		s.Fact("content-length", strconv.FormatInt(answer.ContentLength, 10))
	}
	if p.fine(code) {
		return "", p.head(answer)
	}
	f := netprobe.Failf(netprobe.ProtoReject, "the server answered %.200q", answer.Proto+" "+answer.Status)
	if code == http.StatusServiceUnavailable || code == http.StatusTooManyRequests {
		f.Cause = netprobe.ProtoDefer
	}
	f.Code = code
	return "", f
}

// head holds version and headers to what is asked of them.
func (p HTTP) head(answer *http.Response) error {
	if len(p.Versions) > 0 && !slices.Contains(p.Versions, answer.Proto) {
		return netprobe.Failf(netprobe.ProtoUnexpected, "the answer is of %.20q", answer.Proto)
	}
	for _, rule := range p.Headers {
		values := answer.Header.Values(rule.Name)
		if len(values) == 0 && rule.Missing {
			continue
		}
		if found := slices.ContainsFunc(values, rule.Pattern.MatchString); found == rule.Not {
			return netprobe.Failf(netprobe.ProtoUnexpected, "the header %.40q is not as it should be", rule.Name)
		}
	}
	return nil
}

func (p HTTP) fine(code int) bool {
	if len(p.Status) == 0 {
		return code < 500
	}
	text := strconv.Itoa(code)
	for _, want := range p.Status {
		if want == text || strings.HasSuffix(want, "xx") && want[:1] == text[:1] {
			return true
		}
	}
	return false
}

func (p HTTP) search(body io.Reader) error {
	page, err := p.page(body)
	if err != nil {
		return err
	}
	switch {
	case p.Reject != nil && p.Reject.Match(page):
		return netprobe.Failf(netprobe.ProtoUnexpected, "the page has %.80q in it", p.Reject)
	case p.Expect != nil && !p.Expect.Match(page):
		return netprobe.Failf(netprobe.ProtoUnexpected, "%.80q is not found in the page of %d bytes", p.Expect, len(page))
	}
	return nil
}

// page reads as much of a page as is looked at, out of its encoding.
func (p HTTP) page(body io.Reader) (page []byte, err error) {
	switch p.Encoding {
	case "gzip":
		body, err = gzip.NewReader(body)
	case "deflate":
		body = flate.NewReader(body)
	}
	limit := min(cmp.Or(p.Limit, maxBody), maxBody)
	if err == nil {
		page, err = io.ReadAll(io.LimitReader(body, int64(limit)+1))
	}
	switch {
	case err != nil && p.Encoding != "" && netprobe.CauseOf(err) == netprobe.NetFailed:
		return nil, netprobe.Failf(netprobe.ProtoSyntax, "the page is not encoded by %s: %v", p.Encoding, err)
	case err != nil:
		return nil, err
	case p.Limit > 0 && len(page) > limit:
		return nil, netprobe.Failf(netprobe.ProtoOversize, "the page has more than %d bytes", limit)
	}
	return page[:min(len(page), limit)], nil
}

// parseStatusLine reads "HTTP/1.1 200 OK" (RFC 9112, section 4).
func parseStatusLine(line string) (code int, ok bool) {
	version, rest, _ := strings.Cut(line, " ")
	if version != "HTTP/1.0" && version != "HTTP/1.1" {
		return 0, false
	}
	digits, _, _ := strings.Cut(rest, " ")
	code, err := strconv.Atoi(digits)
	return code, err == nil && len(digits) == 3 && code >= 100 && code <= 599
}

// A HeaderRule asks for a header of the answer of which a value matches, or with Not
// for one of which none does.
type HeaderRule struct {
	Name    string
	Pattern *regexp.Regexp
	Not     bool
	Missing bool // an answer without the header is fine
}
