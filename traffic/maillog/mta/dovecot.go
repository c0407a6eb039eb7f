package mta

import "bytes"

// parseDovecot reads who logs in to read mail, and what is stored for whom. The
// mail server in front of Dovecot counts that as delivered.
//
//	dovecot: imap-login: Login: user=<anna>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=7, TLS, session=<x>
//	dovecot: pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<anna>, method=PLAIN, rip=192.0.2.7
//	dovecot: lmtp(anna)<7><x>: msgid=<1@example.org>: saved mail to INBOX
func parseDovecot(msg []byte, e *Event) bool {
	e.Kind, e.Instance = Ignored, []byte("dovecot")
	service, rest, ok := bytes.Cut(msg, []byte(": "))
	switch {
	case !ok:
	case isTrouble(service):
		e.Kind, e.Detail = Trouble, msg
	default:
		dovecotService(service, rest, e)
	}
	return true
}

// parseDovecotFile reads a line of the file that log_path names: its program is
// the service, and its level stands before the message.
//
//	Nov 25 10:00:00 imap-login: Info: Login: user=<anna>, method=PLAIN, rip=192.0.2.7
func parseDovecotFile(service, msg []byte, e *Event) bool {
	level, rest, ok := bytes.Cut(msg, []byte(": "))
	switch {
	case !ok:
		return false
	case isTrouble(level):
		e.Kind, e.Detail = Trouble, msg
	case is(level, "Info"), is(level, "Warning"), is(level, "Debug"):
		e.Kind = Ignored
		dovecotService(service, rest, e)
	default:
		return false
	}
	e.Instance = []byte("dovecot")
	return true
}

func isTrouble(level []byte) bool {
	return is(level, "Error") || is(level, "Fatal") || is(level, "Panic")
}

func dovecotService(service, rest []byte, e *Event) {
	level, _, _ := bytes.Cut(rest, []byte(": "))
	switch {
	case isTrouble(level):
		e.Kind, e.Detail = Trouble, rest
	case bytes.HasSuffix(service, []byte("-login")):
		dovecotLogin(rest, e)
	case bytes.HasPrefix(service, []byte("lmtp")), bytes.HasPrefix(service, []byte("lda")):
		if dovecotSaved(bytes.TrimPrefix(rest, []byte("sieve: "))) {
			e.Kind = Stored
		}
	}
}

func dovecotLogin(rest []byte, e *Event) {
	_, fields, _ := bytes.Cut(rest, []byte(": user=<"))
	user, fields, _ := bytes.Cut(fields, []byte(">, "))
	e.User = user
	e.Client, _ = between(fields, "rip=", ",")
	switch {
	case bytes.HasPrefix(rest, []byte("Login: ")), bytes.HasPrefix(rest, []byte("Logged in")):
		e.Kind = Login
	case bytes.Contains(before(rest, "user=<"), []byte("auth failed")):
		e.Kind = LoginFailed
	}
}

// dovecotSaved reads "msgid=<ID>: saved mail to INBOX", and what Sieve says instead.
func dovecotSaved(b []byte) bool {
	id, ok := bytes.CutPrefix(b, []byte("msgid="))
	end := ": "
	if bytes.HasPrefix(id, []byte("<")) {
		end = ">: "
	}
	_, what, _ := bytes.Cut(id, []byte(end))
	return ok && (bytes.HasPrefix(what, []byte("saved mail to ")) || bytes.HasPrefix(what, []byte("stored mail into mailbox ")))
}
