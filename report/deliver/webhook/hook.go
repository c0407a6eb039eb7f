package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Body makes what is posted of a report, and says of which media type it is.
type Body func(rep *report.Report) (body []byte, mediaType string, err error)

// A Hook posts each report to an address.
type Hook struct {
	URL    string           // http or https
	Body   Body             // nil: JSON
	Secret []byte           // signs; none: nothing is signed
	Header http.Header      // more headers, such as Authorization
	Client *http.Client     // its redirects are not followed; nil: one of its own
	Now    func() time.Time // nil: time.Now
}

// Report posts one report. Any answer but one of success is an error.
func (h Hook) Report(ctx context.Context, rep *report.Report) error {
	make := h.Body
	if make == nil {
		make = JSON
	}
	body, mediaType, err := make(rep)
	if err != nil {
		return fmt.Errorf("make the body: %w", err)
	}
	header := h.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	now := time.Now
	if h.Now != nil {
		now = h.Now
	}
	header.Set("Content-Type", mediaType)
	header.Set("X-Upkeep-Delivery", rep.ID)
	header.Set("X-Upkeep-Timestamp", strconv.FormatInt(now().Unix(), 10))
	if len(h.Secret) > 0 {
		header.Set("X-Upkeep-Signature", Sign(h.Secret, header.Get("X-Upkeep-Timestamp"), body))
	}
	return post(ctx, h.Client, h.URL, header, body)
}

// Sign gives the signature of a body that was sent at a time: what a receiver
// compares with the header, by hmac.Equal.
func Sign(secret []byte, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestamp + ".")) //nolint:errcheck // a hash takes all
	mac.Write(body)                    //nolint:errcheck // a hash takes all
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// maxAnswer bounds what is read of an answer, and what is shown of it.
const (
	maxAnswer = 4 << 10
	maxShown  = 200
)

func post(ctx context.Context, client *http.Client, address string, header http.Header, body []byte) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("the address of the hook is no http or https URL")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("the address of the hook cannot be used")
	}
	req.Header = header
	resp, err := quiet(client).Do(req)
	if err != nil {
		return fmt.Errorf("post to %s: %w", u.Host, bare(err))
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("post to %s: it answered %s: %s", u.Host, term.Visible(resp.Status), prose.Clip(term.Visible(string(answer)), maxShown))
	}
	return nil
}

// quiet is a client that follows no redirect: one would carry what is secret
// to another server.
func quiet(client *http.Client) *http.Client {
	out := http.Client{Timeout: time.Minute}
	if client != nil {
		out = *client
	}
	out.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &out
}

// bare takes the address, which may be secret, out of an error.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
