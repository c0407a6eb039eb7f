package protocol

import (
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// turnedAway tells "not now" from "no" in the words of mailbox servers (RFC 5530,
// RFC 3206, and what Dovecot and Courier say without a code).
func turnedAway(text string) *netprobe.Failure {
	lower := strings.ToLower(text)
	for _, word := range []string{"too many", "[unavailable]", "[inuse]", "[in-use]", "[login-delay]", "[sys/temp]", "[limit]", "try again", "temporar", "busy", "maximum"} {
		if strings.Contains(lower, word) {
			return netprobe.Warnf(netprobe.ProtoDefer, "the server turns clients away for now: %.200q", text)
		}
	}
	return netprobe.Failf(netprobe.ProtoReject, "the server turns clients away: %.200q", text)
}
