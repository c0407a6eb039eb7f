package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
	"github.com/pugetsoundtech/upkeep/report/review"
)

// A View is what there is to review, as it is now.
type View struct {
	Report    *report.Report // the last one
	Standings []review.Standing
	Signed    *report.Signature // the last one; nil: there is none
}

// An Act is what a person asks for by a form.
type Act struct {
	Kind    review.Kind // Accept, Acknowledge, Reopen or Sign
	Items   []memory.Item
	Comment string
	Until   string // a day, as 2026-12-24; of Acknowledge always, of Accept where one was given
}

// A Desk is what the pages work on.
type Desk struct {
	Load func(ctx context.Context) (View, error)
	Do   func(ctx context.Context, act Act) (said string, err error)
	Diff func(ctx context.Context, path string) ([]string, error) // lines without secrets; nil: no differences are shown
	Zone *time.Location                                           // of all times; nil: that of this machine
}

const (
	cookieName = "upkeep-review"
	maxForm    = 1 << 20
	maxPicked  = 10_000
)

// A Site is the handler of the pages.
type Site struct {
	desk  Desk
	host  string // as the Host header has it
	inner http.Handler
	pages *template.Template

	mu      sync.Mutex
	link    string // the secret of the link; "": it was used
	session string // the secret of the cookie
	form    string // the secret of the forms of the session
	folder  string // the pages are below it; only they get the cookie
}

// New makes a site under a base address such as http://127.0.0.1:4711, and the
// link that opens it once.
func New(desk Desk, base string) (site *Site, link string) {
	s := &Site{desk: desk, link: rand.Text(), host: base, folder: "/" + rand.Text() + "/"}
	if s.desk.Zone == nil {
		s.desk.Zone = time.Local
	}
	s.pages = inZone(s.desk.Zone)
	if u, err := url.Parse(base); err == nil {
		s.host = u.Host
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /open", s.open)
	mux.HandleFunc("GET "+s.folder+"{$}", s.guarded(s.list))
	mux.HandleFunc("GET "+s.folder+"finding/{id}", s.guarded(s.show))
	mux.HandleFunc("POST "+s.folder+"act", s.guarded(s.act))
	s.inner = http.NewCrossOriginProtection().Handler(mux)
	return s, base + "/open?key=" + s.link
}

// ServeHTTP answers one request.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Host != s.host {
		http.Error(w, "this server has another name", http.StatusMisdirectedRequest)
		return
	}
	s.inner.ServeHTTP(w, r)
}

// open exchanges the secret of the link for a session.
func (s *Site) open(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.Header.Get("Sec-Purpose") != "" { // a program that looks ahead is no person
		http.Error(w, "open the link yourself", http.StatusForbidden)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == "" || !same(r.URL.Query().Get("key"), s.link) {
		http.Error(w, "this link was used already, or is not the one that was printed; start the review anew", http.StatusForbidden)
		return
	}
	s.link, s.session, s.form = "", rand.Text(), rand.Text()
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: s.session, Path: s.folder, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	// A redirect would not carry the cookie where the link was opened from another
	// site: the page that follows is asked for by this one.
	s.page(w, "open", s.folder)
}

// guarded lets only the session in.
func (s *Site) guarded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(cookieName)
		s.mu.Lock()
		ok := err == nil && s.session != "" && same(cookie.Value, s.session)
		s.mu.Unlock()
		if !ok {
			http.Error(w, "open the link that was printed", http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// act does what a form says.
func (s *Site) act(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form is too large, or no form", http.StatusBadRequest)
		return
	}
	if !same(r.PostForm.Get("form"), s.form) {
		http.Error(w, "this form is not of this session", http.StatusForbidden)
		return
	}
	act := Act{Kind: review.Kind(r.PostForm.Get("act")), Comment: r.PostForm.Get("comment"), Until: r.PostForm.Get("until")}
	switch act.Kind {
	case review.Acknowledge:
		act.Until = cmp.Or(act.Until, time.Now().In(s.desk.Zone).AddDate(0, 0, 7).Format(time.DateOnly))
	case review.Accept, review.Reopen, review.Sign:
	default:
		http.Error(w, "the form does not say what to do", http.StatusBadRequest)
		return
	}
	view, err := s.desk.Load(r.Context())
	if err != nil {
		s.list(w, withSaid(r, "", err))
		return
	}
	var gone int
	if act.Kind != review.Sign {
		act.Items, gone = picked(view, r.PostForm["finding"])
	}
	switch {
	case act.Kind == review.Sign && r.PostForm.Get("report") != nameOf(view.Report):
		s.list(w, withSaid(r, "", errors.New("a newer report is here than the one that you looked at: look, and sign again")))
	case len(act.Items) == 0 && gone > 0:
		s.list(w, withSaid(r, "", fmt.Errorf("not done: what you chose is not as it was (%d)", gone)))
	case len(act.Items) == 0 && act.Kind != review.Sign:
		s.list(w, withSaid(r, "nothing was chosen", nil))
	default:
		said, err := s.desk.Do(r.Context(), act)
		if gone > 0 {
			err = errors.Join(err, fmt.Errorf("left as they are, since they changed after you looked: %d", gone))
		}
		s.list(w, withSaid(r, said, err))
	}
}

type saidKey struct{}

type said struct {
	text string
	err  error
}

func withSaid(r *http.Request, text string, err error) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), saidKey{}, said{text, err}))
}
