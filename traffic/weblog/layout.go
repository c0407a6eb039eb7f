package weblog

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Layout is a format of lines as an administrator writes it: the LogFormat of
// Apache or the log_format of nginx. ParseLayout makes one.
type Layout struct {
	front  string // before the first field
	fields []layoutField
}

// A layoutField is a value, and the text between it and the next.
type layoutField struct {
	name   string
	behind string
}

// directive is a value of Apache, such as %>s and %{Referer}i, or of nginx.
var directive = regexp.MustCompile(`%[<>!0-9,]*(?:\{([^}]*)\})?(\^?[A-Za-z]{1,2}?)|\$\{?([a-z0-9_]+)\}?`)

// names are what the values of Apache are at nginx.
var names = map[string]string{
	"%h": "remote_addr", "%a": "remote_addr", "%u": "remote_user", "%t": "apache_time", "%r": "request", "%s": "status",
	"%b": "bytes_sent", "%B": "bytes_sent", "%O": "bytes_sent", "%D": "microseconds", "%T": "request_time", "%v": "host", "%V": "host",
	"%m": "request_method", "%U": "uri", "%q": "query", "%H": "server_protocol",
	"%{referer}i": "http_referer", "%{user-agent}i": "http_user_agent", "%{host}i": "host",
	"%{us}T": "microseconds", "%{ms}T": "milliseconds", "%{s}T": "request_time", "%{c}a": "remote_addr",
}

// ErrLayout says that a Layout does not tell what a request is.
var ErrLayout = errors.New("the format has no time, no status, or no request")

// ParseLayout reads a format such as
//
//	%v %h %l %u %t \"%r\" %>s %b
//	$remote_addr - $remote_user [$time_local] "$request" $status $bytes_sent
//
// Values that tell nothing of a request are passed over.
func ParseLayout(text string) (*Layout, error) {
	text = strings.NewReplacer(`\"`, `"`, `\t`, "\t").Replace(text)
	at := directive.FindAllStringSubmatchIndex(text, -1)
	if len(at) == 0 {
		return nil, ErrLayout
	}
	l, has := &Layout{front: text[:at[0][0]]}, map[string]bool{}
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		f := layoutField{nameOf(text, m), text[m[1]:end]}
		if f.behind == "" && i+1 < len(at) {
			return nil, fmt.Errorf("nothing parts %q of the format from the value behind it", text[m[0]:m[1]])
		}
		l.fields = append(l.fields, f)
		has[f.name] = true
	}
	timed := has["apache_time"] || has["time_local"] || has["time_iso8601"] || has["msec"]
	if !timed || !has["status"] || !has["request"] && !has["uri"] && !has["request_uri"] {
		return nil, ErrLayout
	}
	return l, nil
}

// nameOf is the name of nginx, or what Apache has none for.
func nameOf(text string, m []int) string {
	if m[6] >= 0 {
		return text[m[6]:m[7]]
	}
	name := "%" + text[m[4]:m[5]]
	if m[2] >= 0 {
		argument := text[m[2]:m[3]]
		if text[m[4]:m[5]] == "i" {
			argument = strings.ToLower(argument)
		}
		name = "%{" + argument + "}" + text[m[4]:m[5]]
	}
	if known := names[name]; known != "" {
		return known
	}
	return name
}

// parseLayout reads a line as the administrator says that it is written.
func (p *Parser) parseLayout(line []byte, e *Entry) bool {
	rest, ok := bytes.CutPrefix(line, []byte(p.Layout.front))
	if !ok {
		return false
	}
	e.Status = -1
	for _, f := range p.Layout.fields {
		var value []byte
		if value, rest, ok = f.cut(rest); !ok || !p.set(f.name, value, e) {
			return false
		}
	}
	e.Format = Custom
	return e.Status >= 0 && !e.Time.IsZero() && len(e.Client) > 0
}

// cut ends a value at the text behind it; in quotes a server escapes those of the
// value, and a time of Apache has brackets of its own.
func (f layoutField) cut(b []byte) (value, rest []byte, ok bool) {
	if f.behind == "" {
		return b, nil, true
	}
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte(f.behind))
		if f.name == "apache_time" && at == 0 {
			i = bytes.Index(b, []byte("]"+f.behind)) + 1
		}
		if i < 0 || f.name == "apache_time" && i == 0 {
			return nil, b, false
		}
		at += i
		if f.behind[0] != '"' || !escaped(b[:at]) {
			return b[:at], b[at+len(f.behind):], true
		}
		at++
	}
}

// escaped reports whether what follows b has a backslash before it.
func escaped(b []byte) bool {
	n := len(b) - len(bytes.TrimRight(b, `\`))
	return n%2 == 1
}

// set takes a value; it reports false where the value cannot be what its name says.
func (p *Parser) set(name string, v []byte, e *Entry) (ok bool) {
	ok = true
	switch name {
	case "remote_addr":
		e.Client = v
	case "remote_user":
		e.User = unset(v)
	case "host", "server_name", "http_host":
		e.VHost = unset(v)
	case "request":
		e.request(v)
	case "request_method":
		e.Method = unset(v)
	case "request_uri", "uri":
		e.URL = v
	case "query":
		e.URL = append(bytes.Clone(e.URL), v...)
	case "server_protocol":
		e.Protocol = unset(v)
	case "http_referer":
		e.Referrer = unset(v)
	case "http_user_agent":
		e.Agent = unset(v)
	case "status":
		n, is := number(v)
		e.Status, ok = int(n), is && n < 1000
	case "body_bytes_sent", "bytes_sent":
		e.Bytes, ok = sizeOf(v)
	case "request_time":
		e.took(v, time.Second)
	case "milliseconds":
		e.took(v, time.Millisecond)
	case "microseconds":
		e.took(v, time.Microsecond)
	default:
		ok = p.setTime(name, v, e)
	}
	return ok
}

func (p *Parser) setTime(name string, v []byte, e *Entry) bool {
	var err error
	switch name {
	case "apache_time":
		return len(v) > 2 && p.clock(v[1:len(v)-1], e)
	case "time_local":
		return p.clock(v, e)
	case "time_iso8601":
		e.Time, err = time.Parse(time.RFC3339, string(v))
	case "msec":
		var seconds float64
		if seconds, err = strconv.ParseFloat(string(v), 64); seconds > 0 && seconds < 1e11 {
			e.Time = time.UnixMicro(int64(seconds * 1e6)).UTC()
		}
	}
	return err == nil
}

// took takes how long a request took, in a unit.
func (e *Entry) took(v []byte, unit time.Duration) {
	if f, err := strconv.ParseFloat(string(v), 64); err == nil && f >= 0 && f < 1e9 {
		e.Took = time.Duration(f * float64(unit))
	}
}
