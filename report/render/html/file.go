package html

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

type file struct {
	Name, Size, Note shown
	Lines            []fileLine
}

type fileLine struct {
	Class string // add, del, hunk or none
	Text  shown
}

// material is what a check gave that no finding refers to.
type material struct {
	Check shown
	Files []file
}

// maxMaterial bounds it.
const maxMaterial = 50

// materials lists what no finding of a report refers to, such as the list of all
// that a backup took. What a check that was not due gave is of another day.
func materials(rep *report.Report) (out []material, more int) {
	used := map[string]bool{}
	for _, c := range rep.Changes {
		for _, ref := range c.Finding.Artifacts {
			used[c.Check+"/"+ref] = true
		}
	}
	shownFiles := 0
	for _, res := range rep.Results {
		var rest []report.Artifact
		for _, a := range res.Artifacts {
			switch {
			case used[res.Check+"/"+a.Ref] || res.Status == report.NotDue:
			case shownFiles == maxMaterial:
				more++
			default:
				shownFiles++
				rest = append(rest, a)
			}
		}
		if len(rest) > 0 {
			out = append(out, material{clean(res.Check), files(rest)})
		}
	}
	return out, more
}

// maxFileLines bounds what the page shows of an artifact.
const maxFileLines = 400

func files(artifacts []report.Artifact) []file {
	var out []file
	for _, a := range artifacts {
		f := file{Name: clean(a.Name), Size: shown(render.Quantity(report.Count(uint64(len(a.Data))), "bytes"))}
		if a.Truncated {
			f.Note = "cut when it was taken"
		}
		if bytes.IndexByte(a.Data, 0) >= 0 || !utf8.Valid(a.Data) {
			f.Note = "not text, so it is not shown here"
			out = append(out, f)
			continue
		}
		all := lines(strings.ReplaceAll(string(a.Data), "\t", "    "))
		if len(all) > maxFileLines {
			f.Note = shown(fmt.Sprintf("the first %d of %d lines", maxFileLines, len(all)))
			all = all[:maxFileLines]
		}
		for _, line := range all {
			f.Lines = append(f.Lines, fileLine{lineClass(a.MediaType, string(line)), line})
		}
		out = append(out, f)
	}
	return out
}

func lineClass(mediaType, line string) string {
	if mediaType != "text/x-diff" && mediaType != "text/x-patch" {
		return ""
	}
	switch {
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "@@"):
		return "hunk"
	case strings.HasPrefix(line, "+"):
		return "add"
	case strings.HasPrefix(line, "-"):
		return "del"
	}
	return ""
}
