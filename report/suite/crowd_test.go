package suite_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

func run(t *testing.T, set *suite.Suite, fn func(rec *report.Recorder)) *report.Report {
	t.Helper()
	set.Checks = []report.Checker{check("much", func(_ context.Context, rec *report.Recorder) error { fn(rec); return nil })}
	rep, err := set.Run(t.Context())
	require.NoError(t, err)
	return rep
}

func find(findings []report.Finding, subject string) *report.Finding {
	for i := range findings {
		if findings[i].Subject.Value == subject {
			return &findings[i]
		}
	}
	return nil
}

func TestTheMildestOfTheMostFrequentGiveWay(t *testing.T) {
	rep := run(t, &suite.Suite{Limits: report.Limits{Findings: 100}}, func(rec *report.Recorder) {
		for i := range 500 {
			assert.True(t, rec.Finding(full(fmt.Sprintf("/home/%d", i), severity(report.Notice))))
		}
		rec.Finding(full("/etc/sudoers", severity(report.Critical)))
		rec.Finding(full("/rare", severity(report.Info), func(f *report.Finding) { f.Rule = "renamed" }))
		for i := range 500 {
			rec.Finding(full(fmt.Sprintf("/usr/%d", i), severity(report.Warning)))
		}
		rec.Finding(full("/usr/0", severity(report.Critical)))
		rec.Covered("fs")
	})
	got := rep.Results[0].Findings
	assert.Equal(t, "/etc/sudoers", got[0].Subject.Value)
	assert.NotNil(t, find(got, "/rare"), "one of its kind")
	assert.Equal(t, 2, find(got, "/usr/0").Count)
	counted := find(got, "further-findings")
	require.NotNil(t, counted)
	assert.Equal(t, report.Warning, counted.Severity)
	assert.Equal(t, 902, counted.Count)
	assert.Contains(t, counted.Title, ": 902 more, only counted")
	assert.Contains(t, counted.Detail, "418 warning, 484 notice")
	assert.Len(t, got, 101)
	assert.Equal(t, report.Partial, rep.Results[0].Status)
	assert.Equal(t, uint64(902), rep.Results[0].Dropped["finding"])
}

// Of one rule and severity, who has the most gives way, whenever it came.
func TestNobodyCrowdsOutAnothersFindings(t *testing.T) {
	file := func(rec *report.Recorder, name string, evidence ...report.Attr) {
		rec.Finding(full("/", func(f *report.Finding) { f.Subject, f.Evidence = report.Path.Of(name), evidence }))
	}
	floods := map[string]func(rec *report.Recorder){
		"first": func(rec *report.Recorder) {
			for i := range 500 {
				file(rec, fmt.Sprintf("/home/mallory/%d", i))
			}
		},
		"of many folders": func(rec *report.Recorder) {
			for i := range 500 {
				file(rec, fmt.Sprintf("/home/mallory/%d/x", i))
			}
		},
		"wherever there is room": func(rec *report.Recorder) {
			for i := range 500 {
				file(rec, fmt.Sprintf("/tmp/%d", i), report.Now.Of("owner=1001:1001"))
			}
		},
		"root's own": func(rec *report.Recorder) {
			for i := range 500 {
				file(rec, fmt.Sprintf("/usr/lib/x/%d", i))
			}
		},
	}
	for name, flood := range floods {
		t.Run(name, func(t *testing.T) {
			for _, before := range []bool{true, false} {
				rep := run(t, &suite.Suite{Limits: report.Limits{Findings: 100}}, func(rec *report.Recorder) {
					if before {
						flood(rec)
					}
					for i := range 30 {
						file(rec, fmt.Sprintf("/home/ann/%d", i))
						file(rec, fmt.Sprintf("/etc/%d", i))
					}
					if !before {
						flood(rec)
					}
				})
				got := rep.Results[0].Findings
				for i := range 30 {
					assert.NotNil(t, find(got, fmt.Sprintf("/home/ann/%d", i)), before)
					assert.NotNil(t, find(got, fmt.Sprintf("/etc/%d", i)), before)
				}
				assert.Len(t, got, 101)
				assert.Equal(t, 460, find(got, "further-findings").Count)
			}
		})
	}
}

func TestWhatGaveWayIsNeverFixed(t *testing.T) {
	store := &reporttest.Store{}
	paths := func(n int) func(rec *report.Recorder) {
		return func(rec *report.Recorder) {
			for i := range n {
				rec.Finding(full(fmt.Sprintf("/home/u%d/f", i%150+150*(i/150))))
				rec.Covered(fmt.Sprintf("fs/home/u%d", i))
			}
			rec.Covered("fs")
		}
	}
	run(t, &suite.Suite{Store: store, Limits: report.Limits{Findings: 300}}, paths(300))
	rep := run(t, &suite.Suite{Store: store, Limits: report.Limits{Findings: 10}}, paths(300))
	for _, ch := range rep.Changes {
		assert.NotEqual(t, report.Fixed, ch.Kind, ch.Finding.Subject)
	}
	rep = run(t, &suite.Suite{Store: store}, paths(299))
	fixed := map[string]bool{}
	for _, ch := range rep.Changes {
		if ch.Kind == report.Fixed {
			fixed[ch.Finding.Subject.Value] = true
		}
	}
	assert.Equal(t, map[string]bool{"/home/u299/f": true, "further-findings": true}, fixed)
}

func TestAFloodDoesNotHoldThePosition(t *testing.T) {
	store := &reporttest.Store{}
	run(t, &suite.Suite{Store: store, Limits: report.Limits{Findings: 10}}, func(rec *report.Recorder) {
		for i := range 1000 {
			assert.True(t, rec.Finding(full(fmt.Sprintf("/%d", i))))
		}
		assert.NoError(t, rec.Keep("at", []byte("1000")))
	})
	saved, err := store.Load(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "1000", string(saved.Kept["much"]["at"]))
}

func TestLongFindingsGiveWayAsManyDo(t *testing.T) {
	long := strings.Repeat("long words ", 700)
	rep := run(t, &suite.Suite{Limits: report.Limits{TotalBytes: 100_000}}, func(rec *report.Recorder) {
		for i := range 100 {
			rec.Finding(full(fmt.Sprintf("/%d", i), func(f *report.Finding) { f.Detail = long }))
		}
		rec.Finding(full("/etc/sudoers", severity(report.Critical), func(f *report.Finding) { f.Detail = long }))
	})
	assert.NotNil(t, find(rep.Results[0].Findings, "/etc/sudoers"))
	assert.NotNil(t, find(rep.Results[0].Findings, "further-findings"))
	assert.Less(t, len(rep.Results[0].Findings), 20)
}

func TestOneBadNumberCancelsNothing(t *testing.T) {
	for name, fn := range map[string]func(rec *report.Recorder){
		"a metric without a value": func(rec *report.Recorder) { rec.Metric(report.Metric{Name: "x"}) },
		"a series without a step":  func(rec *report.Recorder) { rec.Series(report.Series{Name: "x"}) },
		"too many metrics":         func(rec *report.Recorder) { rec.Metric(metric); rec.Metric(metric) },
		"too many series": func(rec *report.Recorder) {
			rec.Series(report.Series{Name: "s", Step: 1, Values: make([]report.Number, 9)})
		},
		"an artifact that ends early":  func(rec *report.Recorder) { rec.Artifact("a", "text/plain", brokenReader{}) },
		"a kept value that is too big": func(rec *report.Recorder) { _ = rec.Keep("a", make([]byte, 99)) },
		"a scope that is none":         func(rec *report.Recorder) { rec.Covered("/a/../b") },
	} {
		limits := report.Limits{Metrics: 1, Values: 4, KeptBytes: 10}
		res := run(t, &suite.Suite{Limits: limits}, func(rec *report.Recorder) { rec.Covered("fs"); fn(rec) }).Results[0]
		assert.True(t, res.Covers("fs/a"), name)
		assert.Equal(t, report.Partial, res.Status, name)
		assert.NotEmpty(t, res.Problems, name)
	}
}

var metric = report.Metric{Name: "x", Value: report.Count(1)}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("input/output error") }

func TestAProblemOfAnOddScopeCancelsTheNearestOnly(t *testing.T) {
	for scope, at := range map[string]string{
		"fs/a/": "fs/a", "/fs/a": "fs/a", "fs/a\x00b/c": "fs", "fs/" + strings.Repeat("b", 5000): "fs", "../fs": "fs", "": "", "..": "",
	} {
		res := run(t, &suite.Suite{}, func(rec *report.Recorder) { rec.Problem(errors.New("odd"), scope) }).Results[0]
		assert.Equal(t, at, res.Problems[0].Scope, "%.20q", scope)
	}
}

// A text may be as long as a log: what is not kept of it costs nothing.
func TestALongTextHoldsNoRun(t *testing.T) {
	huge := strings.Repeat("password=hunter2-very-secret ", 16<<20/29)
	began := time.Now()
	rep := run(t, &suite.Suite{}, func(rec *report.Recorder) {
		rec.Finding(full("/", func(f *report.Finding) { f.Title, f.Detail, f.Fix = huge, huge, huge }))
		rec.Problem(errors.New(huge), "fs/"+huge)
		rec.Metric(report.Metric{Name: huge, Unit: huge, Value: report.Count(1)})
		rec.Covered(huge)
	})
	assert.Less(t, time.Since(began), time.Minute)
	assert.LessOrEqual(t, len(rep.Results[0].Findings[0].Detail), 8<<10+len("…"))
	assert.True(t, strings.HasSuffix(rep.Results[0].Findings[0].Detail, "…"))
}

func TestASecretAtTheBoundIsNotCut(t *testing.T) {
	const secret = "hunter2-very-secret"
	for before := 8<<10 - 60; before < 8<<10+10; before++ {
		text := strings.Repeat("x", before) + " https://user:" + secret + "@example.org/ and " + strings.Repeat("more ", 5000)
		res := run(t, &suite.Suite{}, func(rec *report.Recorder) { rec.Problem(errors.New(text), "") }).Results[0]
		assert.NotContains(t, res.Problems[0].Message, secret[:5], before)
	}
}

// plant puts s into every string below v that is not set.
func plant(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		if v.String() == "" {
			v.SetString(s)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[report.Number]() {
			return
		}
		for i := range v.NumField() {
			plant(v.Field(i), s)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		plant(v.Elem(), s)
	case reflect.Slice:
		if v.Len() == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		for i := range v.Len() {
			plant(v.Index(i), s)
		}
	}
}

// Whatever the recorder takes has a secret in each of its fields: one after the
// other, so that a field that is refused does not hide the others.
func TestNoFieldOfNoTypeBringsASecretIn(t *testing.T) {
	const secret = "hunter2-very-secret"
	for _, s := range []string{"password=" + secret, "targets/x?password=" + secret, "https://user:" + secret + "@example.org/", "token: " + secret} {
		rep := run(t, &suite.Suite{}, func(rec *report.Recorder) {
			base := full("/", func(f *report.Finding) {
				f.Identity = []report.Attr{{Key: report.Path, Value: "/" + s}}
				f.Evidence = []report.Attr{{Key: report.Sample, Value: s}, {Key: "x-own", Value: s}}
			})
			plant(reflect.ValueOf(&base).Elem(), s)
			rec.Finding(base)
			for i := range reflect.TypeFor[report.Finding]().NumField() {
				f := full("/")
				f.Title = fmt.Sprint(i)
				field := reflect.ValueOf(&f).Elem().Field(i)
				field.SetZero()
				plant(field, s)
				rec.Finding(f)
			}
			for _, key := range []report.Key{report.Path, report.Sample, report.Source, report.Target, report.Account, report.Repository, "x-own"} {
				f := full("/", func(f *report.Finding) { f.Subject = key.Of(s) })
				rec.Finding(f)
				f = full("/", func(f *report.Finding) { f.Subject = key.Of("/" + s) })
				rec.Finding(f)
			}
			m, ser := report.Metric{Value: report.Count(1)}, report.Series{Step: time.Hour}
			plant(reflect.ValueOf(&m).Elem(), s)
			plant(reflect.ValueOf(&ser).Elem(), s)
			rec.Metric(m)
			rec.Series(ser)
			rec.Artifact(s, s, strings.NewReader(s))
			rec.Artifact(s, s, io.MultiReader(strings.NewReader("more "+s), brokenReader{}))
			rec.Problem(errors.New(s), s)
			rec.Covered(s)
			rec.Covered("targets/" + s)
			assert.NoError(t, rec.Keep("a", nil))
		})
		data, err := report.Encode(rep)
		require.NoError(t, err)
		for _, part := range strings.Split(string(data), "\n") {
			assert.NotContains(t, part, secret, s)
		}
	}
}

func TestScopesWithSecretsStillCover(t *testing.T) {
	res := run(t, &suite.Suite{}, func(rec *report.Recorder) {
		rec.Covered("targets/password=hunter2-very-secret")
		rec.Problem(errors.New("refused"), "targets/password=another-very-secret")
		rec.Finding(full("/", func(f *report.Finding) { f.Scope = "targets/password=hunter2-very-secret/smtp" }))
	}).Results[0]
	assert.True(t, res.Covers(res.Findings[0].Scope))
	assert.NotContains(t, res.Findings[0].Scope, "hunter2")
}
