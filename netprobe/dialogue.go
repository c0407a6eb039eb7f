package netprobe

import (
	"errors"
	"fmt"
	"regexp"
)

// A Step is one turn of a dialogue: what is read, and then what is sent.
type Step struct {
	Expect   *regexp.Regexp    // lines are skipped until one matches; nil: nothing is read
	Reject   *regexp.Regexp    // a line that matches is a refusal, and ends the probe
	Bytes    []byte            // in place of lines: exactly these bytes
	Until    string            // in place of lines: all up to and with this
	Facts    map[string]string // facts to keep, as templates of what Expect captured: "$1"
	Send     string            // sent with EOL behind it; "": nothing
	Expand   bool              // Send is a template of what Expect captured
	EOL      string            // "": CR LF; "none": nothing
	StartTLS bool              // then comes a handshake
}

func (step Step) run(s *Exchange) error {
	err := s.Step(PhaseExpect, func() error {
		captured, line, err := step.read(s)
		if err != nil {
			return err
		}
		for name, template := range step.Facts {
			s.Fact(name, string(step.Expect.ExpandString(nil, template, line, captured)))
		}
		return step.send(s, line, captured)
	})
	if err != nil || !step.StartTLS {
		return err
	}
	return s.TLS()
}

func (step Step) send(s *Exchange, line string, captured []int) error {
	if step.Send == "" {
		return nil
	}
	text := step.Send
	if step.Expand && captured != nil {
		text = string(step.Expect.ExpandString(nil, text, line, captured))
	}
	switch step.EOL {
	case "":
		text += "\r\n"
	case "none":
	default:
		text += step.EOL
	}
	_, err := s.wire.Write([]byte(text))
	return err
}

// read returns what Expect captured, and in what.
func (step Step) read(s *Exchange) (captured []int, text string, err error) {
	switch {
	case len(step.Bytes) > 0:
		got, err := s.wire.ReadN(len(step.Bytes))
		if err == nil && string(got) != string(step.Bytes) {
			err = Failf(ProtoUnexpected, "the server sent %.80q, expected was %.80q", got, step.Bytes)
		}
		return nil, "", err
	case step.Until != "":
		got, err := s.wire.ReadUntil(step.Until)
		if err != nil {
			return nil, "", err
		}
		captured, err = step.match(string(got))
		if err == nil && captured == nil && step.Expect != nil {
			err = Failf(ProtoUnexpected, "the server sent %.200q, in which %.80q is not found", got, step.Expect)
		}
		return captured, string(got), err
	case step.Expect == nil && step.Reject == nil:
		return nil, "", nil
	case step.Expect == nil:
		return nil, "", Failf(LocalConfig, "a step that rejects must also expect")
	}
	return step.lines(s)
}

func (step Step) lines(s *Exchange) ([]int, string, error) {
	last := ""
	for range s.wire.MaxLines() {
		line, err := s.wire.ReadLine()
		if err != nil {
			if last == "" || errors.Is(err, errStop) {
				return nil, "", err
			}
			f := s.failureOf(PhaseExpect, err)
			f.Detail = fmt.Sprintf("%s; the last line was %.200q, expected was %.80q", f.Detail, last, step.Expect)
			return nil, "", f
		}
		last = string(line)
		if s.Result.Facts.Get("banner") == "" {
			s.Fact("banner", last)
		}
		if captured, err := step.match(last); captured != nil || err != nil {
			return captured, last, err
		}
	}
	return nil, "", Failf(ProtoOversize, "%.80q is not found within %d lines", step.Expect, s.wire.MaxLines())
}

func (step Step) match(text string) ([]int, error) {
	if step.Reject != nil && step.Reject.MatchString(text) {
		return nil, Failf(ProtoReject, "the server sent %.200q, which is a refusal", text)
	}
	if step.Expect == nil {
		return nil, nil
	}
	return step.Expect.FindStringSubmatchIndex(text), nil
}
