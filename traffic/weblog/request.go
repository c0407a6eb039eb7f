package weblog

import (
	"bytes"
	"net/netip"
)

// appendRequest appends the key of a request: its decoded address, method and
// protocol, with a NUL between them. What is no request is all address.
func appendRequest(key []byte, e *Entry) []byte {
	begin := len(key)
	key = unescape(key, e.URL)
	if i := bytes.IndexByte(key[begin:], 0); i >= 0 { // it ends a text of goaccess, and parts ours
		key = key[:begin+i]
	}
	key = append(key, 0)
	for _, c := range e.Method {
		key = append(key, upper(c))
	}
	key = append(key, 0)
	protocol := e.Protocol
	if bytes.HasSuffix(protocol, []byte("/2.0")) || bytes.HasSuffix(protocol, []byte("/3.0")) {
		protocol = protocol[:len(protocol)-2]
	}
	for _, c := range protocol {
		key = append(key, upper(c))
	}
	return key
}

// unescape appends an address with its escapes replaced and without ends of lines.
func unescape(to, url []byte) []byte {
	for i := 0; i < len(url); i++ {
		c := url[i]
		if c == '%' && i+2 < len(url) {
			if hi, lo := hex(url[i+1]), hex(url[i+2]); hi < 16 && lo < 16 {
				c = hi<<4 | lo
				i += 2
			}
		}
		if c != '\n' && c != '\r' {
			to = append(to, c)
		}
	}
	return to
}

// hidden stands for what might be somebody's address.
var hidden = []byte("<>")

// isAddress knows an address of IP, with a port or without.
func isAddress(host []byte) bool {
	_, err := netip.ParseAddr(string(bytes.Trim(host, "[]")))
	_, err2 := netip.ParseAddrPort(string(host))
	return err == nil || err2 == nil
}

// withoutNames gives a URL without its query, and <> for each part with an address:
// what a person typed may stand there.
func withoutNames(url []byte) []byte {
	if i := bytes.IndexAny(url, "?#;"); i >= 0 {
		url = url[:i]
	}
	if bytes.IndexByte(url, '@') < 0 && !bytes.Contains(url, []byte("%40")) {
		return url
	}
	parts := bytes.Split(url, []byte("/"))
	for i, part := range parts {
		if bytes.IndexByte(part, '@') >= 0 || bytes.Contains(part, []byte("%40")) {
			parts[i] = hidden
		}
	}
	return bytes.Join(parts, []byte("/"))
}

func hex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// Request parts the key of a request.
func Request(key string) (url, method, protocol string) {
	parts := bytes.SplitN([]byte(key), []byte{0}, 3)
	for len(parts) < 3 {
		parts = append(parts, nil)
	}
	return string(parts[0]), string(parts[1]), string(parts[2])
}

// statics are the suffixes of what belongs to a page, or is only loaded down;
// peerStatics are those that goaccess 1.7 knows without a configuration.
var (
	statics = suffixes("css js jpg png gif ico jpeg pdf csv mpeg mpg swf woff woff2 xls xlsx doc docx ppt pptx txt zip ogg mp3 mp4 exe iso gz rar svg bmp tar tgz tiff tif ttf flv dmg xz zst avi webp")

	peerStatics = suffixes("css jpg png gif ico jpeg pdf csv mpeg mpg swf woff woff2 xls xlsx docx pptx txt zip mp3 mp4 exe tiff avi")
)

func suffixes(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range bytes.Fields([]byte(words)) {
		out[string(w)] = true
	}
	return out
}

func isStatic(url []byte, suffixes map[string]bool) bool {
	dot := bytes.LastIndexByte(url, '.')
	if n := len(url) - dot - 1; dot < 0 || n < 2 || n > 5 {
		return false
	}
	var low [5]byte
	n := copy(low[:], url[dot+1:])
	for i, c := range low[:n] {
		if c >= 'A' && c <= 'Z' {
			low[i] = c + 'a' - 'A'
		}
	}
	return suffixes[string(low[:n])]
}

// siteOf gives the host of a referrer, with its port.
func siteOf(ref []byte) []byte {
	_, rest, ok := bytes.Cut(ref, []byte("://"))
	if !ok {
		return nil
	}
	if i := bytes.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}
