package report

import (
	"slices"
	"time"
)

// Schema names the JSON form of a Report. Within a major version fields are
// only added.
const Schema = "report/v1"

// A Report is what one run learned about one host. It is read-only once Run
// has returned it. The zero Report says that nobody has looked.
type Report struct {
	Schema       string        `json:"schema"`
	ID           string        `json:"id"`
	Labels       Labels        `json:"labels"`
	Seq          uint64        `json:"seq"` // counts the stored reports of this host from 1; 0: compared with nothing, not stored
	Started      time.Time     `json:"started"`
	Finished     time.Time     `json:"finished"`
	Results      []Result      `json:"results"`      // one for each configured check, in declared order
	Changes      []Change      `json:"changes"`      // against all runs before
	Explanations []Explanation `json:"explanations"` // why findings are there
	Notices      []string      `json:"notices"`      // what a person should know of the run itself

	LeftOut []string `json:"left_out,omitempty"` // what nobody looks at, since the settings say so
	Review  *Review  `json:"review,omitempty"`   // what people did; nil: nobody was asked
}

// Labels say whose report it is. All are optional.
type Labels struct {
	Tenant   string `json:"tenant,omitempty"`   // customer
	Host     string `json:"host,omitempty"`     // the observed system
	Place    string `json:"place,omitempty"`    // where it was looked at instead of where it runs: root:/mnt/image
	System   string `json:"system,omitempty"`   // its operating system, for people
	Observer string `json:"observer,omitempty"` // who looked, where that is not the host
	Boot     string `json:"boot,omitempty"`     // identity of the observed boot
}

// A Result is what became of one check.
type Result struct {
	Check     string     `json:"check"`
	Status    Status     `json:"status"`
	Reason    string     `json:"reason,omitempty"` // why it is not OK
	Findings  []Finding  `json:"findings"`         // worst first, then by rule and subject
	Metrics   []Metric   `json:"metrics"`
	Series    []Series   `json:"series"`
	Artifacts []Artifact `json:"artifacts"`
	Covered   []string   `json:"covered"` // scopes that were looked at
	Problems  []Problem  `json:"problems"`
	Rules     []string   `json:"rules"` // ids of the check's catalogue

	FormerRules []string `json:"former_rules,omitempty"` // former ids of these

	Dropped map[string]uint64 `json:"dropped,omitempty"`
	Started time.Time         `json:"started,omitzero"`
	Took    time.Duration     `json:"took_ns"`
}

// A Problem says that part of a question was not answered, and why.
type Problem struct {
	Scope   string `json:"scope"` // what is not covered; "" is everything
	Code    string `json:"code"`  // one of the Code constants
	Message string `json:"message"`
	Stack   string `json:"stack,omitempty"`
}

// Codes of a Problem.
const (
	CodeError       = "error"       // something failed
	CodePermission  = "permission"  // rights are missing
	CodeUnsupported = "unsupported" // this system or this way of looking cannot tell
	CodeTimeout     = "timeout"     // a deadline ended it
	CodePanic       = "panic"       // the check's code failed
	CodeDropped     = "dropped"     // a bound of the recorder was reached
	CodeContract    = "contract"    // the check broke the rules of this package
	CodeRunning     = "running"     // an earlier run of the check still runs
)

// A Metric is one number with its meaning.
type Metric struct {
	Name  string    `json:"name"` // such as filesystem_used_bytes
	Unit  string    `json:"unit"` // "bytes", "seconds", "ratio", "" for a plain count
	Value Number    `json:"value"`
	Attrs []Attr    `json:"attrs,omitempty"`
	Time  time.Time `json:"time,omitzero"`

	// Noun is what a count is of, where a page says it as what was looked at:
	// "2,612 files". The zero Noun is said nowhere.
	Noun Noun `json:"noun,omitzero"`
}

// A Noun is a word of what is counted, in the singular and in the plural.
type Noun struct {
	One  string `json:"one"`
	Many string `json:"many"`
}

// A Series is a time line of numbers at equal steps. A gap is a Number that is
// not known.
type Series struct {
	Name   string        `json:"name"`
	Unit   string        `json:"unit"`
	Attrs  []Attr        `json:"attrs,omitempty"`
	Start  time.Time     `json:"start"`
	Step   time.Duration `json:"step_ns"`
	Values []Number      `json:"values"`
}

// An Artifact is a bounded piece of material that findings refer to by Ref.
type Artifact struct {
	Ref       string `json:"ref"`
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Data      []byte `json:"data"`
	Truncated bool   `json:"truncated,omitempty"`
}

// An Explanation says why a finding is there, as far as the run can tell.
type Explanation struct {
	Finding    string   `json:"finding"`        // fingerprint of what is explained
	By         []string `json:"by,omitempty"`   // fingerprints of findings that it was joined with
	Joined     []Attr   `json:"joined"`         // the attributes that joined them
	Text       string   `json:"text"`           // one sentence
	Confidence string   `json:"confidence"`     // "proven", "likely", "possible"
	Full       bool     `json:"full,omitempty"` // nothing is left to explain: list it below what is not explained
}

// Result returns the result of a check, nil when the report has none.
func (r *Report) Result(check string) *Result {
	for i := range r.Results {
		if r.Results[i].Check == check {
			return &r.Results[i]
		}
	}
	return nil
}

// Incomplete returns the results whose question was not fully answered: by this
// run, or by the last one of a check that was not due.
func (r *Report) Incomplete() []Result {
	var out []Result
	for _, res := range r.Results {
		if !res.Status.Complete() || res.Status == NotDue && len(res.Problems)+len(res.Dropped) > 0 {
			out = append(out, res)
		}
	}
	return out
}

// LacksOnlyRights reports whether everything that res could not answer is
// missing for want of permission.
func (res Result) LacksOnlyRights() bool {
	return len(res.Problems) > 0 && (res.Status == Partial || res.Status == Failed || res.Status == NotDue) &&
		!slices.ContainsFunc(res.Problems, func(p Problem) bool { return p.Code != CodePermission })
}
