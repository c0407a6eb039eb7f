// Package blackbox reads the module files of blackbox_exporter, makes probers of
// them that succeed and fail by the same rules, and writes results as metrics
// under its names.
//
//	file, err := blackbox.Parse(text)
//	prober, err := file.Modules["smtp_starttls"].Prober("mx.example.org:25", netprobe.Parser{})
//	err = blackbox.WriteMetrics(os.Stdout, prober.Probe(ctx))
//
// What a module asks for and this package does not do (client certificates,
// conditions in CEL, proxies, pages of more than one MiB, …) refuses the module, with
// its line; nothing is left out in silence.
//
// # Design
//
// A probe succeeds when its state is OK or Warning, after what blackbox_exporter
// does not look at has been dropped: a certificate that ends soon, a weak key, a
// stapled answer. Unlike there every address of a name is tried, a definite
// refusal that a dialogue names by "reject" ends it at once, and a failure has its
// cause. Credentials go inside verified TLS only: a module that would send them
// elsewhere fails, and says so.
package blackbox
