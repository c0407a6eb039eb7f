package blackbox

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// A File is the modules of one file. A module that asks for what is not done
// here stands among the refused, with the reason, and leaves the others alone.
type File struct {
	Modules map[string]Module
	Refused map[string]error
}

// A Module is one way to probe.
type Module struct {
	Kind    string        `yaml:"prober"`
	Timeout time.Duration `yaml:"timeout"`
	TCP     TCP           `yaml:"tcp"`
	HTTP    HTTP          `yaml:"http"`
	DNS     DNS           `yaml:"dns"`
	ICMP    Family        `yaml:"icmp"`
}

// A Family chooses between IPv4 and IPv6.
type Family struct {
	Preferred string `yaml:"preferred_ip_protocol"` // "ip4" or "ip6"
	Fallback  *bool  `yaml:"ip_protocol_fallback"`  // nil: true
}

// TLS says how certificates are verified.
type TLS struct {
	Insecure   bool   `yaml:"insecure_skip_verify"`
	CAFile     string `yaml:"ca_file"`
	ServerName string `yaml:"server_name"`
}

// TCP is a dialogue.
type TCP struct {
	Family `yaml:",inline"`
	Secure bool   `yaml:"tls"`
	TLS    TLS    `yaml:"tls_config"`
	Turns  []Turn `yaml:"query_response"`
}

// A Turn is one entry of query_response, with what is ours at its end.
type Turn struct {
	Expect   string  `yaml:"expect"`
	Bytes    string  `yaml:"expect_bytes"`
	Labels   []Label `yaml:"labels"`
	Send     string  `yaml:"send"`
	StartTLS bool    `yaml:"starttls"`
	Reject   string  `yaml:"reject"`
	EOL      string  `yaml:"eol"` // "lf" (as blackbox_exporter sends), "crlf" or "none"
}

// A Label is a fact to keep.
type Label struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

// HTTP is one page.
type HTTP struct {
	Family    `yaml:",inline"`
	Status    []int             `yaml:"valid_status_codes"`
	Method    string            `yaml:"method"`
	Body      string            `yaml:"body"`
	Versions  []string          `yaml:"valid_http_versions"`
	IfHeader  []Header          `yaml:"fail_if_header_matches"`
	IfNoMatch []Header          `yaml:"fail_if_header_not_matches"`
	Headers   map[string]string `yaml:"headers"`
	NoFollow  bool              `yaml:"no_follow_redirects"`
	Follow    *bool             `yaml:"follow_redirects"`
	IfTLS     bool              `yaml:"fail_if_ssl"`
	IfNotTLS  bool              `yaml:"fail_if_not_ssl"`
	IfMatches []string          `yaml:"fail_if_body_matches_regexp"`
	IfNot     []string          `yaml:"fail_if_body_not_matches_regexp"`
	TLS       TLS               `yaml:"tls_config"`

	BasicAuth     *Login          `yaml:"basic_auth"`
	Authorization *Token          `yaml:"authorization"`
	Bearer        netprobe.Secret `yaml:"bearer_token"`
	BearerFile    string          `yaml:"bearer_token_file"`
	Compression   string          `yaml:"compression"`
	Limit         string          `yaml:"body_size_limit"`
	HTTP2         *bool           `yaml:"enable_http2"` // nil: true
}

// A Header is what one of an answer must or must not be.
type Header struct {
	Name    string `yaml:"header"`
	Pattern string `yaml:"regexp"`
	Missing bool   `yaml:"allow_missing"`
}

// DNS is one question.
type DNS struct {
	Family    `yaml:",inline"`
	Transport string   `yaml:"transport_protocol"`
	Name      string   `yaml:"query_name"`
	Type      string   `yaml:"query_type"`
	Rcodes    []string `yaml:"valid_rcodes"`
	Answer    struct {
		IfMatches []string `yaml:"fail_if_matches_regexp"`
		IfNone    []string `yaml:"fail_if_none_matches_regexp"`
	} `yaml:"validate_answer_rrs"`
}

const maxFile = 1 << 20

// quoted is what a fault quotes of the file: it may be a password.
var quoted = regexp.MustCompile(" `[^`]*`?")

var atLine = regexp.MustCompile(`^line ([0-9]+): (.*)$`)

// Parse reads a file. An error is one of the whole file.
func Parse(text []byte) (File, error) {
	f := File{Modules: map[string]Module{}, Refused: map[string]error{}}
	if len(text) > maxFile {
		return f, fmt.Errorf("blackbox modules: the file has more than %d bytes", maxFile)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return f, fmt.Errorf("blackbox modules: %w", err)
	}
	var root struct {
		Modules map[string]Module `yaml:"modules"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	err := decoder.Decode(&root)
	var faults *yaml.TypeError
	if err != nil && !errors.As(err, &faults) {
		return f, fmt.Errorf("blackbox modules: %w", err)
	}
	lines := linesOf(&doc)
	if faults != nil {
		for _, fault := range faults.Errors {
			fault = quoted.ReplaceAllString(fault, "")
			if !f.refuse(fault, lines) {
				return f, fmt.Errorf("blackbox modules: %s", fault)
			}
		}
	}
	for name, m := range root.Modules {
		if f.Refused[name] != nil {
			continue
		}
		if err := m.check(); err != nil {
			f.Refused[name] = fmt.Errorf("line %d: module %q: %w", lines[name], name, err)
			continue
		}
		f.Modules[name] = m
	}
	return f, nil
}

// linesOf returns where each module begins.
func linesOf(doc *yaml.Node) map[string]int {
	out := map[string]int{}
	if len(doc.Content) == 0 {
		return out
	}
	for i, n := 0, doc.Content[0].Content; i+1 < len(n); i += 2 {
		if n[i].Value != "modules" {
			continue
		}
		for j, m := 0, n[i+1].Content; j+1 < len(m); j += 2 {
			out[m[j].Value] = m[j].Line
		}
	}
	return out
}

// refuse puts a fault on the module in which it stands: the last that begins
// before it.
func (f File) refuse(fault string, lines map[string]int) bool {
	m := atLine.FindStringSubmatch(fault)
	if m == nil {
		return false
	}
	at, err := strconv.Atoi(m[1])
	owner := ""
	for name, line := range lines {
		if err == nil && line <= at && (owner == "" || line > lines[owner]) {
			owner = name
		}
	}
	if owner != "" {
		f.Refused[owner] = errors.Join(f.Refused[owner], fmt.Errorf("line %d: module %q asks for what is not done here: %s", at, owner, m[2]))
	}
	return owner != ""
}
