package accounts_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/integrity/inventory/accounts"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestTheFormOfAccountFilesIsInspected(t *testing.T) {
	titles := func(found []report.Finding) string {
		var out []string
		for _, f := range found {
			out = append(out, f.Title)
		}
		return strings.Join(out, "\n")
	}
	for text, want := range map[string]string{
		"root:x:0:\nsudo:x:27:ann,eve\n":  "",
		"a:x:1:\na:x:2:\n":                "The group a is in /etc/group twice, on the lines 1 and 2",
		"a:x:0:\nb:x:0:\n":                "The groups a and b have the same number, 0",
		"a:x:1:\n+:::\n":                  "Lines of /etc/group send programs to another machine for accounts",
		"a:x:1\n":                         "Line 1 of /etc/group cannot be read: it has 3 fields",
		"a:x:-1:\n":                       `Line 1 of /etc/group cannot be read: "-1" is no group number`,
		"a b:x:1:\n":                      `Line 1 of /etc/group cannot be read: the name "a b" has other bytes than letters and digits`,
		"a\xff:x:1:\n":                    `Line 1 of /etc/group cannot be read: the name "a\xff" has other bytes than letters and digits`,
		strings.Repeat("g", 33) + ":x:1:": `Line 1 of /etc/group cannot be read: the name "ggggggggggggggggggggggggggggggggg" is longer than 32 bytes`,
	} {
		assert.Equal(t, want, titles(accounts.InspectGroup([]byte(text))), text)
	}
	for text, want := range map[string]string{
		"root:x:0:0::/root:/bin/sh\nhost$:x:1:1::/:\n": "",
		"+\n":                     "Lines of /etc/passwd send programs to another machine for accounts",
		"a!:x:7:7::/:/bin/sh\n":   `Line 1 of /etc/passwd cannot be read: the name "a!" has other bytes than letters and digits`,
		"a:x:-7:7::/:/bin/sh\n":   `Line 1 of /etc/passwd cannot be read: "-7" is no user number`,
		"a:x:7:-7::/:/bin/sh\n":   `Line 1 of /etc/passwd cannot be read: "-7" is no group number`,
		"a:x:7:7::/:/bin/sh:y\n":  "Line 1 of /etc/passwd cannot be read: it has 8 fields",
		"\u202ea:x:7:7::/:/bin\n": `Line 1 of /etc/passwd cannot be read: the name "\u202ea" has other bytes than letters and digits`,
	} {
		assert.Equal(t, want, titles(accounts.InspectPasswd([]byte(text))), text)
	}
}
