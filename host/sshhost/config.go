package sshhost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Config says how to reach and to recognise a machine.
type Config struct {
	Addr string // host or host:port; port 22 when missing; required
	User string // login name; required

	// Keys are private keys in PEM without a passphrase; Signers are keys in any
	// other form. One at least is required.
	Keys    [][]byte
	Signers []ssh.Signer

	// HostKey is the only key that the machine may show. KnownHosts are files in
	// the format of OpenSSH's known_hosts; certificate authorities in them are not
	// used. Exactly one of the two is required.
	HostKey    ssh.PublicKey
	KnownHosts []string

	// Escalate is put before the remote shell to gain the rights of root, such as
	// "sudo", "-n", "--" or "doas", "-n"; empty: the rights of User.
	Escalate []string

	// Timeout bounds connecting, login and the first questions; zero: 20 s. Where it
	// is longer than 30 s, questions that share an exchange may take as long too:
	// after one that takes longer each goes alone.
	Timeout time.Duration

	// KeepAlive is how often the machine is asked for a sign of life; zero: 15 s.
	// After three that it left out all calls fail at once.
	KeepAlive time.Duration

	// Connect opens the connection; nil: a net.Dialer. With the Connect of
	// another Client's Host that machine is the jump host.
	Connect func(ctx context.Context, network, addr string) (net.Conn, error)
}

// defaultTimeout is Config.Timeout when zero.
const defaultTimeout = 20 * time.Second

// address returns Addr with a port.
func (c Config) address() (string, error) {
	if c.Addr == "" {
		return "", errors.New("no address")
	}
	if _, _, err := net.SplitHostPort(c.Addr); err == nil {
		return c.Addr, nil
	}
	addr := net.JoinHostPort(trimBrackets(c.Addr), "22")
	_, _, err := net.SplitHostPort(addr)
	return addr, err
}

func trimBrackets(s string) string {
	if len(s) > 1 && s[0] == '[' && s[len(s)-1] == ']' {
		return s[1 : len(s)-1]
	}
	return s
}

// client turns c into the configuration of the transport.
func (c Config) client(addr string) (*ssh.ClientConfig, error) {
	signers, err := c.signers()
	if err != nil {
		return nil, err
	}
	conf := &ssh.ClientConfig{
		User: c.User,
		Auth: []ssh.AuthMethod{ssh.PublicKeys(signers...)},
	}
	switch {
	case c.User == "":
		return nil, errors.New("no user")
	case (c.HostKey == nil) == (len(c.KnownHosts) == 0):
		return nil, errors.New("exactly one of HostKey and KnownHosts is required")
	case c.HostKey != nil:
		conf.HostKeyCallback = ssh.FixedHostKey(c.HostKey)
		conf.HostKeyAlgorithms = algorithms(c.HostKey.Type())
		return conf, nil
	}
	check, err := knownhosts.New(c.KnownHosts...)
	if err != nil {
		return nil, fmt.Errorf("known hosts: %w", err)
	}
	conf.HostKeyCallback = check
	conf.HostKeyAlgorithms, err = knownAlgorithms(check, addr)
	return conf, err
}

func (c Config) signers() ([]ssh.Signer, error) {
	signers := append([]ssh.Signer(nil), c.Signers...)
	for i, pem := range c.Keys {
		signer, err := ssh.ParsePrivateKey(pem)
		if err != nil {
			return nil, fmt.Errorf("private key %d: %w", i+1, err)
		}
		signers = append(signers, signer)
	}
	if len(signers) == 0 {
		return nil, errors.New("no private key")
	}
	return signers, nil
}

// knownAlgorithms returns the algorithms of the keys that are known for addr.
// Without that the server may show a key of another type, which would look like
// a change of the host key.
func knownAlgorithms(check ssh.HostKeyCallback, addr string) ([]string, error) {
	err := check(addr, &net.TCPAddr{}, noKey{})
	var keyErr *knownhosts.KeyError
	if !errors.As(err, &keyErr) {
		return nil, err
	}
	if len(keyErr.Want) == 0 {
		return nil, fmt.Errorf("%s is not in the known hosts: %w", addr, err)
	}
	var algos []string
	for _, known := range keyErr.Want {
		algos = append(algos, algorithms(known.Key.Type())...)
	}
	return algos, nil
}

// algorithms returns the signature algorithms of a type of key, best first.
func algorithms(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// noKey is a key that no machine has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return nil }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }
