package resource

// The parsers, for the tests beside the checks that use them.
var (
	ParseChrony      = parseChrony
	ParseNtpctl      = parseNtpctl
	ParseNtpq        = parseNtpq
	ParseTimedatectl = parseTimedatectl
)
