package pushserver

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
)

// Loose answers as a Server does, but takes any name and content, as a store does.
func Loose(store backup.Store) http.Handler {
	s := &Server{Log: slog.New(slog.DiscardHandler)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := loose(w, r, store); err != nil {
			s.refuse(w, r, err)
		}
	})
}

func loose(w http.ResponseWriter, r *http.Request, store backup.Store) error {
	name := strings.TrimPrefix(r.URL.Path, "/")
	switch {
	case r.Method == http.MethodPut:
		data, err := io.ReadAll(r.Body)
		if err == nil {
			err = store.Create(r.Context(), name, bytes.NewReader(data), int64(len(data)))
		}
		return err
	case name == "":
		return list(w, r, store, func(string) bool { return true })
	}
	return get(w, r, Client{Store: store}, name)
}
