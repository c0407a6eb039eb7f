package survey_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory/survey"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

const rocky = `rocky: after documentation (os-release(5), dnf-module(8))
-- / dir complete=tree --
-- /etc/os-release --
ID=rocky
VERSION_ID="9.4"
-- /proc/sys/kernel/random/boot_id --
5f0c1d7e-8a52-4b7e-9d3c-2f6f1a0b9c8d
-- /etc/hostname --
web
-- /etc/dnf/modules.d/nginx.module --
[nginx]
name=nginx
stream=1.24
state=enabled
-- /etc/dnf/modules.d/php.module --
[php]
name=php
stream=8.1
state=disabled
-- $ ["uname", "-snrm"] --
Linux web 5.14.0-427.el9.x86_64 x86_64
`

func TestTheKernelThatRunsAndTheStreamsAreFound(t *testing.T) {
	info := pkgupdate.Info{ID: "rpm", Type: "rpm", Scheme: version.RPM}
	var installed []pkgupdate.Package
	for _, v := range []string{"5.14.0-427.el9", "5.14.0-503.el9"} {
		p, err := pkgupdate.Parsed(info, "kernel-core", "x86_64", v)
		require.NoError(t, err)
		installed = append(installed, p)
	}
	s, err := survey.System(t.Context(), hosttest.New(rocky).Host(), info, installed)
	require.NoError(t, err)
	assert.Equal(t, "rocky 9.4", s.ID+" "+s.Release)
	assert.Equal(t, map[string]string{"nginx": "1.24"}, s.Modules)
	require.Len(t, s.Running, 1)
	assert.Equal(t, installed[0], s.Running[0].Pkg)
	assert.True(t, s.Running[0].Kernel)
	assert.Equal(t, []string{"rpm:kernel-core", "rpm:kernel-core"}, s.Idle())

	_, err = survey.System(t.Context(), hosttest.New(strings.Replace(rocky, "-427.el9.x", "-1.el9.x", 1)).Host(), info, installed)
	assert.ErrorIs(t, err, survey.ErrKernel, "a kernel that no package has is told")
}
