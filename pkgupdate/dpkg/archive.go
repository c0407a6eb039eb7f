package dpkg

import (
	"archive/tar"
	"context"
	"errors"
	"io"

	"github.com/pugetsoundtech/upkeep/host"
)

// Archive gives the files of a package that is not installed, as dpkg-deb lists them:
// names begin with "./". What take does not read is passed over; its error ends it.
func Archive(ctx context.Context, h host.Host, file string, take func(head *tar.Header, content io.Reader) error) error {
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := eachFile(tar.NewReader(r), take)
		if err == nil {
			_, err = io.Copy(io.Discard, r) // what fills the last block
		}
		r.CloseWithError(err)
		done <- err
	}()
	out, err := h.Run(ctx, host.Command{Args: []string{"dpkg-deb", "--fsys-tarfile", file}, Stdout: w})
	w.CloseWithError(err)
	if err == nil {
		err = out.Err()
	}
	return errors.Join(err, <-done)
}

func eachFile(t *tar.Reader, take func(*tar.Header, io.Reader) error) error {
	for {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = take(head, t)
		}
		if err != nil {
			return err
		}
	}
}
