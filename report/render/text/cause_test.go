package text

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report"
)

func TestManyProblemsOfOnePartHideNoOtherPart(t *testing.T) {
	var lines []string
	for _, c := range causesOf([]report.Problem{
		{Scope: "hooks/pam", Message: "read /etc/pam.d/a: input/output error"},
		{Scope: "hooks/pam", Message: "read /etc/pam.d/b: input/output error"},
		{Scope: "hooks/pam", Message: "read /etc/pam.d/c: input/output error"},
		{Scope: "mounted", Message: "read /etc/fstab: input/output error"},
		{Scope: "read-only", Message: "read /etc/fstab: input/output error"},
		{Message: "one"},
		{Message: "another"},
	}) {
		lines = append(lines, c.String())
	}
	assert.Equal(t, []string{
		"hooks/pam: read /etc/pam.d/a: input/output error, and 2 more",
		"mounted and read-only: read /etc/fstab: input/output error",
		"one",
		"another",
	}, lines)
}
