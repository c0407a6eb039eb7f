package backuptest

import "strings"

// Secrets gives files of a system by their paths, as programs want them, each with
// the secret in it: a report, a difference, a log, a temporary file and a command
// line never have it.
func Secrets(secret string) map[string]string {
	files := map[string]string{}
	for name, form := range secrets {
		files[name] = strings.ReplaceAll(form, "§", secret)
	}
	return files
}

// § stands for the secret.
var secrets = map[string]string{
	"/etc/shadow":                     "eve:$6$salt$§:20000:0:99999:7:::\n",
	"/etc/shadow-":                    "eve:$6$salt$§:20000:0:99999:7:::\n",
	"/etc/gshadow":                    "sudo:§::eve\n",
	"/etc/security/opasswd":           "eve:1000:1:$6$salt$§\n",
	"/etc/nginx/.htpasswd":            "eve:$apr1$salt$§\n",
	"/etc/app.ini":                    "[db]\npassword = §\n",
	"/etc/app.yaml":                   "db:\n  password: §\n",
	"/etc/app.json":                   "{\"db\": {\"password\": \"§\"}}\n",
	"/etc/app.xml":                    "<db user=\"a\"><password>§</password></db>\n",
	"/etc/tomcat/users.xml":           "<user username=\"a\" password=\"§\" roles=\"admin\"/>\n",
	"/etc/nginx/site.conf":            "proxy_set_header Authorization \"Basic §\";\n",
	"/etc/postfix/sasl_passwd":        "[mail.example.org]:587 eve:§\n",
	"/etc/postfix/mysql.cf":           "user = eve\npassword = §\n",
	"/root/.my.cnf":                   "[client]\npassword=\"§\"\n",
	"/etc/wpa_supplicant/w.conf":      "network={\n\tssid=\"x\"\n\tpsk=\"§\"\n}\n",
	"/etc/NetworkManager/w":           "[wifi-security]\npsk=§\n",
	"/etc/wireguard/wg0.conf":         "[Interface]\nPrivateKey = §\n",
	"/etc/url.conf":                   "remote = https://eve:§@example.org/x\n",
	"/etc/ssl/private/a.key":          "-----BEGIN PRIVATE KEY-----\n§\n-----END PRIVATE KEY-----\n",
	"/root/.aws/credentials":          "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = §\n",
	"/root/.netrc":                    "machine example.org login eve password §\n",
	"/root/.pgpass":                   "db:5432:*:eve:§\n",
	"/etc/ipsec.secrets":              ": PSK \"§\"\n",
	"/etc/ppp/chap-secrets":           "eve * § *\n",
	"/etc/ppp/pap-secrets":            "eve * \"§\" *\n",
	"/etc/rsyncd.secrets":             "eve:§\n",
	"/etc/exim4/passwd.client":        "*.example.org:eve:§\n",
	"/etc/freeradius/clients.conf":    "client x {\n\tsecret = §\n}\n",
	"/etc/bind/rndc.key":              "key \"rndc-key\" {\n\talgorithm hmac-sha256;\n\tsecret \"§\";\n};\n",
	"/etc/snmp/snmpd.conf":            "rocommunity §\ncreateUser eve SHA \"§\" AES §\n",
	"/etc/nslcd.conf":                 "bindpw §\n",
	"/etc/pam_ldap.secret":            "§\n",
	"/etc/ldap.secret":                "§\n",
	"/etc/msmtprc":                    "account a\npassword §\n",
	"/etc/openvpn/auth.txt":           "eve\n§\n",
	"/etc/cryptsetup-keys.d/disk.key": "§",
	"/etc/app/secret":                 "§\n",
	"/etc/app/password.txt":           "§\n",
	"/etc/app/token":                  "§\n",
	"/etc/default/app":                "API_TOKEN='§'\n",
	"/etc/cron.d/job":                 "1 2 * * * root mysqldump -uroot -p§ shop\n",
	"/etc/samba/credentials":          "username=eve\npassword=§\n",
	"/etc/mosquitto/passwd":           "eve:$7$101$§\n",
	"/etc/dovecot/users":              "eve:{SHA512-CRYPT}$6$salt$§:1000:1000::/home/eve\n",
	"/root/.git-credentials":          "https://eve:§@example.org\n",
	"/root/.docker/config.json":       "{\"auths\": {\"x\": {\"auth\": \"§\"}}}\n",
	"/etc/haproxy.cfg":                "  user eve insecure-password §\n",
	"/etc/munge.conf":                 "community = §\n",
	"/etc/keepalived.conf":            "authentication {\n auth_type PASS\n auth_pass §\n}\n",
	"/etc/bareos.conf":                "Password = \"§\"\n",
	"/etc/redis.conf":                 "requirepass §\nmasterauth §\n",
	"/etc/ssmtp.conf":                 "AuthUser=eve\nAuthPass=§\n",
	"/etc/sudoers.d/x":                "Defaults env_keep += \"X\"\neve ALL=(ALL) /bin/mysql -u root -p§\n",
	"/etc/fstab":                      "//nas/x /x cifs user=a,password=§ 0 0\n",
	"state:schema-mysql":              "CREATE USER eve IDENTIFIED BY '§';\n",
	"/etc/hostapd.conf":               "wpa_passphrase=§\n",
	"/etc/racoon/psk.txt":             "10.0.0.1 §\n",
	"/etc/krb5kdc/kadm5.stash":        "\x00§",
	"/etc/jwt.conf":                   "auth eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.§\n",
}
