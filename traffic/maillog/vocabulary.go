package maillog

import (
	"bytes"
	"regexp"
	"strings"
)

// vocabulary has the words that servers use of themselves. Where addresses have
// pseudonyms a reason has no others: any could be somebody's name.
var vocabulary = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq(`
a about above accept accepted access account action address administrator after again alias all already an and any are as at
attempt attempts auth authenticated authentication authorized back bad banned be because been before being blacklist block
blocked blocklist bounce but by bytes can cannot certificate changed check cipher client close closed code command commands
complaints complete concurrency configuration connect connection connections contact content could could currently daemon data
database date day days deferred delayed delivered deliver delivery denied destination detected did directory disabled disk dkim
dmarc dns do does domain domains down due during email enabled encryption end enough envelope error errors established exceeded
exceeds exist exists expected expired failed failure fatal few file files filter first fixed for format forwarded found frequency
from full given go greeting greylisted greylisting handshake hard has have header headers held helo hello help host hostname
hours http https if illegal improper in inbox incoming info information insufficient internal invalid is issue it its key later
length level limit limited line list listed local locked login long longer loop lost low mail mailbox mailboxes malformed many
match matches maximum may me memory message messages method milter minutes mismatch more most moved must mx name need network
new next no non not now null number of off on only open operation option or original other out over parameter password peer per
permanent permanently permission permitted phrase please policy port postmaster prohibited protocol queue queued quota quit rate
rbl reached read reason reasons receive received recipient recipients refused reject rejected relay relaying remote reply
reputation request require required requested resolve resolved resources response retry reverse rule same sasl saved say sbl
seconds secure security see send sender senders sending sent server servers service session size slow smtp so some spam spf
spamhaus ssl starttls state status storage store stored such support supported suspected suspended syntax system table talk
temporarily temporary text than that the this timed timeout times tls to too transaction transport try trying unable unauthenticated
unavailable unexpected unknown unreachable unrecognized unreleased until unusual up use used user users using valid verification
verify version virtual virus warning was we while whitelist will with within without write wrong you your zen
plain cram scram md5 xoauth2 esmtp lmtp smtpd imap pop3 sieve rcpt ehlo noqueue postfix exim sendmail dovecot qmail`) {
		words[word] = true
	}
	return words
}()

// words are those of a reason, and what stands in quotes or looks like a name of a
// host, which are names as well.
var words = regexp.MustCompile(`[\pL\pN_.+@=-]*[\pL_+@=][\pL\pN_.+@=-]*|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*`)

// known leaves of a reason what is in the vocabulary, and its numbers.
func known(reason []byte) []byte {
	out := words.ReplaceAllFunc(reason, func(word []byte) []byte {
		if vocabulary[string(bytes.ToLower(bytes.TrimRight(word, ".-")))] {
			return word
		}
		return []byte("<>")
	})
	return bytes.ReplaceAll(out, []byte("<<>>"), []byte("<>"))
}
