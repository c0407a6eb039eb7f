package s3store

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
)

// A page is one answer to ListObjectsV2.
type page struct {
	IsTruncated           bool
	NextContinuationToken string
	Contents              []object
}

type object struct {
	Key          string
	Size         int64
	LastModified time.Time
}

// maxPage are the bytes of a page, which has a thousand names.
const maxPage = 16 << 20

// parsePage reads an answer. One without an end is none.
func parsePage(text []byte) (page, error) {
	var p struct {
		XMLName xml.Name `xml:"ListBucketResult"`
		page
	}
	if err := xml.Unmarshal(text, &p); err != nil {
		return page{}, fmt.Errorf("a list that is none: %w", err)
	}
	if p.IsTruncated && p.NextContinuationToken == "" {
		return page{}, errors.New("a list that goes on nowhere")
	}
	return p.page, nil
}

// List is backup.Store.List. Objects with other names than a Store gives are not
// of it.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[backup.Info, error] {
	return func(yield func(backup.Info, error) bool) {
		err := s.list(ctx, prefix, func(i backup.Info) bool { return yield(i, nil) })
		if err != nil {
			yield(backup.Info{}, fmt.Errorf("list: %w", err))
		}
	}
}

func (s *Store) list(ctx context.Context, prefix string, yield func(backup.Info) bool) error {
	top := strings.TrimPrefix(s.key(""), "/"+s.Bucket+"/")
	last := ""
	return s.objects(ctx, top+prefix, func(o object) (bool, error) {
		name, ours := strings.CutPrefix(o.Key, top)
		switch {
		case !ours || !strings.HasPrefix(name, prefix) || !backup.ValidName(name):
			return true, nil
		case name <= last:
			return false, errors.New("the service does not list in order")
		}
		last = name
		return yield(backup.Info{Name: name, Size: o.Size, Time: o.LastModified}), nil
	})
}

// objects gives all that begins with a prefix, until fn wants no more.
func (s *Store) objects(ctx context.Context, prefix string, fn func(object) (more bool, err error)) error {
	token := ""
	for {
		p, err := s.page(ctx, prefix, token)
		if err != nil {
			return err
		}
		for _, o := range p.Contents {
			if more, err := fn(o); !more || err != nil {
				return err
			}
		}
		if !p.IsTruncated {
			return nil
		}
		if p.NextContinuationToken == token {
			return errors.New("the service lists the same again")
		}
		token = p.NextContinuationToken
	}
}

func (s *Store) page(ctx context.Context, prefix, token string) (page, error) {
	q := url.Values{"list-type": {"2"}, "prefix": {prefix}}
	if token != "" {
		q.Set("continuation-token", token)
	}
	resp, err := s.do(ctx, call{method: http.MethodGet, path: "/" + s.Bucket + "/", query: q, digest: nothing})
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxPage+1))
	switch {
	case err != nil:
		return page{}, errors.Join(ctx.Err(), err)
	case len(text) > maxPage:
		return page{}, fmt.Errorf("a list of more than %d bytes", maxPage)
	}
	return parsePage(text)
}
