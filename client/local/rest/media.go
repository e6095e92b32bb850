package rest

import (
	"sort"
	"strconv"
	"strings"
)

// mediaKind is how the rows are put together.
type mediaKind uint8

const (
	mediaJSON mediaKind = iota
	mediaCSV
	mediaGeoJSON
	mediaSingle      // one object
	mediaSingleStrip // one object without its nulls
	mediaArrayStrip  // an array of objects without their nulls
	mediaOther
	mediaAny
	mediaOpenAPI
	mediaForm
	mediaText
	mediaXML
	mediaBytes
)

// mediaType is one media type as the protocol names it.
type mediaType struct {
	Kind mediaKind
	Name string
}

func (m mediaType) contentType() string {
	if m.Kind == mediaBytes || m.Kind == mediaOther {
		return m.Name
	}
	return m.Name + "; charset=utf-8"
}

var jsonMedia = mediaType{mediaJSON, "application/json"}

var plainMedia = map[string]mediaType{
	"application/json":                  jsonMedia,
	"application/geo+json":              {mediaGeoJSON, "application/geo+json"},
	"text/csv":                          {mediaCSV, "text/csv"},
	"text/plain":                        {mediaText, "text/plain"},
	"text/xml":                          {mediaXML, "text/xml"},
	"application/openapi+json":          {mediaOpenAPI, "application/openapi+json"},
	"application/x-www-form-urlencoded": {mediaForm, "application/x-www-form-urlencoded"},
	"application/octet-stream":          {mediaBytes, "application/octet-stream"},
	"*/*":                               {mediaAny, "*/*"},
}

// decodeMedia reads one media type with its parameters.
func decodeMedia(text string) mediaType {
	parts := strings.Split(text, ";")
	name := strings.ToLower(strings.TrimSpace(parts[0]))
	strip := false
	for _, p := range parts[1:] {
		k, v, _ := strings.Cut(strings.ReplaceAll(p, " ", ""), "=")
		if strings.EqualFold(k, "nulls") && strings.Trim(v, `"`) == "stripped" {
			strip = true
		}
	}
	if m, ok := plainMedia[name]; ok {
		return m
	}
	switch name {
	case "application/vnd.pgrst.object+json", "application/vnd.pgrst.object":
		if strip {
			return mediaType{mediaSingleStrip, "application/vnd.pgrst.object+json;nulls=stripped"}
		}
		return mediaType{mediaSingle, "application/vnd.pgrst.object+json"}
	case "application/vnd.pgrst.array+json", "application/vnd.pgrst.array":
		if strip {
			return mediaType{mediaArrayStrip, "application/vnd.pgrst.array+json;nulls=stripped"}
		}
		return jsonMedia
	case "application/vnd.pgrst.plan", "application/vnd.pgrst.plan+text", "application/vnd.pgrst.plan+json":
		return planMedia(name, parts[1:])
	}
	return mediaType{mediaOther, text}
}

// planMedia only has to name itself: execution plans are not served.
func planMedia(name string, params []string) mediaType {
	target, options := "application/json", ""
	for _, p := range params {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch strings.ToLower(strings.TrimSpace(k)) {
		case "for":
			target = decodeMedia(strings.Trim(strings.TrimSpace(v), `"`)).Name
		case "options":
			options = strings.TrimSpace(v)
		}
	}
	if name == "application/vnd.pgrst.plan" {
		name += "+text"
	}
	name += `; for="` + target + `"`
	var kept []string
	for _, o := range []string{"analyze", "verbose", "settings", "buffers", "wal"} {
		if contains(strings.Split(options, "|"), o) {
			kept = append(kept, o)
		}
	}
	if len(kept) > 0 {
		name += "; options=" + strings.Join(kept, "|")
	}
	return mediaType{mediaOther, name}
}

// parseAccept orders the types of an Accept header by quality, then by how specific they are.
func parseAccept(h string, given bool) []mediaType {
	if !given {
		return []mediaType{plainMedia["*/*"]}
	}
	type ranked struct {
		text     string
		q        float64
		specific int
	}
	var list []ranked
	for _, part := range strings.Split(h, ",") {
		if part == "" {
			continue
		}
		text, q := strings.TrimSpace(part), 1.0
		if squeezed := strings.ReplaceAll(part, " ", ""); strings.Contains(squeezed, ";q=") {
			i := strings.Index(squeezed, ";q=")
			text = squeezed[:i]
			number, _, _ := strings.Cut(squeezed[i+3:], ";")
			var err error
			if q, err = strconv.ParseFloat(number, 64); err != nil {
				q = 1
			}
		}
		list = append(list, ranked{text, q, specificity(text)})
	}
	sort.SliceStable(list, func(i, j int) bool {
		if list[i].q != list[j].q {
			return list[i].q > list[j].q
		}
		return list[i].specific > list[j].specific
	})
	var out []mediaType
	for _, r := range list {
		out = append(out, decodeMedia(r.text))
	}
	return out
}

func specificity(text string) int {
	parts := strings.Split(text, ";")
	n := len(parts) - 1
	switch main := parts[0]; {
	case main == "*/*":
		return n
	case strings.HasSuffix(main, "/*"):
		return n + 1
	}
	return n + 2
}

// negotiate picks the first acceptable type that rows can be sent as.
func negotiate(accept []mediaType) (mediaType, *apiError) {
	names := make([]string, 0, len(accept))
	for _, m := range accept {
		switch m.Kind {
		case mediaJSON, mediaCSV, mediaGeoJSON, mediaSingle, mediaSingleStrip, mediaArrayStrip:
			return m, nil
		case mediaAny:
			return jsonMedia, nil
		}
		names = append(names, m.Name)
	}
	return mediaType{}, errMedia(names)
}
