// Package config reads the configuration files of the example binaries: YAML,
// strictly, into a struct that already holds its defaults.
//
//	set := settings{Timeout: 5 * time.Minute}
//	err := config.Read("agent.yaml", &set)
//	// agent.yaml:3: unknown field "time-out"; did you mean "timeout"?
//	config.Print(os.Stdout, &set) // every field, what it is for, and its value
//
// A field is named as in Go, in small letters with hyphens: MaxAge is max-age.
// Its tag doc says what it is for. A field that the file does not name keeps its
// value. Durations are as in "90s", "12h" or "7d", Bytes as in "20 GiB",
// and a Day as in 2026-12-31.
//
// # Design
//
// A configuration that is misread is worse than none: a field that is not known
// or stands twice, a value of another kind and a second document are errors,
// each with its line. What Print writes Decode reads as the same values.
package config
