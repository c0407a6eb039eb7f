package report

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/form"
)

// An Attr is one typed fact: what a finding is about, or what proves it. Values
// are bytes and may come from anywhere; renderers escape them.
type Attr struct {
	Key   Key    `json:"key"`
	Value string `json:"value"`
}

// A Key names the type of an attribute. Findings of different checks are
// joined by attributes of equal key and value, and by nothing else.
//
// A key of a user's own begins with "x-", goes on with a-z, 0-9, '-' and '.',
// and takes any text. Nothing is ever joined by it.
type Key string

// Of gives an attribute: Path.Of("/etc/passwd").
func (k Key) Of(value string) Attr { return Attr{k, value} }

// The keys, with the grammar of their values.
const (
	Path       Key = "path"       // absolute path, clean, no NUL
	Package    Key = "package"    // scheme:name, such as deb:openssl
	Version    Key = "version"    // scheme:version, such as deb:3.0.17-1
	User       Key = "user"       // login name
	Group      Key = "group"      // group name
	Addr       Key = "addr"       // IP address
	Listener   Key = "listener"   // network/address:port, such as tcp/[::]:25
	Service    Key = "service"    // unit or service name, such as ssh.service
	Interface  Key = "interface"  // network interface name
	Process    Key = "process"    // name[pid], or the name alone
	At         Key = "at"         // RFC 3339 time in UTC
	Mount      Key = "mount"      // absolute path of a mount point
	Source     Key = "source"     // where log lines come from: a path, or journal
	Target     Key = "target"     // URL of a probed service
	Release    Key = "release"    // id-version of an operating system: debian-12
	Template   Key = "template"   // hexadecimal id of a log line's pattern
	Account    Key = "account"    // mail address or domain
	Repository Key = "repository" // name of a package repository or backup store
	Advisory   Key = "advisory"   // CVE, DSA, RHSA … identifier
	System     Key = "system"     // a part of the host that has no other key: memory, clock, kernel

	Program     Key = "program"     // absolute path of a program's file
	Unit        Key = "unit"        // unit with its type, such as apt-daily.timer
	Session     Key = "session"     // scheme:id of a login, such as ssh:4711
	Transaction Key = "transaction" // scheme:id of one act of a package manager, such as dnf:42

	Field  Key = "field"  // name of a changed property: mode, owner, content
	Was    Key = "was"    // field=value before; evidence only
	Now    Key = "now"    // field=value after; evidence only
	Sample Key = "sample" // free text, such as a log line; evidence only
	Reason Key = "reason" // free text: what a tool or server said; evidence only
	Digest Key = "digest" // algorithm:hex
)

// limits of an attribute value
const maxValue = 4096

var grammars = map[Key]func(string) bool{
	Path: form.Path, Mount: form.Path,
	Package: form.Scheme, Version: form.Scheme, Digest: form.Scheme,
	User: form.Word, Group: form.Word, Service: form.Word, Release: form.Word, Advisory: form.Word,
	Account: form.Word, Repository: form.Text, System: form.Word, Field: form.Word,
	Addr: form.Addr, Listener: form.Listener, Interface: form.Interface, Process: form.Text,
	At: form.Time, Source: form.Source, Target: form.Target, Template: form.Hex,
	Program: form.Path, Unit: form.Unit, Session: form.Scheme, Transaction: form.Scheme,
	Was: form.Pair, Now: form.Pair, Sample: form.Text, Reason: form.Text,
}

// grammar gives what tells a value under k; nil for a key that is not known.
func (k Key) grammar() func(string) bool {
	if own, ok := strings.CutPrefix(string(k), "x-"); ok && form.Name(own) {
		return form.Text
	}
	return grammars[k]
}

// Validate reports whether the key is known and the value keeps its grammar.
func (a Attr) Validate() error {
	valid := a.Key.grammar()
	if valid == nil {
		return fmt.Errorf("attribute key %q is not known", clip(string(a.Key), 40))
	}
	if a.Value == "" || len(a.Value) > maxValue || !valid(a.Value) {
		return fmt.Errorf("attribute %s has a malformed value %q", a.Key, clip(a.Value, 80))
	}
	return nil
}

// Labels reports whether values under k are what a thing is, such as may label a
// number, and not how it is at the moment.
func (k Key) Labels() bool { return !k.evidenceOnly() && k != At }

// evidenceOnly reports whether values under k are no identity.
func (k Key) evidenceOnly() bool {
	switch k {
	case Was, Now, Sample, Reason:
		return true
	}
	return false
}

// AtTime gives t as an At attribute.
func AtTime(t time.Time) Attr { return Attr{At, t.UTC().Format(time.RFC3339Nano)} }

// ListenerOf gives a Listener attribute: network "tcp" or "udp", and where it listens.
func ListenerOf(network string, addr netip.AddrPort) Attr {
	return Attr{Listener, network + "/" + addr.String()}
}

// String gives key=value with the value quoted as Go does.
func (a Attr) String() string { return string(a.Key) + "=" + strconv.Quote(a.Value) }
