package rpm_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/rpm"
)

// The lines of dep and of the key were recorded of rpm 4.18 with a package that was signed
// for it; the others are after them.
const signatures = `-- $ ["rpm", "-qa", "--queryformat", "upkeep\t%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%|DSAHEADER?{%{DSAHEADER:pgpsig}}:{%|RSAHEADER?{%{RSAHEADER:pgpsig}}:{%|SIGGPG?{%{SIGGPG:pgpsig}}:{%|SIGPGP?{%{SIGPGP:pgpsig}}:{(none)}|}|}|}|\t[%{PROVIDEVERSION} ]\n"] --
rpm: RPM should not be used directly install RPM packages, use Alien instead!
upkeep	bash	(none)	5.1.8	9.el9	x86_64	RSA/SHA512, Mon Nov 30 17:16:49 2026, Key ID 5ddd2aeeb5990a57	5.1.8-9.el9 
upkeep	gpg-pubkey	(none)	b5990a57	6b0daf7b	(none)	(none)	4:5ddd2aeeb5990a57-6b0daf7b 4:5ddd2aeeb5990a57-6b0daf7b 
upkeep	gpg-pubkey	(none)	11111111	6b0daf7b	(none)	(none)	0:11111111-6b0daf7b 
upkeep	kernel-core	(none)	5.14.0	570.el9	x86_64	RSA/SHA512, Mon Nov 30 17:16:49 2026, Key ID 5ddd2aeeb5990a57	1 
upkeep	kernel-core	(none)	5.14.0	503.el9	x86_64	(none)	1 
upkeep	openssl-libs	1	3.2.2	6.el9	x86_64	RSA/SHA512, Mon Nov 30 17:16:49 2026, Key ID 1234567811111111	1 
upkeep	glibc	(none)	2.34	125.el9	i686	(none)	1 
upkeep	glibc	(none)	2.34	125.el9	x86_64	RSA/SHA512, Mon Nov 30 17:16:49 2026, Key ID 5ddd2aeeb5990a57	1 
`

func TestWhatAKeyThatRpmTrustsSignedIsOffered(t *testing.T) {
	m := &rpm.Manager{Host: hosttest.New("after documentation (rpm(8))" + inventory + signatures).Host()}
	all := []string{"rpm:bash", "rpm:kernel-core", "rpm:openssl-libs", "rpm:glibc", "rpm:glibc:i686", "rpm:none"}
	got, err := m.Offered(t.Context(), all)
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{
		"rpm:bash": true, "rpm:kernel-core": false, "rpm:openssl-libs": false, "rpm:glibc": true, "rpm:glibc:i686": false,
	}, got, "one of two kernels is anybody's, and half of an id of a key is no key")

	var none []string
	for line := range strings.Lines(signatures) {
		if !strings.Contains(line, "Key ID") {
			none = append(none, line)
		}
	}
	m = &rpm.Manager{Host: hosttest.New("after documentation (rpm(8))" + inventory + strings.Join(none, "")).Host()}
	_, err = m.Offered(t.Context(), all)
	assert.ErrorContains(t, err, "the signature of no package", "an rpm that keeps them elsewhere is not known")
}
