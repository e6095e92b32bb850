package rest

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// span is a range of rows: Lo the first, Hi the last one (inclusive); without HasHi it is open.
type span struct {
	Lo, Hi int64
	HasHi  bool
}

func allRows() span { return span{} }

func (r span) isAll() bool { return r == span{} }

func (r span) empty() bool { return r.HasHi && r.Hi < r.Lo }

// zero is limit=0: it is allowed though it holds no row.
func (r span) zero() bool { return r.HasHi && r.Hi == -1 }

func zeroRows() span { return span{Lo: 0, Hi: -1, HasHi: true} }

// none is a range that cannot be satisfied.
func none() span { return span{Lo: 1, Hi: 0, HasHi: true} }

func (r span) and(o span) span {
	if r.empty() || o.empty() {
		return none()
	}
	out := span{Lo: max(r.Lo, o.Lo)}
	switch {
	case r.HasHi && o.HasHi:
		out.Hi, out.HasHi = min(r.Hi, o.Hi), true
	case r.HasHi:
		out.Hi, out.HasHi = r.Hi, true
	case o.HasHi:
		out.Hi, out.HasHi = o.Hi, true
	}
	return out
}

// capped is at most n rows of r.
func (r span) capped(n int64) span {
	if r.zero() {
		return zeroRows()
	}
	if n <= 0 || r.empty() {
		return r
	}
	hi := r.Lo + n - 1
	if hi < r.Lo {
		hi = math.MaxInt64
	}
	if r.HasHi {
		hi = min(hi, r.Hi)
	}
	return span{r.Lo, hi, true}
}

func (r span) limit() (int64, bool) { return r.Hi - r.Lo + 1, r.HasHi }

// shiftTo keeps the limit and begins at offset; an open range then has the limit 0.
func (r span) shiftTo(offset int64) span {
	n, _ := r.limit()
	if !r.HasHi {
		n = 0
	}
	return span{offset, offset + n - 1, true}
}

var decimal = regexp.MustCompile(`^\s*-?\s*[0-9]+\s*$`)

// readNumber reads a decimal, however long; beyond int64 it saturates well inside it.
func readNumber(s string) (int64, bool) {
	if !decimal.MatchString(s) {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(s), " ", ""), 10, 64)
	if err != nil || n > math.MaxInt64/4 {
		return math.MaxInt64 / 4, true
	}
	return n, true
}

func limitSpan(v string) span {
	n, ok := readNumber(v)
	if !ok {
		return allRows()
	}
	return span{0, n - 1, true}
}

func offsetSpan(v string) span {
	n, ok := readNumber(v)
	if !ok {
		return allRows()
	}
	return span{Lo: n}
}

var rangeHeader = regexp.MustCompile(`^([0-9]+)-([0-9]*)$`)

func headerSpan(h string) span {
	m := rangeHeader.FindStringSubmatch(h)
	if m == nil {
		return allRows()
	}
	lo, _ := readNumber(m[1])
	if m[2] == "" {
		return span{Lo: lo}
	}
	hi, _ := readNumber(m[2])
	if hi < lo {
		return none()
	}
	return span{lo, hi, true}
}

// topSpan joins the Range header (GET only) with limit and offset.
func topSpan(r *http.Request, q span) (span, *apiError) {
	head := allRows()
	if r.Method == http.MethodGet {
		head = headerSpan(r.Header.Get("Range"))
	}
	top := head.and(q)
	if q.zero() {
		top = zeroRows()
	}
	if top.empty() && !q.zero() {
		if head.empty() {
			return top, errRange("The lower boundary must be lower than or equal to the upper boundary in the Range header.")
		}
		return top, errRange("Limit should be greater than or equal to zero.")
	}
	if r.Method == http.MethodPut && !top.isAll() {
		return top, errPutLimit()
	}
	return top, nil
}

// contentRange is the header's value; total < 0 is unknown.
func contentRange(lo, hi, total int64) string {
	rows, all := "*", "*"
	if total != 0 && lo <= hi {
		rows = strconv.FormatInt(lo, 10) + "-" + strconv.FormatInt(hi, 10)
	}
	if total >= 0 {
		all = strconv.FormatInt(total, 10)
	}
	return rows + "/" + all
}

func rangeStatus(lo, hi, total int64) int {
	switch {
	case total < 0:
		return http.StatusOK
	case lo > total:
		return http.StatusRequestedRangeNotSatisfiable
	case 1+hi-lo < total:
		return http.StatusPartialContent
	}
	return http.StatusOK
}
