package netprobe

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// TLSPolicy says how a certificate is judged. The zero value demands a known
// authority, the name of the target, and 14 days of remaining validity.
type TLSPolicy struct {
	ServerName string         // sent (SNI) and verified; "": the host of Addr
	Roots      *x509.CertPool // nil: the authorities that this system knows
	AnyName    bool           // the names are facts, not failures
	AnyIssuer  bool           // so is who signed

	// Less remaining validity than Warn is a Warning, and than Crit is Critical;
	// zero: 14 and 7 days. Of a certificate that is made for a short time it is at
	// most a quarter and an eighth of that time.
	Warn, Crit time.Duration
}

// TLSFacts is what the handshake showed, whether it was accepted or not.
type TLSFacts struct {
	Version     string     `json:"version"` // "TLS 1.3"
	Cipher      string     `json:"cipher"`
	ServerName  string     `json:"server_name"` // that was asked for
	Subject     string     `json:"subject"`
	Issuer      string     `json:"issuer"`
	Names       []string   `json:"names,omitempty"` // alternative names, at most 20
	Serial      string     `json:"serial"`          // hexadecimal
	Fingerprint string     `json:"sha256"`          // of the server's own certificate, hexadecimal
	Key         string     `json:"key"`             // "RSA 2048", "ECDSA P-256", "Ed25519"
	Signature   string     `json:"signature"`       // "SHA256-RSA"
	NotBefore   time.Time  `json:"not_before"`
	NotAfter    time.Time  `json:"not_after"`      // of the server's own certificate
	Ends        time.Time  `json:"ends"`           // when the last chain that is good now ends; without one, the path that was sent
	KnownCA     bool       `json:"known_ca"`       // a known authority stands behind it, validity aside
	NameOK      bool       `json:"name_ok"`        // ServerName is among its names
	Sent        []CertHash `json:"sent,omitempty"` // of what the server sent, its own first; at most 10
	Staple      string     `json:"ocsp,omitempty"` // stapled answer of the authority: "good", "revoked", "unknown", "invalid"; "": none
}

// A CertHash names a certificate by SHA-256, in hexadecimal.
type CertHash struct {
	Cert string `json:"cert"` // of the whole
	Key  string `json:"key"`  // of its public key, as TLSA and pins have it
}

const (
	maxNames = 20
	maxChain = 10
	day      = 24 * time.Hour
)

// TLS makes a handshake and judges the certificate. Its facts and issues are kept
// whether it succeeds or not. It leaves a third of the time to find out why it failed.
func (s *Exchange) TLS(protocols ...string) error {
	in := newInspector(s.script.Policy, s.script.Addr, s.script.Net.now())
	config := in.config(protocols...)
	if s.diag != nil {
		s.diag(config)
	}
	err := s.Step(PhaseTLS, func() error {
		return s.wire.Within(s.script.Timeout*2/3, func() error { return s.wire.StartTLS(config) })
	})
	s.Result.TLS = in.facts
	s.Result.Issues = append(s.Result.Issues, in.issues...)
	if err == nil && s.diag != nil {
		return errStop
	}
	return err
}

// diagnose makes a second try where a handshake was refused in a way that old
// versions or a small ClientHello would explain.
func (s *Exchange) diagnose() {
	at := -1
	for i, is := range s.Result.Issues {
		if is.Phase == PhaseTLS && s.Result.TLS == nil {
			at = i
		}
	}
	if at < 0 || s.ctx.Err() != nil {
		return
	}
	switch is := s.Result.Issues[at]; is.Cause {
	case TLSHandshake:
		if is.Code == 0 || is.Code == 40 || is.Code == 70 { // handshake_failure, protocol_version
			s.again(at, TLSVersion, legacy)
		}
	case TLSTimeout, NetReset, NetEOF:
		s.again(at, TLSHelloIntolerant, small)
	}
}

// legacy takes every version and cipher that the library knows.
func legacy(c *tls.Config) {
	c.MinVersion = tls.VersionTLS10
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		c.CipherSuites = append(c.CipherSuites, suite.ID)
	}
}

// small leaves out the key shares that make a ClientHello longer than a packet.
func small(c *tls.Config) {
	c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}
}

func (s *Exchange) again(at int, cause Cause, change func(*tls.Config)) {
	second := &Exchange{script: s.script, goal: s.goal, ctx: s.ctx, caller: s.caller, diag: change}
	second.attempt()
	s.Result.Attempts = append(s.Result.Attempts, second.Result.attempt())
	if second.Result.TLS == nil {
		return
	}
	is := &s.Result.Issues[at]
	is.Cause, is.Detail = cause, "only a small ClientHello is answered, one with keys for post-quantum exchange is not"
	if cause == TLSVersion {
		is.Detail = "the server agrees to nothing newer than " + second.Result.TLS.Version + " with " + second.Result.TLS.Cipher
	}
	s.Result.TLS = second.Result.TLS
	for _, other := range second.Result.Issues {
		if other.Phase == PhaseTLS {
			s.Result.Issues = append(s.Result.Issues, other)
		}
	}
	s.Result.Judge()
}
