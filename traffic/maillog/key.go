package maillog

import (
	"net/netip"
	"strings"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// A key is a text that is counted, and the places where it was.
type key struct {
	raw     string // as it was logged
	text    string // as it is counted
	domain  string // of an address
	entries [4]*traffic.Entry
}

// add counts a key in one of the tables.
func (k *key) add(t *traffic.Top, as int, count, bytes int64) {
	k.entries[as] = t.Again(k.entries[as], k.text, count, bytes)
}

// addDomain counts the domain of an address.
func (k *key) addDomain(t *traffic.Top, as int, count, bytes int64) {
	k.entries[as] = t.Again(k.entries[as], k.domain, count, bytes)
}

// same reports whether two keys, which may be missing, count as the same.
func (k *key) same(o *key) bool { return k != nil && o != nil && k.text == o.text }

// keys are those of texts of one kind, found by their hash: a table in which what
// is looked for stands at its hash or right behind it.
type keys struct {
	slots []slot // a power of two of them
	count int
	size  int // bytes of their texts
	make  func(raw string) *key
}

// A slot has the hash beside the key: what is not equal is not looked at.
type slot struct {
	hash uint64
	key  *key
}

// maxKeys and maxKeyText bound the texts of one kind that are remembered, and their
// bytes; others are made again.
const (
	maxKeys    = 1 << 17
	maxKeyText = 8 << 20
)

func (k *keys) of(t text) *key {
	if 2*k.count >= len(k.slots) || k.size > maxKeyText {
		k.grow()
	}
	i := k.find(t.hash, t.raw)
	if k.slots[i].key == nil {
		raw := string(t.raw)
		made := k.make(raw)
		made.raw = raw
		k.slots[i] = slot{t.hash, made}
		k.count++
		k.size += len(raw)
	}
	return k.slots[i].key
}

// find gives the place of a text, or the empty one where it belongs.
func (k *keys) find(hash uint64, raw []byte) uint64 {
	mask := uint64(len(k.slots) - 1)
	i := hash & mask
	for at := &k.slots[i]; at.key != nil && (at.hash != hash || at.key.raw != string(raw)); at = &k.slots[i] {
		i = (i + 1) & mask
	}
	return i
}

func (k *keys) grow() {
	old := k.slots
	if len(old) >= 2*maxKeys || k.size > maxKeyText { // all is forgotten
		k.slots, k.count, k.size = make([]slot, len(old)), 0, 0
		return
	}
	k.slots, k.count = make([]slot, max(64, 2*len(old))), 0
	for _, at := range old {
		if at.key != nil {
			k.slots[k.find(at.hash, []byte(at.key.raw))] = at
			k.count++
		}
	}
}

// textKey is of a relay, or of a protocol. A relay without a name is an address.
func (s *Stats) textKey(raw string) *key {
	if host, _, _ := strings.Cut(strings.TrimPrefix(raw, "["), " "); len(s.pseudonyms.Secret) > 0 && isIP(strings.TrimSuffix(host, "]")) {
		return s.nameKey(raw)
	}
	return plain(raw)
}

func isIP(text string) bool {
	_, err := netip.ParseAddr(strings.TrimPrefix(text, "IPv6:"))
	return err == nil
}

func plain(raw string) *key { return &key{text: raw} }

func (s *Stats) nameKey(raw string) *key { return &key{text: s.pseudonym(raw)} }

func (s *Stats) pseudonym(name string) string {
	if len(s.pseudonyms.Secret) == 0 {
		return name
	}
	return string(s.pseudonyms.Of([]byte(name)))
}

// addressKey lower-cases the domain of an address, and gives what is before it a
// pseudonym. One without a domain belongs to this machine.
func (s *Stats) addressKey(raw string) *key {
	at := strings.LastIndexByte(raw, '@')
	if at < 0 {
		return s.nameKey(raw)
	}
	k := &key{text: raw, domain: raw[at+1:]}
	if low := lower(k.domain); low != k.domain {
		k.text, k.domain = raw[:at+1]+low, low
	}
	if len(s.pseudonyms.Secret) > 0 {
		whole := k.text
		if isIP(strings.Trim(k.domain, "[]")) {
			k.domain = s.pseudonym(k.domain)
		}
		k.text = s.pseudonym(whole) + "@" + k.domain
	}
	return k
}

// lower makes the letters of ASCII small, and leaves all other bytes.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c-'A' <= 'Z'-'A' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
