package report

// Limits bound what one check may record. Zero fields take the defaults.
type Limits struct {
	Findings      int   // zero: 10,000
	Metrics       int   // zero: 10,000
	Values        int   // numbers in all series together; zero: 200,000
	Problems      int   // zero: 1,000
	Scopes        int   // zero: 20,000
	Artifacts     int   // zero: 256
	ArtifactBytes int64 // of one artifact; zero: 256 KiB
	TotalBytes    int64 // of all text and artifacts; zero: 32 MiB
	KeptBytes     int   // of all kept values; zero: 1 MiB
}

func (l Limits) withDefaults() Limits {
	set := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	set(&l.Findings, 10_000)
	set(&l.Metrics, 10_000)
	set(&l.Values, 200_000)
	set(&l.Problems, 1_000)
	set(&l.Scopes, 20_000)
	set(&l.Artifacts, 256)
	set(&l.KeptBytes, 1<<20)
	if l.ArtifactBytes == 0 {
		l.ArtifactBytes = 256 << 10
	}
	if l.TotalBytes == 0 {
		l.TotalBytes = 32 << 20
	}
	return l
}

const (
	maxText     = 8 << 10 // bytes of one title, detail, message
	maxEvidence = 256     // attributes of one finding
	maxLinks    = 16      // of one finding, and its artifacts
	maxName     = 200     // bytes of the name and the unit of a number
)
