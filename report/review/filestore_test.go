package review

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func storeOf(t *testing.T, n int) FileStore {
	t.Helper()
	s := FileStore{Name: filepath.Join(t.TempDir(), "review.log")}
	for i := range n {
		_, err := s.Append(t.Context(), Act{Time: time.Unix(int64(i), 0), By: "ann", Kind: Sign, Signed: &Signed{Report: "r1:a", Seq: uint64(i), Day: "1970-01-01"}})
		require.NoError(t, err)
	}
	return s
}

func TestAnEditedLogIsFoundOut(t *testing.T) {
	for name, edit := range map[string]func(lines [][]byte) [][]byte{
		"another name":        func(l [][]byte) [][]byte { l[2] = bytes.Replace(l[2], []byte("ann"), []byte("eve"), 1); return l },
		"a record left out":   func(l [][]byte) [][]byte { return append(l[:2], l[3:]...) },
		"two records swapped": func(l [][]byte) [][]byte { l[1], l[2] = l[2], l[1]; return l },
		"another beginning":   func(l [][]byte) [][]byte { l[0] = []byte("other\n"); return l },
		"a new hash alone": func(l [][]byte) [][]byte {
			_, data, _ := bytes.Cut(bytes.Replace(l[2], []byte("ann"), []byte("eve"), 1), []byte(" "))
			l[2] = append([]byte(hashOf(bytes.TrimSpace(data))+" "), data...)
			return l
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := storeOf(t, 4)
			data, err := os.ReadFile(s.Name)
			require.NoError(t, err)
			edited := bytes.Join(edit(bytes.SplitAfter(data, []byte("\n"))), nil)
			require.NoError(t, os.WriteFile(s.Name, edited, 0o600))
			_, err = s.Acts(t.Context())
			require.ErrorIs(t, err, ErrDamaged)
			_, err = s.Append(t.Context(), Act{Time: time.Unix(9, 0), By: "ann", Kind: Accept})
			require.ErrorIs(t, err, ErrDamaged)
			after, err := os.ReadFile(s.Name)
			require.NoError(t, err)
			assert.Equal(t, edited, after, "what is damaged is evidence")
		})
	}
}

func TestALogThatWasCutIsFoundOutByTheReportThatKnewMore(t *testing.T) {
	log, err := storeOf(t, 3).Acts(t.Context())
	require.NoError(t, err)
	require.NoError(t, Reaches(log, 3, log[2].Hash))
	require.NoError(t, Reaches(log, 2, log[1].Hash))
	require.ErrorIs(t, Reaches(log[:2], 3, log[2].Hash), ErrDamaged)
	require.ErrorIs(t, Reaches(log, 3, log[1].Hash), ErrDamaged)
	require.ErrorIs(t, Reaches(nil, 1, log[0].Hash), ErrDamaged)
}

func TestAFullDiskLosesNoOlderAct(t *testing.T) {
	s := storeOf(t, 2)
	full := s
	full.write = func(f *os.File, data []byte) error {
		f.Write(data[:len(data)/2]) //nolint:errcheck // the disk is full
		return errors.New("no space left on device")
	}
	_, err := full.Append(t.Context(), Act{Time: time.Unix(9, 0), By: "ann", Kind: Accept})
	require.ErrorContains(t, err, "the act was not stored")
	log, err := s.Acts(t.Context())
	require.NoError(t, err)
	assert.Len(t, log, 2)
}

func TestALineThatWasBrokenOffByACrashIsWrittenOver(t *testing.T) {
	s := storeOf(t, 2)
	data, err := os.ReadFile(s.Name)
	require.NoError(t, err)
	for cut := len(data) - 1; cut >= 0; cut-- {
		require.NoError(t, os.WriteFile(s.Name, data[:cut], 0o600))
		_, err := s.Append(t.Context(), Act{Time: time.Unix(9, 0), By: "bob", Kind: Accept})
		require.NoError(t, err, "cut at %d", cut)
		log, err := s.Acts(t.Context())
		require.NoError(t, err)
		whole := max(strings.Count(string(data[:cut]), "\n")-1, 0)
		require.Len(t, log, whole+1)
		assert.Equal(t, "bob", log[whole].By)
	}
}
