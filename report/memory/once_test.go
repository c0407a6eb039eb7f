package memory_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

// thrice is a state in which one finding stands everywhere, but for an edit of the
// one that is open.
func thrice(edit func(*report.Finding)) memory.Saved {
	f := report.Finding{Rule: "r", Title: "said once", Fingerprint: "1", Evidence: []report.Attr{report.Now.Of("a=b")}, First: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	change := report.Change{Check: "c", Finding: f}
	other := f
	edit(&other)
	return memory.Saved{
		Report: &report.Report{
			Results: []report.Result{{Check: "c", Findings: []report.Finding{f}}}, Changes: []report.Change{change},
			Review: &report.Review{Handled: []report.Handled{{Change: change}}},
		},
		Open: memory.Open{Items: []memory.Item{{Check: "c", Finding: other}}},
	}
}

func TestAFindingIsWrittenOnceAndReadWhereverItStood(t *testing.T) {
	saved := thrice(func(f *report.Finding) { f.Identity, f.Links = []report.Attr{}, []string{} }) // as it is read again
	data, err := memory.EncodeSaved(saved)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(data), "said once"), string(data))
	assert.Equal(t, "said once", saved.Report.Changes[0].Finding.Title, "what is written stays as it is")

	got, err := memory.DecodeSaved(data)
	require.NoError(t, err)
	for _, f := range []report.Finding{got.Report.Results[0].Findings[0], got.Report.Changes[0].Finding, got.Report.Review.Handled[0].Change.Finding, got.Open.Items[0].Finding} {
		assert.Equal(t, "said once", f.Title)
		assert.Equal(t, "1", f.Fingerprint)
		assert.Equal(t, []report.Attr{report.Now.Of("a=b")}, f.Evidence)
	}
}

// What differs in one field alone is another finding, whichever that field is.
func TestFindingsThatDifferAreBothKept(t *testing.T) {
	fields := reflect.TypeFor[report.Finding]()
	for i := range fields.NumField() {
		var want any
		saved := thrice(func(f *report.Finding) {
			v := reflect.ValueOf(f).Elem().Field(i)
			switch x := v.Addr().Interface().(type) {
			case *time.Time:
				*x = time.Date(2026, 11, 25, 12, 0, 0, 1, time.UTC)
			case **report.Remedy:
				*x = &report.Remedy{Do: [][]string{{"true"}}}
			default:
				more(v)
			}
			want = v.Interface()
		})
		data, err := memory.EncodeSaved(saved)
		require.NoError(t, err)
		got, err := memory.DecodeSaved(data)
		require.NoError(t, err)
		assert.Equal(t, 2, strings.Count(string(data), `"rule":"r`), fields.Field(i).Name)
		is := reflect.ValueOf(got.Open.Items[0].Finding).Field(i).Interface()
		if remedy, ok := want.(*report.Remedy); ok {
			is, want = is.(*report.Remedy).Do, remedy.Do
		}
		assert.Equal(t, want, is, fields.Field(i).Name)
	}
}

// more makes another value of what v holds.
func more(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "more")
	case reflect.Int:
		v.SetInt(v.Int() + 1)
	case reflect.Uint8:
		v.SetUint(v.Uint() + 1)
	case reflect.Struct:
		more(v.Field(0))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), v.Len()+1, v.Len()+1))
	default:
		panic("no other value of a " + v.Kind().String())
	}
}

func TestAFindingThatIsNotThereIsDamage(t *testing.T) {
	data, err := memory.EncodeSaved(thrice(func(*report.Finding) {}))
	require.NoError(t, err)
	for _, bad := range []string{"1", "-1", `"x"`, "{}"} {
		require.Contains(t, string(data), `"finding":0`)
		_, err := memory.DecodeSaved([]byte(strings.Replace(string(data), `"finding":0`, `"finding":`+bad, 1)))
		assert.ErrorIs(t, err, report.ErrDamaged, bad)
	}
}
