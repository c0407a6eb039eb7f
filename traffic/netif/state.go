package netif

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const formVersion = 1

type historyFile struct {
	Version int     `json:"version"`
	History History `json:"history"`
}

// Encode writes h as Decode reads it. It stays below the 1 MiB that
// a run may keep.
func (h History) Encode() ([]byte, error) {
	return json.Marshal(historyFile{formVersion, h})
}

// Decode reads what Encode wrote. Damaged data is an error, never the zero
// History.
func Decode(data []byte) (History, error) {
	var f historyFile
	if err := json.Unmarshal(data, &f); err != nil {
		return History{}, fmt.Errorf("history: %w", err)
	}
	if f.Version != formVersion {
		return History{}, fmt.Errorf("history: form %d is not known to this version", f.Version)
	}
	for _, l := range f.History.Lines {
		for i, h := range l.Hours {
			if i > 0 && h.Start <= l.Hours[i-1].Start {
				return History{}, fmt.Errorf("history of %.64q: the hours are not in order", l.Last.Name)
			}
		}
	}
	return f.History, nil
}

// MarshalJSON gives [start, received, sent, spread]: there are hundreds of hours.
func (h Hour) MarshalJSON() ([]byte, error) {
	out := strconv.AppendInt([]byte{'['}, h.Start, 10)
	out = strconv.AppendUint(append(out, ','), h.Received, 10)
	out = strconv.AppendUint(append(out, ','), h.Sent, 10)
	if h.Spread {
		return append(out, ",1]"...), nil
	}
	return append(out, ",0]"...), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Hour) UnmarshalJSON(data []byte) error {
	text, opened := strings.CutPrefix(string(data), "[")
	text, closed := strings.CutSuffix(text, "]")
	f := strings.Split(text, ",")
	if !opened || !closed || len(f) != 4 || f[3] != "0" && f[3] != "1" {
		return fmt.Errorf("%.80q is no hour", data)
	}
	var errs [3]error
	h.Start, errs[0] = strconv.ParseInt(f[0], 10, 64)
	h.Received, errs[1] = strconv.ParseUint(f[1], 10, 64)
	h.Sent, errs[2] = strconv.ParseUint(f[2], 10, 64)
	h.Spread = f[3] == "1"
	return errors.Join(errs[:]...)
}
