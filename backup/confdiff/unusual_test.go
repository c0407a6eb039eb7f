package confdiff_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/backup/confdiff"
)

// unusual has files in which a secret, §, stands in a syntax that formats allow and few
// people use: over several lines, in lists, behind tags, in quotes of quotes, with blanks.
var unusual = map[string]string{
	"/etc/a.yaml":                   "password: |\n  first\n  second§",
	"/etc/a1.yaml":                  "password: >-\n  first line\n  second§",
	"/etc/a2.yaml":                  "tokens:\n  - §\n  - §",
	"/etc/a3.yaml":                  "passwords: [\"§\", \"§\"]",
	"/etc/a4.json":                  "{\"tokens\": [\"x1\", \"§\"]}",
	"/etc/a5.yaml":                  "password: !!str §",
	"/etc/a6.yaml":                  "password: &pw §",
	"/etc/a7.yaml":                  "password: \"first\n  second§\"",
	"/etc/a8.yaml":                  "password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162636465§",
	"/etc/b.xml":                    "<property name=\"password\" value=\"§\"/>",
	"/etc/b1.xml":                   "<entry key=\"db.password\">§</entry>",
	"/etc/b2.xml":                   "<password><![CDATA[§]]></password>",
	"/etc/b3.plist":                 "<key>Password</key>\n<string>§</string>",
	"/etc/b4.xml":                   "<property><name>javax.jdo.option.ConnectionPassword</name><value>§</value></property>",
	"/etc/b5.xml":                   "<property value=\"§\" name=\"password\"/>",
	"/etc/b6.xml":                   "<password encrypted=\"false\">§</password>",
	"/etc/systemd/system/a.service": "[Service]\nEnvironment=DB_PASS=§\nEnvironment=\"A=b\" \"DB_SECRET=one §\"",
	"/etc/systemd/system/b.service": "[Service]\nSetCredential=token:§",
	"/etc/systemd/system/c.service": "[Service]\nExecStart=/usr/bin/x -password § --db-pass '§ §'",
	"/etc/systemd/system/d.service": "[Service]\nEnvironment='DB_PASSWORD=one two§'",
	"/etc/systemd/system/e.service": "[Service]\nEnvironment=\"DB_PASSWORD=one two§\"",
	"/etc/NetworkManager/system-connections/x": "[wifi-security]\npsk=correct horse §",
	"/etc/app.ini":                     "[db]\npassword = correct horse §",
	"/etc/app2.ini":                    "password=abc'§",
	"/etc/app3.ini":                    "password=abc\"§",
	"/etc/app4.toml":                   "password = \"\"\"§\"\"\"",
	"/etc/app5.toml":                   "password = '''\n§'''",
	"/etc/app6.py":                     "SECRET_KEY = r'§'\nPASSWORD = b\"§\"",
	"/etc/app7.py":                     "PASSWORD = (\"§\")",
	"/etc/app8.sh":                     "export DB_PASSWORD=$'§'",
	"/etc/app9.sh":                     "PASS='abc'\"'\"'§'",
	"/etc/app10.sh":                    "PASSWORD=abc\\ §",
	"/etc/compose.yml":                 "  POSTGRES_PASSWORD: ${PW:-§}",
	"/etc/app11.properties":            "password = abc\\\n   §",
	"/etc/app12.ldif":                  "userPassword:: §",
	"/etc/app13.conf":                  "password == \"§\"",
	"/etc/app14.conf":                  "password ?= §",
	"/etc/ldap/slapd2.conf":            "syncrepl rid=1 provider=ldap://x bindmethod=simple binddn=\"cn=a\" credentials=§",
	"/etc/sssd/sssd.conf":              "ldap_default_authtok = §",
	"/etc/rails.yml":                   "secret_key_base: §",
	"/etc/wp-config.php":               "define('AUTH_SALT', '§');",
	"/etc/nextcloud.php":               "'passwordsalt' => '§',",
	"/etc/grub.d/40_custom":            "set superusers=\"root\"\npassword root §",
	"/etc/grub.d/41":                   "password_pbkdf2 root grub.pbkdf2.sha512.10000.§",
	"/etc/cron.d/a":                    "0 1 * * * root mysql -u root -p'one §' db",
	"/etc/cron.d/b":                    "0 1 * * * root curl -u 'eve:one §' http://x",
	"/etc/cron.d/c":                    "0 1 * * * root imapsync --user1 a --password1 § --password2 §",
	"/etc/cron.d/d":                    "0 1 * * * root nsupdate -y hmac-sha256:name:§",
	"/etc/cron.d/e":                    "0 1 * * * root net ads join -U admin%§",
	"/etc/cron.d/f":                    "0 1 * * * root sqlplus scott/§@db @x.sql",
	"/etc/cron.d/g":                    "0 1 * * * root echo § | sudo -S x",
	"/etc/cron.d/h":                    "0 1 * * * root echo \"§\" | passwd --stdin eve",
	"/etc/cron.d/i":                    "0 1 * * * root sshpass -p 'one §' ssh x",
	"/etc/cron.d/j":                    "0 1 * * * root x --password 'one §'",
	"/etc/cron.d/k":                    "0 1 * * * root aws configure set aws_secret_access_key §",
	"/etc/cron.d/l":                    "0 1 * * * root rar a -hp§ x",
	"/etc/cron.d/m":                    "0 1 * * * root wget --user=eve --password=§ http://x",
	"/etc/cron.d/n":                    "0 1 * * * root curl \"https://x/?access_token=§&auth=§\"",
	"/etc/cron.d/o":                    "0 1 * * * root xfreerdp /u:eve /p:§",
	"/etc/dsn1":                        "dsn = user:§@tcp(127.0.0.1:3306)/db",
	"/etc/dsn2":                        "http_proxy=eve:§@proxy:3128",
	"/etc/dsn3":                        "url=postgres://u:#§@h/db",
	"/etc/dsn4":                        "url=jdbc:oracle:thin:scott/§@h:1521:x",
	"/etc/x.ppk":                       "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n§AAAA\nPrivate-MAC: 00§",
	"/etc/y":                           "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n§\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
	"/etc/identity":                    "AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQ§",
	"/etc/signify.sec":                 "untrusted comment: signify secret key\nRWRCSwAAAAB§",
	"/etc/openvpn/c2.conf":             "<tls-crypt-v2>\n-----BEGIN OpenVPN tls-crypt-v2 client key-----\n§\n-----END OpenVPN tls-crypt-v2 client key-----\n</tls-crypt-v2>",
	"/etc/openvpn/c3.conf":             "<auth-user-pass>\neve\n§\n</auth-user-pass>",
	"/etc/pgbouncer/userlist.txt":      "\"eve\" \"§\"",
	"/etc/tinyproxy/tinyproxy.conf":    "BasicAuth eve §",
	"/etc/3proxy/3proxy.cfg":           "users eve:CL:§",
	"/etc/redis/users.acl":             "user eve on >§ ~* +@all",
	"/etc/rabbitmq/rabbitmq.config":    "{default_pass, <<\"§\">>}",
	"/etc/tgt/targets.conf":            "incominguser eve §",
	"/etc/ha.d/authkeys":               "auth 1\n1 sha1 §",
	"/etc/.erlang.cookie":              "§",
	"/root/.mbsyncrc":                  "Pass §",
	"/etc/exim4/exim4.conf":            "client_send = ^eve^§",
	"/etc/exim4/exim5.conf":            "client_send = : eve : §",
	"/etc/apache2/s.conf":              "SessionCryptoPassphrase §",
	"/etc/freeradius/users":            "eve User-Password == \"§\"",
	"/etc/coturn.conf":                 "user=eve:§",
	"/etc/asterisk/sip.conf":           "register => eve:§@sip.example.org/1",
	"/etc/apache2/htdigest":            "eve:realm:§",
	"/etc/php.ini":                     "mysqli.default_pw = §",
	"state:schema-mysql":               "CREATE USER eve IDENTIFIED WITH mysql_native_password AS '*§';",
	"/etc/gitea.ini":                   "PASSWD = `one §`",
	"/etc/h1":                          "x: pbkdf2_sha256$260000$salt$§AAAAAAAAAAAAAAAAAAAAA",
	"/etc/h2":                          "eve:$pbkdf2-sha256$29000$salt$§AAAAAAAAAAAAAAAAAAAAA",
	"/etc/t1":                          "SENDGRID=SG.§AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	"/etc/t2":                          "OPENAI=sk-proj-§AAAAAAAAAAAAAAAA1234567890",
	"/etc/t3":                          "v = hvs.§AAAAAAAAAAAAAAAA1234567890",
	"/etc/nagios.cfg":                  "command_line check_mysql -H x -u nagios -p §",
	"/etc/nagios2.cfg":                 "command_line check_snmp -H x -C §",
	"/etc/haproxy.cfg":                 "userlist x\n  user eve insecure-password § groups a",
	"/etc/frr.conf":                    "username eve password 7 §\ntacacs-server key §",
	"/etc/mysqldump.cnf":               "[client]\npassword = \"one two§\"",
	"/etc/pam_mysql":                   "auth required pam_mysql.so user=a passwd=§ host=b",
	"/etc/bird.conf":                   "authentication-key \"§\";",
	"/root/.s3cfg":                     "secret_key = §",
	"/root/.config/rclone/rclone.conf": "pass = §\nclient_secret = §\ntoken = {\"access_token\":\"§\",\"refresh_token\":\"§\",\"expiry\":\"2\"}",
	"/etc/jaas.conf":                   "username=\"admin\" password=\"§\";",
	"/etc/kube.yaml":                   "    client-key-data: §§§§\n    token: §",
	"/etc/kubesecret.yaml":             "kind: Secret\ndata:\n  username: x\n  foo: §",
	"/etc/netplan.yaml":                "  access-points: {\"ssid\": {password: \"§ §\"}}",
	"/etc/zabbix.conf":                 "DBPassword=one §",
	"/etc/nginx/x.conf":                "secure_link_md5 \"$secure_link_expires$uri §\";",
	"/root/.subversion/auth/x":         "K 8\npassword\nV 20\n§",
	"/etc/tor/torrc":                   "ClientOnionAuth x:descriptor:x25519:§",
	"/etc/monit/m2":                    "allow eve:\"§\"",
	"/etc/aws2":                        "aws_session_token=§/a+b==",
	"/etc/azure":                       "AccountKey=§==;EndpointSuffix=x\nSharedAccessSignature=sv=1&sig=§%3D",
	"/etc/x500":                        "Password=a;Pwd=b;PASSWORD=\"x;§\"",
	"/etc/ansible/hosts":               "h1 ansible_ssh_pass=§ ansible_become_pass='one §'",
	"/var/spool/cron/crontabs/eve":     "MAILTO=x\nAPI_TOKEN=\"one §\"\n5 4 * * * curl -H \"Authorization: Bearer §\" -u 'a:b §' https://u:§@h/x",
	"/etc/ssh/sshd_config":             "Match User x\n  ForceCommand /bin/x --password 'a §'",
	"/etc/sysctl.d/x.conf":             "kernel.secret_token = a §",
	"/etc/sudoers":                     "eve ALL=(ALL) NOPASSWD: /bin/x --db-password=§",
	"/etc/fstab":                       "//nas/x /x cifs username=a,password=§,uid=0 0 0",
	"/root/.ssh/authorized_keys":       "command=\"x --token '§ §'\" ssh-ed25519 AAAAC3Nz eve",
	"/etc/passwd":                      "eve:§:1000:1000::/home/eve:/bin/sh",
	"/etc/group":                       "sudo:§:27:eve",
	"/etc/cron.d/y":                    "5 4 * * * root export PGPASSWORD='a §'; psql -c \"alter role x password '§ §'\"",
	"/etc/cron.d/z":                    "5 4 * * * root PASSWORD=`cat /x` x; echo 'u:§' | chpasswd; wget --header=\"X-Auth-Token: §\" https://x/?token=§",
	"/etc/netrc":                       "machine x\nlogin y\npassword \"a\n§\"",
	"/etc/wpa":                         "network={ ssid=\"a b\" psk=\"a b §\" }",
	"/etc/jenkins.xml":                 "<hudson.plugins.x password=\"§\" secretKey=\"§\"/>",
	"/etc/php/x.php":                   "$db = new PDO('mysql:host=x', 'user', '§');",
	"/etc/mail.rc":                     "set smtp-auth-password=a\\ §",
	"/etc/php2.php":                    "$config['db']['password'] = 'a' . '§';",
	"/etc/java2.properties":            "db.password   §",
	"/etc/json5":                       "{ password : '§', \"passWord\" : \"§\", 'PASSWORD':\"§\" }",
	"/etc/json6":                       "{\"name\":\"password\",\"type\":\"x\",\"value\":\"§\"}",
	"/etc/json7":                       "{\"key\": \"DB_PASSWORD\", \"value\": \"§\"}",
	"/etc/yaml11":                      "users:\n  - {name: eve, passwd: $6$x$§, lock_passwd: false}\n  - plain_text_passwd: '§ §'",
	"/etc/hcl":                         "password = <<EOT\n§\nEOT",
	"/etc/nsd.conf":                    "secret: \"§/+==\"",
	"/etc/zabbix_agent.psk":            "§",
	"/etc/ssl/x.pem":                   "-----BEGIN ENCRYPTED PRIVATE KEY-----\n§",
	"/etc/b64":                         "data: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tS3cret§",
	"/etc/gpg":                         "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n§\n-----END PGP PRIVATE KEY BLOCK-----",
	"/etc/crlf.ini":                    "password = a §\nx = y",
	"/etc/vault":                       "vault_token: hvs.§AAAAAAAAAAAAAAAA",
	"/etc/dhcp":                        "key omapi_key { algorithm hmac-md5; secret §; }",
	"/etc/radius":                      "client x { secret=\"§ §\" }",
	"/etc/mosq":                        "connection_messages true\nremote_password §\nbridge_psk §",
	"/etc/x2":                          "psk_identity eve\nbind_password: 'it''s §'",
	"/etc/x5":                          "proxy=socks5://eve:a:§@h:1",
	"/etc/x6":                          "  pass: \"\\u0041§\"",
	"/etc/x7":                          "password\t:\t§",
	"/etc/x9":                          "#password=§\n;password = a §\n// password: \"a §\"",
}

func TestSecretsInUnusualSyntaxAreHidden(t *testing.T) {
	for _, secret := range []string{"Pl4ntedS3cret0815", "9lantedWithoutMore8"} {
		for name, form := range unusual {
			text := strings.ReplaceAll(form, "§", secret)
			hidden := string(confdiff.Redact(name, []byte(text), []byte("k")))
			assert.NotContains(t, hidden, secret, name)
			assert.NotContains(t, strings.Join(confdiff.Of(name, nil, []byte(text), []byte("k")), "\n"), secret, name)
			assert.Equal(t, hidden, string(confdiff.Redact(name, []byte(hidden), []byte("k"))), "%s: what was hidden stays as it is", name)
			later := strings.ReplaceAll(form, "§", secret+"x")
			assert.NotEqual(t, hidden, string(confdiff.Redact(name, []byte(later), []byte("k"))), "%s: that it was changed shows", name)
		}
	}
}

func TestWhatStandsBesideASecretStays(t *testing.T) {
	for before, after := range map[string]string{
		"TOKEN=abc123 /usr/bin/curl http://example.org | sh\n":         "TOKEN=M /usr/bin/curl http://example.org | sh\n",
		"PGPASSWORD=abc psql -h db shop\n":                             "PGPASSWORD=M psql -h db shop\n",
		"password = abc def # of the shop\nuser = a b\n":               "password = M # of the shop\nuser = a b\n",
		"passwords:\n  - a1\n  - b2\nusers:\n  - ann\n":                "passwords:\n  M\nusers:\n  - ann\n",
		"password: |\n  one\n  two\nuser: ann\n":                       "password: |\n  M\nuser: ann\n",
		"password: ${PASSWORD}\n":                                      "password: ${PASSWORD}\n",
		"max_tokens: 4096\npasswords: 3\n":                             "max_tokens: 4096\npasswords: 3\n",
		"ssl_cipher_list = ALL:!MD5:!PSK:!aNULL\n":                     "ssl_cipher_list = ALL:!MD5:!PSK:!aNULL\n",
		"password:\n  valueFrom: x\n":                                  "password:\n  valueFrom: x\n",
		"Environment=\"DB_PASSWORD=one two\" \"USER=ann\"\n":           "Environment=\"DB_PASSWORD=M\" \"USER=ann\"\n",
		"<user name=\"ann\"><password>x y</password><id>7</id></user>": "<user name=\"ann\"><password>M</password><id>7</id></user>",
	} {
		hidden := string(confdiff.Redact("/etc/app", []byte(before), []byte("k")))
		assert.Equal(t, after, marked.ReplaceAllString(hidden, "M"))
	}
}

var marked = regexp.MustCompile(`«secret:[0-9a-f]{8}»`)
