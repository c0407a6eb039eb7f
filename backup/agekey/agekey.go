package agekey

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/internal/sshsig"
)

// Namespace is the purpose of the signatures, as ssh-keygen -Y verify -n wants it.
const Namespace = "upkeep-backup"

// Folder is a folder with keys. They are read when they are used.
type Folder struct {
	Dir      string
	Identity string // file of the secret key; "": identity.txt in Dir
	// Readers is a file of the public keys of those who can read, who have their
	// identities elsewhere; "": recipients.txt in Dir.
	Readers string
	// Create makes keys when a backup is written and there are none.
	Create bool
}

const (
	recipientsName = "recipients.txt"
	identityName   = "identity.txt"
	signingName    = "signing-key"
	publicName     = "signing-key.pub"
	serverName     = "server-key.pub"
	limit          = 1 << 20 // bytes of a file
)

func (f Folder) path(name string) string { return filepath.Join(f.Dir, name) }

func (f Folder) identity() string {
	if f.Identity != "" {
		return f.Identity
	}
	return f.path(identityName)
}

// Keys gives the keys of the folder.
func (f Folder) Keys() backup.Keys {
	return backup.Keys{Sealer: f, Opener: f, Signer: f, Verifier: f, Server: server{f}}
}

// HasServer reports whether the folder has the public key of a server.
func (f Folder) HasServer() (bool, error) {
	_, err := durable.Read(f.path(serverName), limit)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// server takes what the server signs that keeps the store: by its public key in
// server-key.pub or, since a store may be kept by who writes it, by its own.
type server struct{ f Folder }

func (s server) Verify(message, signature []byte) error {
	has, err := s.f.HasServer()
	if has {
		err = s.f.verify(serverName, message, signature)
	}
	if has && errors.Is(err, backup.ErrDamaged) || !has && err == nil {
		return s.f.Verify(message, signature)
	}
	return err
}

// Init makes the keys that are missing, and names their files: none when all are
// there. Recipients without an identity stay as they are: the identity is elsewhere.
func (f Folder) Init(recipients ...string) (created []string, err error) {
	if err := durable.MkdirAll(f.Dir); err != nil {
		return nil, err
	}
	made, err := f.initRecipients(recipients)
	if err != nil {
		return nil, err
	}
	if _, err := durable.Read(f.path(signingName), limit); !errors.Is(err, fs.ErrNotExist) {
		return made, err
	}
	// Public keys that are there are of earlier backups, and stay trusted.
	trusted, err := durable.Read(f.path(publicName), limit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return made, err
	}
	if len(trusted) > 0 && trusted[len(trusted)-1] != '\n' {
		trusted = append(trusted, '\n')
	}
	private, public, err := sshsig.NewKey("upkeep-backup")
	if err == nil {
		err = durable.Write(f.path(publicName), append(trusted, public...))
	}
	if err == nil {
		err = durable.Write(f.path(signingName), private)
	}
	return append(made, f.path(signingName), f.path(publicName)), err
}

func (f Folder) initRecipients(recipients []string) ([]string, error) {
	if f.Readers != "" {
		return nil, nil
	}
	if _, err := durable.Read(f.path(recipientsName), limit); !errors.Is(err, fs.ErrNotExist) {
		if err == nil && len(recipients) > 0 {
			err = fmt.Errorf("%s is there already; edit it to change who can read later backups", f.path(recipientsName))
		}
		return nil, err
	}
	var made []string
	if len(recipients) == 0 {
		var err error
		if recipients, made, err = f.reader(); err != nil {
			return nil, err
		}
	}
	text := strings.Join(recipients, "\n") + "\n"
	if _, err := age.ParseRecipients(strings.NewReader(text)); err != nil {
		return made, fmt.Errorf("recipients: %w", err)
	}
	return append(made, f.path(recipientsName)), durable.Write(f.path(recipientsName), []byte(text))
}

// reader gives the recipient of the identity: the one that is there, without which no
// earlier backup can be read, or a new one.
func (f Folder) reader() (recipients, made []string, err error) {
	text, err := durable.Read(f.identity(), limit)
	if errors.Is(err, fs.ErrNotExist) {
		id, err := age.GenerateX25519Identity()
		if err == nil {
			err = durable.File{Name: f.identity()}.Create([]byte("# public key: " + id.Recipient().String() + "\n" + id.String() + "\n"))
		}
		if err != nil {
			return nil, nil, err
		}
		return []string{id.Recipient().String()}, []string{f.identity()}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	for _, id := range ids {
		if id, is := id.(*age.X25519Identity); is {
			recipients = append(recipients, id.Recipient().String())
		}
	}
	if err == nil && len(recipients) == 0 {
		err = errors.New("it has no key whose public one is known; give recipients")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.identity(), err)
	}
	return recipients, nil, nil
}

// read gives a file of the folder, and makes the keys first where that is wanted.
func (f Folder) read(name string) ([]byte, error) {
	data, err := durable.Read(name, limit)
	if errors.Is(err, fs.ErrNotExist) && f.Create {
		if _, err := f.Init(); err != nil {
			return nil, err
		}
		data, err = durable.Read(name, limit)
	}
	return data, err
}

func (f Folder) recipients() ([]byte, []age.Recipient, error) {
	name := f.path(recipientsName)
	if f.Readers != "" {
		name = f.Readers
	}
	text, err := f.read(name)
	if err != nil {
		return nil, nil, fmt.Errorf("recipients: %w", err)
	}
	keys, err := age.ParseRecipients(bytes.NewReader(text))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return text, keys, nil
}

// Seal encrypts for all recipients.
func (f Folder) Seal(to io.Writer) (io.WriteCloser, error) {
	_, keys, err := f.recipients()
	if err != nil {
		return nil, err
	}
	return age.Encrypt(to, keys...)
}

// Recipients gives the public keys.
func (f Folder) Recipients() ([]string, error) {
	text, _, err := f.recipients()
	return keysIn(text), err
}

// Unseal decrypts. Without the file of the identity the error wraps
// backup.ErrNoIdentity, and where none of its keys fits backup.ErrDamaged.
func (f Folder) Unseal(from io.Reader) (io.Reader, error) {
	if f.Readers != "" && f.Identity == "" {
		return nil, fmt.Errorf("%w: those who have one are named in %s", backup.ErrNoIdentity, f.Readers)
	}
	text, err := durable.Read(f.identity(), limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: there is no %s", backup.ErrNoIdentity, f.identity())
	}
	if err != nil {
		return nil, err
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.identity(), err)
	}
	plain, err := age.Decrypt(from, ids...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, fmt.Errorf("%w: %s is not that of a recipient", backup.ErrNoIdentity, f.identity())
	case err != nil:
		return nil, fmt.Errorf("%w: %w", backup.ErrDamaged, err)
	}
	return plain, nil
}

// Sign signs as ssh-keygen -Y sign does.
func (f Folder) Sign(message []byte) ([]byte, error) {
	text, err := f.read(f.path(signingName))
	if err != nil {
		return nil, err
	}
	key, err := sshsig.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path(signingName), err)
	}
	return sshsig.Sign(key, Namespace, bytes.NewReader(message))
}

// Verify takes the signatures of the public keys in the folder, and no others.
func (f Folder) Verify(message, signature []byte) error {
	return f.verify(publicName, message, signature)
}

func (f Folder) verify(name string, message, signature []byte) error {
	text, err := durable.Read(f.path(name), limit)
	if err != nil {
		return fmt.Errorf("no key to verify with: %v", err) //nolint:errorlint // what is missing here is not missing in a store
	}
	keys, err := sshsig.ParsePublic(text)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path(name), err)
	}
	if _, err = sshsig.Verify(signature, Namespace, bytes.NewReader(message), keys); err != nil {
		return fmt.Errorf("%w: %w", backup.ErrDamaged, err)
	}
	return nil
}

// ReadRecipients reads a file of public keys, one a line; "" has none.
func ReadRecipients(name string) ([]string, error) {
	if name == "" {
		return nil, nil
	}
	text, err := durable.Read(name, limit)
	if err != nil {
		return nil, err
	}
	return keysIn(text), nil
}

func keysIn(text []byte) (out []string) {
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}
