package weblog

import (
	"encoding/json"
	"math"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// The names under which JSON logs have what a request is. Nested names are
// joined by a dot, and of a list the first is taken.
var jsonNames = struct{ client, user, vhost, at, request, method, url, protocol, status, bytes, referrer, agent, took []string }{
	client:   []string{"remote_addr", "client_ip", "request.client_ip", "request.remote_ip", "ClientHost", "remote_ip", "clientip"},
	user:     []string{"remote_user", "user_id", "ClientUsername"},
	vhost:    []string{"http_host", "host", "request.host", "RequestHost", "server_name"},
	at:       []string{"ts", "time_iso8601", "time_local", "@timestamp", "timestamp", "StartUTC", "time", "msec"},
	request:  []string{"request"},
	method:   []string{"request_method", "request.method", "RequestMethod", "method"},
	url:      []string{"request_uri", "request.uri", "RequestPath", "uri", "url"},
	protocol: []string{"server_protocol", "request.proto", "RequestProtocol", "protocol"},
	status:   []string{"status", "DownstreamStatus"},
	bytes:    []string{"body_bytes_sent", "bytes_sent", "size", "DownstreamContentSize", "bytes"},
	referrer: []string{"http_referer", "http_referrer", "request.headers.Referer", "request_Referer", "referer", "referrer"},
	agent:    []string{"http_user_agent", "request.headers.User-Agent", "request_User-Agent", "user_agent", "agent"},
	took:     []string{"request_time", "duration", "Duration"},
}

// parseJSON reads an object a line, of nginx, Caddy, Traefik and what has the
// names of these.
func (p *Parser) parseJSON(line []byte, e *Entry) bool {
	var object map[string]any
	if json.Unmarshal(line, &object) != nil {
		return false
	}
	flat := map[string]any{}
	flatten(flat, "", object, 0)
	text := func(names []string) []byte {
		for _, name := range names {
			if s, ok := flat[name].(string); ok {
				return []byte(s)
			}
		}
		return nil
	}
	status, ok := amount(flat, jsonNames.status)
	at, ok2 := jsonTime(flat)
	if !ok || !ok2 || status < 0 || status > 999 {
		return false
	}
	e.Format, e.Time, e.Status = JSON, at, int(status)
	if whole := text(jsonNames.request); len(whole) > 0 {
		e.request(whole)
	} else {
		e.Method, e.URL, e.Protocol = text(jsonNames.method), text(jsonNames.url), text(jsonNames.protocol)
	}
	e.Client, e.User, e.VHost = text(jsonNames.client), unset(text(jsonNames.user)), text(jsonNames.vhost)
	e.Referrer, e.Agent = unset(text(jsonNames.referrer)), unset(text(jsonNames.agent))
	if size, ok := amount(flat, jsonNames.bytes); ok && size >= 0 {
		if size > traffic.MaxBytes {
			return false
		}
		e.Bytes = int64(size)
	}
	if took, ok := amount(flat, jsonNames.took); ok && took >= 0 && took < 1e12 {
		if _, traefik := flat["DownstreamStatus"]; traefik { // nanoseconds
			took /= 1e9
		}
		e.Took = time.Duration(min(took, 1e8) * float64(time.Second))
	}
	return len(e.Client) > 0 && e.URL != nil
}

// flatten joins the names of nested objects, to a depth.
func flatten(out map[string]any, prefix string, object map[string]any, depth int) {
	for name, v := range object {
		switch v := v.(type) {
		case map[string]any:
			if depth < 3 {
				flatten(out, prefix+name+".", v, depth+1)
			}
		case []any:
			if len(v) > 0 {
				out[prefix+name] = v[0]
			}
		default:
			out[prefix+name] = v
		}
	}
}

// amount gives a number, which may stand in quotes.
func amount(flat map[string]any, names []string) (float64, bool) {
	for _, name := range names {
		switch v := flat[name].(type) {
		case float64:
			return v, !math.IsNaN(v)
		case string:
			var f float64
			if json.Unmarshal([]byte(v), &f) == nil {
				return f, true
			}
		}
	}
	return 0, false
}

func jsonTime(flat map[string]any) (time.Time, bool) {
	for _, name := range jsonNames.at {
		switch v := flat[name].(type) {
		case float64:
			if v > 1e12 { // milliseconds
				v /= 1000
			}
			if v > 0 && v < 1e11 {
				return time.UnixMicro(int64(v * 1e6)).UTC(), true
			}
		case string:
			if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
				return at.UTC(), true
			}
			if len(v) == stampLen {
				if at, ok := clfTime([]byte(v)); ok {
					return at, true
				}
			}
			if f, ok := amount(flat, []string{name}); ok && f > 1e8 && f < 1e11 {
				return time.UnixMicro(int64(f * 1e6)).UTC(), true
			}
		}
	}
	return time.Time{}, false
}
