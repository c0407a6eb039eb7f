package config

import (
	"fmt"
	"os"
)

// A Secret is written as the name of the file that holds it.
type Secret struct {
	file  string
	bytes []byte
}

// leastSecret is how many bytes a secret has: a shorter one can be guessed.
const leastSecret = 16

// ReadSecret reads a file; no name is no secret.
func ReadSecret(file string) (Secret, error) {
	if file == "" {
		return Secret{}, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return Secret{}, err
	}
	if len(data) < leastSecret {
		return Secret{}, fmt.Errorf("%s has %d bytes, and a secret at least %d", file, len(data), leastSecret)
	}
	return Secret{file, data}, nil
}

// Bytes gives the secret, nil where there is none.
func (s Secret) Bytes() []byte { return s.bytes }

// UnmarshalText reads the file of this name.
func (s *Secret) UnmarshalText(text []byte) (err error) {
	*s, err = ReadSecret(string(text))
	return err
}

// MarshalText gives the name of the file.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.file), nil }
