package files_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestAListThatNamesAProgramOfNoPackageIsAWarning(t *testing.T) {
	for name, c := range map[string]struct {
		file, text, doubt string
	}{
		"a shell of a package":            {"etc/shells", "# shells\n/bin/sh\n", ""},
		"a link to one, of nobody":        {"etc/shells", "/bin/link\n", ""},
		"a shell of nobody":               {"etc/shells", "/bin/sh\n/opt/x\n", "It names /opt/x, which no package owns."},
		"a program without a folder":      {"etc/mailcap", "text/plain; sh '%s' < /dev/null; copiousoutput\n", ""},
		"a viewer of nobody":              {"etc/mailcap", "text/*; /opt/x '%s'\n", "It names /opt/x, which no package owns."},
		"a test of nobody":                {"etc/mailcap", "text/*; /bin/sh; test=/opt/x\n", "It names /opt/x, which no package owns."},
		"a viewer of nobody behind a way": {"etc/mailcap", "text/*; /bin/../opt/x\n", "It names /opt/x, which no package owns."},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, map[string]string{"etc/other": "", "bin/sh": "x"})
			b.do(os.Symlink("sh", b.root+"/bin/link"))
			b.check.Attestor = integritytest.Claims{"/" + c.file: {}, "/bin/sh": {Package: "deb:sh"}, "/bin/link": {}, "/opt/x": {}}
			b.run()
			b.write(c.file, c.text)
			_, res := b.run()
			f := about(t, res, "/"+c.file)
			assert.Equal(t, c.doubt != "", f.Severity == report.Warning)
			assert.Contains(t, f.Detail, c.doubt)
		})
	}
}

// certificate is one of its own, as a file of a package has it.
func certificate(t *testing.T, name string) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	as := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}}
	der, err := x509.CreateCertificate(nil, as, as, public, private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestCertificatesAreThoseOfThePackageOrAWarning(t *testing.T) {
	const shipped, bundle = "usr/share/ca-certificates/mozilla/", "etc/ssl/certs/ca-certificates.crt"
	one, two, evil, own := certificate(t, "one"), certificate(t, "two"), certificate(t, "evil"), certificate(t, "own")
	for name, c := range map[string]struct {
		bundle string
		two    string // what stands in the package's place
		doubt  string
		of     bool // it is the package's
	}{
		"those of the package":      {one + two, two, "", true},
		"the administrator's own":   {one + own, two, "", false},
		"one beside them":           {one + evil + two, two, "a certificate that no package brought: CN=evil.", false},
		"one in a package's place":  {one + evil, evil, "a certificate that no package brought: CN=evil.", false},
		"one of them less, no harm": {one, two, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, map[string]string{"bin/x": "", bundle: one, shipped + "one.crt": one, shipped + "two.crt": c.two, "usr/local/share/ca-certificates/own.crt": own})
			b.check.Attestor = integritytest.Claims{
				"/" + bundle: {}, "/" + shipped + "one.crt": md5Of("deb:ca-certificates", one), "/" + shipped + "two.crt": md5Of("deb:ca-certificates", two),
				"/etc/ssl/certs/one.pem": {}, "/etc/ssl/certs/1.0": {}, "/etc/ssl/certs/evil.pem": {}, "/opt/evil.pem": {},
			}
			b.run()
			b.write(bundle, c.bundle+"\n")
			b.do(os.Symlink("/"+shipped+"one.crt", b.root+"/etc/ssl/certs/one.pem"))
			b.do(os.Symlink("one.pem", b.root+"/etc/ssl/certs/1.0"))
			b.do(os.Symlink("/opt/evil.pem", b.root+"/etc/ssl/certs/evil.pem"))
			_, res := b.run()
			f := about(t, res, "/"+bundle)
			assert.Equal(t, c.doubt != "", f.Severity == report.Warning, f.Detail)
			assert.Contains(t, f.Detail, c.doubt)
			for path, named := range map[string]bool{"/" + bundle: c.of, "/etc/ssl/certs/one.pem": true, "/etc/ssl/certs/1.0": true, "/etc/ssl/certs/evil.pem": false} {
				assert.Equal(t, named, packagesOf(about(t, res, path)) != nil, path)
			}
		})
	}
}
