package logwatch

// sshRules are about who came in over SSH, and who tried.
func sshRules() []Rule {
	sshd := []string{"sshd", "sshd-session", "sshd-auth"}
	// sshd says the same once more, or PAM does: what stands in "Invalid user" or "Failed" is counted there.
	again := ignore("sshd-again", sshd,
		"Failed {w} for invalid user {*} from {addr} port {n}{*}", "error: PAM: {*} for illegal user {*} from {addr}", "error: maximum authentication attempts exceeded for invalid user {*}",
		"pam_unix(sshd:auth): authentication failure; {*}", "pam_sss(sshd:auth): authentication failure; {*}", "PAM {n} more authentication failure{*}", "PAM service({w}) ignoring max retries; {*}")
	const closeDoor = "Block or limit the addresses (fail2ban, firewall), and allow keys only: PasswordAuthentication no in sshd_config."
	return []Rule{
		again,
		{
			ID: "ssh.root-login", Level: Warning, Tags: sshd, Key: "addr", Title: "root logged in over SSH",
			Patterns: []string{"Accepted {w} for root from {addr} port {n}{*}"},
			Say:      "root logged in over SSH from {addr} {times}", Explain: "Nobody can say later which person that was.",
			Remedy: "If nobody of yours came from {addr}, treat the system as broken into. Else use personal accounts and PermitRootLogin no.",
		},
		{
			ID: "ssh.login", Level: Notice, Tags: sshd, Key: "user", Title: "A user logged in over SSH",
			Patterns: []string{"Accepted {w} for {user} from {addr} port {n}{*}"},
			Say:      "{user} logged in over SSH {times}{from}", Explain: "Expected when it is a known person at known addresses.",
			Remedy: "If {user} does not know of it: last {user}; then change the keys and passwords of the account.",
		},
		{
			ID: "ssh.failed-login", Level: Notice, Tags: sshd, Title: "Failed logins over SSH to accounts that exist",
			Patterns: []string{
				"Failed {w} for {user} from {addr} port {n}{*}",
				"ROOT LOGIN REFUSED FROM {addr}{*}", "error: PAM: {*} for {user} from {addr}", "error: maximum authentication attempts exceeded for {user} from {addr} port {n}{*}",
			},
			Say: "Logins over SSH to accounts that exist failed {times}{from}", Explain: "Every public server sees guessing; many tries for one user are an attack on it.",
			Remedy: closeDoor,
		},
		{
			ID: "ssh.invalid-user", Level: Notice, Tags: sshd, Title: "Logins over SSH as users that do not exist",
			Patterns: []string{"Invalid user {user} from {addr} port {n}", "Invalid user {user} from {addr}", "Invalid user  from {addr}{*}", "Illegal user {user} from {addr}"},
			Say:      "Users that do not exist were tried over SSH {times}{from}", Explain: "Guessing of names by programs.",
			Remedy: closeDoor,
		},
		{
			ID: "ssh.break-in-hint", Level: Warning, Title: "A program spoke of a possible break-in attempt",
			Patterns: []string{"{*}POSSIBLE BREAK-IN ATTEMPT{*}", "{*}ossible break-in attempt{*}"},
			Say:      "{program} spoke of a possible break-in attempt {times}", Explain: "Mostly an address whose name does not fit; worth a look when logins follow.",
			Remedy: "Compare with the accepted logins of the same time.",
		},
		{
			ID: "ssh.overload", Level: Warning, Tags: sshd, Title: "SSH dropped connections because there were too many",
			Patterns: []string{"error: beginning MaxStartups throttling", "beginning MaxStartups throttling", "drop connection #{*}"},
			Say:      "SSH dropped connections {times} because too many logins were going on", Explain: "During such an attack your own logins can fail.",
			Remedy: closeDoor,
		},
	}
}

// authRules are about who came in or became another in other ways.
func authRules() []Rule {
	return []Rule{
		{
			ID: "login.root", Level: Warning, Tags: []string{"login", "agetty", "getty"}, Title: "root logged in at a console",
			Patterns: []string{"ROOT LOGIN {*}", "ROOT LOGIN ({*}"},
			Say:      "root logged in at a console {times}", Explain: "Somebody sat at the machine or its remote console.",
			Remedy: "Ask who it was; see: last root",
		},
		{
			ID: "login.failed", Level: Notice, Tags: []string{"login", "agetty", "getty", "gdm", "lightdm", "sddm"}, Title: "Failed logins at a console",
			Patterns: []string{"FAILED LOGIN {*}", "{n} LOGIN FAILURE{*}", "REPEATED LOGIN FAILURES {*}"},
			Say:      "Logins at a console failed {times}", Explain: "Somebody sat at the machine or its remote console.",
			Remedy: "Ask who it was; see: lastb",
		},
		{
			ID: "su.failed", Level: Warning, Tags: []string{"su"}, Key: "login", Title: "Becoming another user failed",
			Patterns: []string{"FAILED SU (to {user}) {login} on {w}", "BAD SU {login} to {user} on {w}", "pam_unix(su{*}:auth): authentication failure; logname={*} ruser={login} rhost={*}"},
			Say:      "{login} failed to become another user {times}", Explain: "A mistyped password, or somebody who should not try.",
			Remedy: "Ask {login}. If nobody knows of it, change that account's password and keys.",
		},
		{
			ID: "su.done", Level: Notice, Tags: []string{"su"}, Key: "login", Title: "A user became another",
			Patterns: []string{"(to {user}) {login} on {w}", "{login} to {user} on {w}"},
			Say:      "{login} became {user} {times}", Explain: "Expected from administrators.",
			Remedy: "If {login} does not know of it, change that account's password and keys.",
		},
		{
			ID: "sudo.failed", Level: Warning, Tags: []string{"sudo"}, Key: "login", Title: "sudo was refused",
			Patterns: []string{
				"{login} : {n} incorrect password attempt{*}", "{login} : user NOT in sudoers ; {*}", "{login} : command not allowed ; {*}",
				"{login} : user NOT authorized on host ; {*}", "{login} : a password is required ; {*}",
			},
			Say: "sudo refused {login} {times}", Explain: "A mistyped password, or somebody who tries for more rights.",
			Remedy: "Ask {login}; see the commands: {read} | grep {login}",
		},
		{
			ID: "sudo.command", Level: Notice, Tags: []string{"sudo", "doas"}, Key: "login", Title: "Commands were run with sudo",
			Patterns: []string{"{login} : TTY={*}", "{login} : PWD={*}", "{login} ran command {*}"},
			Say:      "{login} ran commands with {program} {times}", Explain: "Expected from administrators.",
			Remedy: "See the commands: {read} | grep {login}",
		},
		{
			ID: "auth.locked", Level: Warning, Key: "login", Title: "An account was locked after failed logins",
			Patterns: []string{"pam_faillock({*}): Consecutive login failures for user {login} account temporarily locked", "pam_tally2({*}): user {login} {*}deny {n}"},
			Say:      "Account {login} was locked after failed logins {times}", Explain: "Its owner cannot log in meanwhile.",
			Remedy: "faillock --user {login}; when it was a mistake: faillock --user {login} --reset",
		},
		{
			ID: "auth.failed", Level: Notice, Title: "Passwords were refused",
			Patterns: []string{"pam_unix({w}:auth): authentication failure; {*}", "PAM {n} more authentication failure{*}", "pam_sss({w}:auth): authentication failure; {*}"},
			Say:      "{program} refused passwords {times}", Explain: "Mistyped, or guessed.",
			Remedy: "See who: {read} | grep 'authentication failure'",
		},
		{
			ID: "mail.auth-failed", Level: Notice, Tags: []string{"postfix/", "dovecot", "imap-login", "auth", "auth-worker", "saslauthd", "exim"}, Title: "Mail logins failed",
			Patterns: []string{
				"warning: {*}[{addr}]: SASL {w} authentication failed{*}", "warning: {*}: SASL {w} authentication failed{*}",
				"{*}auth failed, {*}rip={addr}, {*}", "{*}auth failed, {*}", "{*}uth-worker({*}): {*}: Password mismatch{*}",
				"{*}uth-worker({*}): {*}: unknown user{*}", "do_auth {*}: auth failure: {*}",
			},
			Say: "Mail logins failed {times}{from} ({program})", Explain: "Guessing of mail passwords; one that succeeds sends spam in your name.",
			Remedy: "Block or limit the addresses, for example with fail2ban.",
		},
	}
}

// accountRules are about changes of who may come in.
func accountRules() []Rule {
	const expected = "If nobody of yours did it, treat the system as broken into. See: getent passwd; ls -l /etc/passwd /etc/group /etc/shadow"
	return []Rule{
		{
			ID: "account.new-user", Level: Warning, Key: "login", Title: "A user account was created",
			Tags:     []string{"useradd", "adduser", "newusers", "pw"},
			Patterns: []string{"new user: name={login}, UID={*}"},
			Say:      "User account {login} was created {times}", Explain: "Every account is a way in.", Remedy: expected,
		},
		{
			ID: "account.password", Level: Warning, Key: "login", Title: "A password was changed",
			Tags:     []string{"passwd", "chpasswd", "chage", "login", "su", "sshd", "sshd-session"},
			Patterns: []string{"pam_unix({w}:chauthtok): password changed for {login}", "password for {login} changed by {*}", "password for '{login}' changed by {*}"},
			Say:      "The password of {login} was changed {times}", Explain: "Expected when {login} or an administrator did it.", Remedy: expected,
		},
		{
			ID: "account.removed", Level: Warning, Key: "login", Title: "A user account was removed",
			Tags: []string{"userdel", "deluser", "pw"}, Patterns: []string{"delete user '{proc}'", "delete user `{proc}'"},
			Say: "A user account was removed {times}", Explain: "Its files may be left without an owner.", Remedy: expected,
		},
		{
			ID: "account.change", Level: Warning, Title: "Accounts or groups were changed",
			Tags: []string{
				"useradd", "usermod", "userdel", "groupadd", "groupmod", "groupdel", "gpasswd", "passwd", "chpasswd", "chage", "chsh", "chfn",
				"adduser", "deluser", "addgroup", "vipw", "vigr", "pw", "newusers",
			},
			Patterns: []string{"{text}"},
			Say:      "{program} changed accounts or groups {times}", Explain: "Membership of a group can give the rights of root (sudo, docker, disk).", Remedy: expected,
		},
		{
			ID: "cron.crontab", Level: Notice, Key: "login", Title: "A crontab was changed",
			Tags: []string{"crontab", "cron", "CRON", "crond"}, Patterns: []string{"({login}) REPLACE ({w})", "({login}) DELETE ({w})"},
			Say: "{login} changed a crontab {times}", Explain: "A crontab runs commands later, also those of an intruder.",
			Remedy: "See what it runs: crontab -l -u {login}",
		},
	}
}
