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
	// command lines
	"curl -u ann:" + secret + " https://example.org", "curl -sS --user 'ann:" + secret + "' x", "mysql -u root -p" + secret + " db", "mysqldump -p'" + secret + "' db",
	"sudo: ann : PWD=/ ; COMMAND=/usr/bin/mariadb-dump -uroot -p" + secret, "sshpass -p " + secret + " ssh x", "docker login -u ann -p " + secret, "echo 'ann:" + secret + "' | chpasswd", "X-Api-Key: " + secret, "ldapsearch -D cn=x -w " + secret, "redis-cli -a " + secret + " ping",
	"tool --password " + secret, "tool --api-key " + secret, "MYSQL_PWD=" + secret + " mysql", "Server=x;Uid=sa;Pwd=" + secret + ";",
	// headers
	"Authorization:\r\n Basic " + secret, "Set-Cookie: session=" + secret + "; Path=/", `{\"headers\":{\"Authorization\":\"Bearer ` + secret + `\"}}`,
	// addresses
	"postgres://ann:p@" + secret + "@db/x", "postgres://ann:a/b" + secret + "@db/x", "ftp://ann:1234" + secret + "@h:21/", "redis://:" + secret + "@h",
	// files
	"aws_secret_access_key = " + secret, `"SecretAccessKey": "` + secret + `"`, "AccountKey=" + secret + ";EndpointSuffix=x", "apiVersion: v1\nkind: Secret\ndata:\n  password: " + secret + "\n",
	"- name: DB_PASSWORD\n  value: " + secret, `{"name":"API_TOKEN","value":"` + secret + `"}`, "password: |\n  " + secret, "password: >-\n  " + secret, "password:\n  " + secret,
	`{"user":"ann","password":"with blanks ` + secret + `","x":1}`, `{"password":"a\"b` + secret + `"}`, `{\"password\":\"` + secret + `\"}`, "password='with blanks " + secret + "'", "{'passwd': '" + secret + "'}",
	"password=a," + secret, "password=a;" + secret + " x", "DSN: user=x,password=" + secret + ",host=y", "/etc/redis/password:" + secret, "/etc/app.conf:password: " + secret, "see /etc/app/token: " + secret,
	"example.org/api-token: " + secret, "app.pass: " + secret, `"passphrase" => "` + secret + `"`,
	// values that are no single word, or stand in something else
	"password: |\n  one\n  two " + secret, "passwords:\n- a\n- " + secret, `"tokens": ["a", "` + secret + `"]`, "password: \"one\n  two " + secret + `"`, `password = """` + secret + `"""`, "PASSWORD = b'" + secret + "'",
	"export PASSWORD=$'" + secret + "'", `PASS='a'"'"'` + secret + "'", "PASSWORD: ${PW:-" + secret + "}", "password = abc\\\n  " + secret, "userPassword:: " + secret, `User-Password == "` + secret + `"`, "password ?= " + secret,
	"psk=correct horse " + secret, `Environment="DB_PASSWORD=one ` + secret + `"`, "mysql -p'one " + secret + "' db", "curl -u 'ann:one " + secret + "' x", "tool --db-pass 'one " + secret + "'", "imapsync --password1 " + secret,
	"password: !!str " + secret, "password: &pw " + secret, "password: !vault |\n  $ANSIBLE_VAULT;1.1\n  " + secret, "secret_key_base: " + secret, "ldap_default_authtok = " + secret, "ann:" + secret + "@tcp(db:3306)/x",
	"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n" + secret + "\n---- END SSH2 ENCRYPTED PRIVATE KEY ----", "postgres://ann:#" + secret + "@db/x", "password=abc'" + secret,
	// pieces of keys
	"-----END RSA PRIVATE KEY-----\n-----BEGIN EC PRIVATE KEY-----\\n" + secret,
}

// A key is cut in the middle when a log has it, or the end of a bound.
var pieces = []string{
	"MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfnygWyF0cVgqJH4", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj", "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU",
	"LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlF", "Zm9vYmFyYmF6cXV4Zm9vYmFy\nYmF6cXV4Zm9vYmFyYmF6cXV4\n-----END RSA PRIVATE KEY-----",
}

func TestSecretsAreReplacedByTheirMark(t *testing.T) {
	r := New([]byte("key"))
	for _, text := range leaks {
		got := r.Text(text)
		assert.NotContains(t, got, secret, text)
		assert.Contains(t, got, "«secret:", text)
		assert.Equal(t, got, r.Text(got), "twice is once")
	}
	for _, piece := range pieces {
		assert.Contains(t, r.Text("key: "+piece), "«secret:", piece)
	}
	for _, token := range []string{
		"glpat-0123456789abcdefghij", "xoxb-012345678901-abcdefghij", "sk_live_0123456789abcdefghij", "{SSHA}0123456789abcdefghijABCDEFGH", "AIzaSyA0123456789abcdefghijABCDEFGHIJ01",
		"AKIAIOSFODNN7EXAMPLE", "AGE-SECRET-KEY-10123456789ABCDEFGHIJ", "SG.0123456789abcdefghij", "sk-proj-0123456789abcdefghij", "hvs.0123456789abcdefghij",
		"ann:$pbkdf2-sha256$29000$0123456789abcdefghij", "pbkdf2_sha256$260000$0123456789abcdefghij", "SCRAM-SHA-256$4096:0123456789abcdefghij", "ghp_0123456789abcdefghijABCDEFGHIJ012345",
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
		"user@example.org", "passwd[7]: pam_unix(passwd:chauthtok): password changed for ann", "the key is under the mat", "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n-----END CERTIFICATE-----", "a\xff\xfeb",
		"open /etc/security/opasswd: permission denied", "read '/run/secrets/token: is a directory'", "cat: /root/.my_secret: No such file or directory", "~/.vault-token: Permission denied",
		"./token: input/output error", "passwd:         files systemd", "passwd: password updated successfully", "passwd: pam_unix(passwd:chauthtok): password changed for ann",
		"sudo: ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/mysql -p -u root", "sudo: ann : PWD=unknown ; USER=root", "private_key = /etc/ssl/private/x.key", "smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd",
		"syntax error near unexpected token: x", "the token\n= Heading", "Password:\nnext line", "password:\n  valueFrom: x", "password: ****", `{"token":null}`, "http://example.org:8080/a@b", `{"url":"http://h:80","mail":"a@b.c"}`,
		"ann ALL=(root) NOPASSWD: ALL", "ann ALL=(root) PASSWD: ALL, NOPASSWD: /bin/ls", "SSH_ASKPASS=/usr/lib/ssh/x11-ssh-askpass", "PASS: 12 tests", `<a accesskey="n">`, "passwd=$(getent passwd x)", "sort key: name", "the primary_key=id5 of it", "private_key = $dir/private/x.pem",
		"https://h:443?x=a@b", "bearer authentication is off", "SASL LOGIN authentication failed: Password:, x", "bypass: on", "mysql -P 3306 -u root", "curl -u ann https://example.org:443/",
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
		got := r.Text(text)
		if strings.Contains(got, secret) || r.Text(got) != got {
			t.Fatalf("%q\n%q\n%q", text, got, r.Text(got))
		}
	})
}
