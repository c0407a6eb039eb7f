package weblog

import (
	"bytes"
	"cmp"
	"strings"
	"time"
)

// parseHAProxy reads the HTTP log of HAProxy, behind the header of syslog.
//
//	192.0.2.7:33317 [25/Nov/2026:10:00:00.123] web app/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /x HTTP/1.1"
func (p *Parser) parseHAProxy(line []byte, e *Entry) bool {
	front, rest, ok := bytes.Cut(line, []byte(" ["))
	stamp, rest, ok2 := bytes.Cut(rest, []byte("] "))
	if !ok || !ok2 || len(stamp) < 20 {
		return false
	}
	client := front[bytes.LastIndexByte(front, ' ')+1:]
	colon := bytes.LastIndexByte(client, ':')
	at, err := time.ParseInLocation("02/Jan/2006:15:04:05", string(stamp[:20]), cmp.Or(p.Zone, time.UTC))
	request := bytes.IndexByte(rest, '"')
	if colon < 1 || err != nil || request < 0 {
		return false
	}
	words := bytes.Fields(rest[:request])
	if len(words) < 5 {
		return false
	}
	times := bytes.Split(words[2], []byte("/"))
	status, ok := number(words[3])
	if !ok || status > 999 || len(times) < 4 {
		return false
	}
	e.Format, e.Client, e.Time, e.Status, e.VHost = HAProxy, client[:colon], at.UTC(), int(status), words[0]
	e.Bytes, ok = sizeOf(words[4])
	if ms, ok := number(bytes.TrimPrefix(times[len(times)-1], []byte("+"))); ok {
		e.Took = time.Duration(min(ms, 1<<40)) * time.Millisecond
	}
	e.request(bytes.TrimSuffix(rest[request+1:], []byte(`"`)))
	return ok
}

// w3cWord cuts a field, which may be in quotes with "" for one of them.
func w3cWord(b []byte) (word, rest []byte, more bool) {
	for i := 1; i < len(b) && b[0] == '"'; i++ {
		switch {
		case b[i] != '"':
		case i+1 == len(b):
			return b[1:i], nil, false
		case b[i+1] == ' ':
			return b[1:i], b[i+2:], true
		case b[i+1] == '"':
			i++
		}
	}
	return bytes.Cut(b, []byte(" "))
}

// parseW3C reads a line by the fields that the log named before.
func (p *Parser) parseW3C(line []byte, e *Entry) bool {
	words := p.words[:0]
	for rest, more := line, true; more && len(words) <= len(p.fields); {
		var word []byte
		word, rest, more = w3cWord(rest)
		words = append(words, word)
	}
	if p.words = words; len(words) != len(p.fields) {
		return false
	}
	var date, clock, query []byte
	var ok bool
	e.Status = -1
	for i, name := range p.fields {
		v := unset(words[i])
		switch strings.ToLower(string(name)) {
		case "date":
			date = v
		case "time":
			clock = v
		case "c-ip":
			e.Client = v
		case "cs-username":
			e.User = v
		case "cs-host", "cs(host)":
			e.VHost = v
		case "cs-method":
			e.Method = v
		case "cs-uri-stem", "cs-uri":
			e.URL = v
		case "cs-uri-query":
			query = v
		case "cs-version":
			e.Protocol = v
		case "sc-status":
			if n, ok := number(v); ok && n < 1000 {
				e.Status = int(n)
			}
		case "sc-bytes":
			if e.Bytes, ok = sizeOf(v); !ok {
				return false
			}
		case "cs(user-agent)":
			e.Agent = bytes.ReplaceAll(v, []byte("+"), []byte(" "))
		case "cs(referer)":
			e.Referrer = v
		case "time-taken":
			if ms, ok := number(v); ok { // as IIS has it
				e.Took = time.Duration(min(ms, 1<<40)) * time.Millisecond
			} else {
				e.behind(v)
			}
		}
	}
	at, err := time.Parse("2006-01-02 15:04:05", string(date)+" "+string(clock[:min(len(clock), 8)]))
	if err != nil || len(e.Client) == 0 || e.Status < 0 {
		return false
	}
	if len(query) > 0 {
		e.URL = append(append(bytes.Clone(e.URL), '?'), query...)
	}
	e.Format, e.Time = W3C, at
	return true
}
