package screens

import (
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/loratop/loratop/tui/screen"
)

// linkQuery splits what stands behind "?" in a link off its arguments:
// "job/ID?x=time" has the argument "ID" and the value x. What is no query is
// left out.
func linkQuery(args screen.Args) (screen.Args, url.Values) {
	out := make(screen.Args, 0, len(args))
	for i, a := range args {
		path, query, has := strings.Cut(a, "?")
		if !has {
			out = append(out, a)
			continue
		}
		if path != "" {
			out = append(out, path)
		}
		q, err := url.ParseQuery(strings.Join(append([]string{query}, args[i+1:]...), "/"))
		if err != nil {
			q = nil
		}
		return out, q
	}
	return out, nil
}

// withQuery puts values behind a link; none add nothing.
func withQuery(link string, q url.Values) string {
	if len(q) == 0 {
		return link
	}
	return link + "?" + q.Encode()
}

// number reads a finite number of a link.
func number(q url.Values, name string) (float64, bool) {
	v, err := strconv.ParseFloat(q.Get(name), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

func putNumber(q url.Values, name string, v float64) {
	q.Set(name, strconv.FormatFloat(v, 'g', 9, 64))
}

func putFlag(q url.Values, name string, on bool) {
	if on {
		q.Set(name, "1")
	}
}

// put writes what differs from a fresh view.
func (v *plotView) put(q url.Values) {
	if v.axis != axisStep {
		q.Set("x", v.axis.String())
	}
	putFlag(q, "logx", v.logX)
	if v.ink != v.inkAtFirst {
		q.Set("draw", inkNames()[v.ink])
	}
	putFlag(q, "follow", v.follow)
	if v.zoomed() {
		putNumber(q, "from", v.from)
		putNumber(q, "to", v.to)
	}
	if v.cursor != nil {
		putNumber(q, "at", *v.cursor)
	}
}

// take looks at what a link says.
func (v *plotView) take(q url.Values) {
	v.axis = axisNamed(q.Get("x"))
	v.logX = q.Get("logx") == "1"
	if ink, ok := inkNamed(q.Get("draw")); ok {
		v.ink = ink
	}
	from, ok := number(q, "from")
	to, too := number(q, "to")
	if ok && too && from < to {
		v.from, v.to = from, to
		v.follow = q.Get("follow") == "1"
	}
	if at, ok := number(q, "at"); ok {
		v.cursor = &at
	}
}

// query is how the charts are looked at, for a link.
func (c *jobCharts) query() url.Values {
	q := url.Values{}
	k := c.all[c.sel]
	if c.sel != 0 {
		q.Set("metric", k.key)
	}
	putFlag(q, "full", c.alone)
	putFlag(q, "log", k.Options.LogY)
	putFlag(q, "robust", k.Options.Robust)
	if w := smoothings()[c.smooth]; w > 0 {
		putNumber(q, "smooth", w)
	}
	c.put(q)
	return q
}

// takeQuery looks at the charts as a link says; what it does not know is left
// as it is.
func (c *jobCharts) takeQuery(q url.Values) {
	for i, k := range c.all {
		if k.key == q.Get("metric") {
			c.sel = i
		}
	}
	k := c.all[c.sel]
	c.alone = q.Get("full") == "1"
	k.Options.LogY, k.Options.Robust = q.Get("log") == "1", q.Get("robust") == "1"
	if w, ok := number(q, "smooth"); ok {
		for i, known := range smoothings() {
			if known == w {
				c.smooth = (i + len(smoothings()) - 1) % len(smoothings())
				c.setSmooth()
			}
		}
	}
	c.take(q)
}
