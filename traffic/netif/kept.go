package netif

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
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
		if !l.Hours.ordered() || !l.Days.ordered() {
			return History{}, fmt.Errorf("history of %.64q: the hours are not in order", l.Last.Name)
		}
	}
	return f.History, nil
}

func (h Hours) ordered() bool {
	for i := range h {
		if i > 0 && h[i].Start <= h[i-1].Start {
			return false
		}
	}
	return true
}

// MarshalText gives of each hour the distance from the one before, both numbers,
// and flags, of which the lowest is Spread and the others are Classes: varints,
// in base64.
func (h Hours) MarshalText() ([]byte, error) {
	var out []byte
	before := int64(0)
	for _, hour := range h {
		flags := uint64(hour.Classes) << 1
		if hour.Spread {
			flags |= 1
		}
		out = binary.AppendVarint(out, hour.Start-before)
		for _, n := range [...]uint64{hour.Received, hour.Sent, flags} {
			out = binary.AppendUvarint(out, n)
		}
		before = hour.Start
	}
	return base64.RawStdEncoding.AppendEncode(nil, out), nil
}

// UnmarshalText reads what MarshalText wrote.
func (h *Hours) UnmarshalText(text []byte) error {
	data, err := base64.RawStdEncoding.AppendDecode(nil, text)
	*h = nil
	before := int64(0)
	for len(data) > 0 && err == nil {
		distance, n := binary.Varint(data)
		data = data[max(n, 0):]
		var numbers [3]uint64
		for i := range numbers {
			var more int
			numbers[i], more = binary.Uvarint(data)
			data, n = data[max(more, 0):], min(n, more)
		}
		if n <= 0 || numbers[2] > 1<<17-1 {
			return errors.New("the hours are damaged")
		}
		before += distance
		*h = append(*h, Hour{before, numbers[0], numbers[1], numbers[2]&1 == 1, uint16(numbers[2] >> 1)})
	}
	return err
}
