package logwatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuiltinRulesCompile(t *testing.T) {
	require.NotPanics(t, func() { Builtin() })
}

func TestKernelChatterIsRoutineOnlyWhenItIsMild(t *testing.T) {
	rules := Builtin()
	line := Line{Tag: []byte("kernel"), Message: []byte("usb 1-1: new high-speed USB device number 2"), Priority: 6}
	assert.Equal(t, Ignore, rules.Classify(line).Level)
	line.Message = []byte("usb 1-1: device descriptor read error -71")
	assert.Equal(t, Unexplained, rules.Classify(line).Level)
	line = Line{Tag: []byte("kernel"), Message: []byte("x86/fpu: Supporting XSAVE feature"), Uptime: []byte("0.000000")}
	assert.Equal(t, Ignore, rules.Classify(line).Level)
	line.Uptime = []byte("5000")
	assert.Equal(t, Unexplained, rules.Classify(line).Level)
	line.Uptime = []byte("5000.1")
	assert.Equal(t, Unexplained, rules.Classify(line).Level)
}
