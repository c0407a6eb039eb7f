package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const secret = "s3cr3t-v4lue-0123456789"

var leaks = []string{
	"-----BEGIN OPENSSH PRIVATE KEY-----\n" + secret + "\n-----END OPENSSH PRIVATE KEY-----",
	"-----BEGIN RSA PRIVATE KEY-----\n" + secret, // cut off
	"https://user:" + secret + "@example.org/x", "Authorization: Basic " + secret, `"authorization": "Bearer ` + secret + `"`,
	"sent bearer " + secret, "password=" + secret, "db.passwd: '" + secret + "'", "PGPASSWORD=" + secret + " psql",
	"client_secret = " + secret, "secret_key: " + secret, "--token=" + secret, "api-key=" + secret, "psk=" + secret,
	"PresharedKey = " + secret, "GET /?access_token=" + secret + "&x=1",
}

func TestSecretsAreReplacedByTheirMark(t *testing.T) {
	r := New([]byte("key"))
	for _, text := range leaks {
		got := r.Text(text)
		assert.NotContains(t, got, secret, text)
		assert.Contains(t, got, "«secret:", text)
		assert.Equal(t, got, r.Text(got), "twice is once")
	}
	for _, token := range []string{
		"AKIAIOSFODNN7EXAMPLE", "ghp_0123456789abcdefghijABCDEFGHIJ012345",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.c2lnbmF0dXJl", "root:$6$saltsalt$abcdefghijklmnopqrstuvwxyzABCDEF/:19000:0",
		"$2b$12$abcdefghijklmnopqrstuuKLMNOPQRSTUVWXYZabcdefghijklmno",
	} {
		assert.Contains(t, r.Text("x "+token), "«secret:", token)
	}
}

func TestOrdinaryTextStays(t *testing.T) {
	r := New(nil)
	for _, text := range []string{
		"", "/etc/passwd changed", "sshd: Failed password for root from 192.0.2.1 port 22 ssh2", "https://example.org/a:b@c",
		"user@example.org", "passwd[7]: pam_unix(passwd:chauthtok): password changed for ann", "the key is under the mat", "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----", "a\xff\xfeb",
	} {
		assert.Equal(t, text, r.Text(text))
	}
}

func TestMarkTellsSecretsApartAndHidesThem(t *testing.T) {
	a, b := New([]byte("a")), New([]byte("b"))
	assert.Equal(t, a.Mark("x"), a.Mark("x"))
	assert.NotEqual(t, a.Mark("x"), a.Mark("y"))
	assert.NotEqual(t, a.Mark("x"), b.Mark("x"))
}

// Whatever stands around a secret, it goes.
func FuzzText(f *testing.F) {
	for _, text := range leaks {
		f.Add(text, text)
	}
	r := New(nil)
	f.Fuzz(func(t *testing.T, before, after string) {
		text := before + " password=" + secret + " " + after
		if strings.Contains(before+after, secret) {
			return
		}
		if got := r.Text(text); strings.Contains(got, secret) {
			t.Fatalf("%q\n%q", text, got)
		}
	})
}
