package logwatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTemplatesMaskWhatChanges(t *testing.T) {
	for msg, want := range map[string]string{
		"connect() to 192.0.2.1:25 failed (111: refused)":   "connect() to <addr> failed (<n>: refused)",
		"open /etc/x/y.conf: no such file":                  "open <path>: no such file",
		"id=550e8400-e29b-41d4-a716-446655440000 done":      "id=<n> done",
		"3F2A9C01B7: to nobody":                             "<n>: to nobody",
		"mail for anna@example.org, size=1234":              "mail for <mail>, size=<n>",
		"eth0: link up, 1000Mbps":                           "eth<n>: link up, <n>Mbps",
		"took 12.5s at [0xffffffff81000000]":                "took <n>s at [<n>]",
		"peer 2001:db8::1 gone":                             "peer <addr> gone",
		"query 'a.example/A/IN' from 192.0.2.1#4711":        "query '<name>' from <addr>#<n>",
		"client @0x7f3a5c0012d8 (www.example.org): x":       "client @<n> (<name>): x",
		"vethc81f90a left":                                  "veth<n> left",
		"UDP: [192.0.2.1]:55->[192.0.2.9]:161":              "UDP: [<n>]:<n>->[<n>]:<n>",
		"failed in (main)":                                  "failed in (main)",
		"no numbers at all":                                 "no numbers at all",
		"":                                                  "",
		"session opened for user anna(uid=1000) by (uid=0)": "session opened for user <name> by (uid=<n>)",
		"Account 'bert' is locked":                          "Account '<name>' is locked",
		"backup of Mon took long":                           "backup of <day> took long",
		"since Nov 2, not Jan 12":                           "since <day> <n>, not <day> <n>",
	} {
		assert.Equal(t, want, Template([]byte(msg)), msg)
	}
}

func TestTheTemplateIDIsTheSameOnEveryHost(t *testing.T) {
	assert.Equal(t, "29abeebf4a913f95", TemplateID([]byte("sshd"), "x <n>"))
}

func FuzzTemplate(f *testing.F) {
	f.Add([]byte("a=b 1.2.3.4 /x"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		got := Template(msg)
		if len(got) > 8*maxTemplate {
			t.Fatalf("template of %d bytes", len(got))
		}
	})
}

func FuzzClassify(f *testing.F) {
	rules := Builtin()
	f.Add([]byte("sshd"), []byte("Failed password for invalid user x from 192.0.2.1 port 4 ssh2"))
	f.Add([]byte("sudo"), []byte("anna : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh"))
	f.Add([]byte("kernel"), []byte("EXT4-fs error (device sda1): x"))
	f.Fuzz(func(t *testing.T, tag, msg []byte) {
		l := Line{Tag: tag, Message: msg}
		first := rules.Classify(l)
		if again := rules.Classify(l); again != first {
			t.Fatalf("two verdicts for one line: %v and %v", first, again)
		}
	})
}
