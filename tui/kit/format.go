package kit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/loratop/loratop/models"
)

// None is what stands for a value that there is not.
const None = "–"

// Money is an amount as "$1,234.56"; None for nil, "unknown" for a stored NaN.
// An amount below a cent that is not nothing is "<$0.01".
func Money(m *models.Money) string {
	if m == nil {
		return None
	}
	if !m.Known() {
		return "unknown"
	}
	s := m.Round().String()
	s, neg := strings.CutPrefix(s, "-")
	if !m.IsZero() && s == "0.00" {
		return "<$0.01"
	}
	whole, cents, _ := strings.Cut(s, ".")
	s = "$" + group(whole) + "." + cents
	if neg {
		return "-" + s
	}
	return s
}

// group puts commas between thousands of a string of digits.
func group(digits string) string {
	if len(digits) <= 3 {
		return digits
	}
	var b strings.Builder
	first := len(digits) % 3
	b.WriteString(digits[:first])
	for i := first; i < len(digits); i += 3 {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(digits[i : i+3])
	}
	return b.String()
}

// Count is a number in few cells: 950, 1,270, 12.3k, 4.0M, 3.2G.
func Count(n int64) string {
	if n < 0 {
		if n == math.MinInt64 {
			n++
		}
		return "-" + Count(-n)
	}
	if n < 10_000 {
		return group(strconv.FormatInt(n, 10))
	}
	return scaled(float64(n), 1000, "kMGTPE")
}

// scaled divides v by step until it has at most 3 digits before the point.
func scaled(v, step float64, units string) string {
	i := -1
	for v >= 999.5 && i < len(units)-1 {
		v /= step
		i++
	}
	unit := ""
	if i >= 0 {
		unit = units[i : i+1]
	}
	if v < 99.95 && i >= 0 {
		return strconv.FormatFloat(v, 'f', 1, 64) + unit
	}
	return strconv.FormatFloat(v, 'f', 0, 64) + unit
}

// Int is an exact number with commas; None for nil.
func Int(n *models.Int) string {
	if n == nil {
		return None
	}
	return Exact(int64(*n))
}

// Exact is a number with commas between thousands.
func Exact(n int64) string {
	s, neg := strings.CutPrefix(strconv.FormatInt(n, 10), "-")
	if neg {
		return "-" + group(s)
	}
	return group(s)
}

// CountOf is Count for a value that may be missing.
func CountOf(n *models.Int) string {
	if n == nil {
		return None
	}
	return Count(int64(*n))
}

// Float is a number with this many significant digits, without an exponent
// where it can be read without; NaN and infinities are words, nil is None.
func Float(f *models.F64, digits int) string {
	if f == nil {
		return None
	}
	return Number(float64(*f), digits)
}

// Number is Float for a plain float.
func Number(v float64, digits int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	case v == 0:
		return "0"
	}
	digits = max(1, min(digits, 17))
	a := math.Abs(v)
	if a < 1e-3 || a >= 1e7 {
		return shortExp(strconv.FormatFloat(v, 'e', digits-1, 64))
	}
	decimals := max(0, digits-1-int(math.Floor(math.Log10(a))))
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// shortExp turns "2.000e-04" into "2e-4".
func shortExp(s string) string {
	mant, exp, ok := strings.Cut(s, "e")
	if !ok {
		return s
	}
	if strings.Contains(mant, ".") {
		mant = strings.TrimRight(strings.TrimRight(mant, "0"), ".")
	}
	n, _ := strconv.Atoi(exp)
	return mant + "e" + strconv.Itoa(n)
}

// Percent is a share of 100: "42%", "<1%", "NaN".
func Percent(p *models.F64) string {
	if p == nil {
		return None
	}
	v := float64(*p)
	switch {
	case !p.Finite():
		return Number(v, 3)
	case v > 0 && v < 1:
		return "<1%"
	case v > 99 && v < 100:
		return "99%" // not "100%" before it is
	default:
		return strconv.FormatFloat(v, 'f', 0, 64) + "%"
	}
}

// Bytes is a size: "512 B", "1.2 MB"; None below 0 (unknown).
func Bytes(n int64) string {
	if n < 0 {
		return None
	}
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	s := scaled(float64(n), 1000, "kMGTPE")
	return s[:len(s)-1] + " " + s[len(s)-1:] + "B"
}

// Age is the time since t in one unit: "now", "45s", "3m", "5h", "2d", "7w",
// "3y". What lies ahead is "in 3m"; None for no time.
func Age(t, now time.Time) string {
	if t.IsZero() {
		return None
	}
	d := now.Sub(t)
	if d < -time.Second {
		return "in " + unit(-d)
	}
	if d < time.Second {
		return "now"
	}
	return unit(d)
}

func unit(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(d/time.Second)) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d < day:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	case d < 14*day:
		return strconv.Itoa(int(d/day)) + "d"
	case d < 365*day:
		return strconv.Itoa(int(d/(7*day))) + "w"
	default:
		return strconv.Itoa(int(d/(365*day))) + "y"
	}
}

// Duration is a length of time in its two largest units: "45s", "3m 20s",
// "3h 12m", "2d 4h".
func Duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		if d == math.MinInt64 {
			d++
		}
		return "-" + Duration(-d)
	case d < time.Second && d > 0:
		return "<1s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm %02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%dh %02dm", d/time.Hour, d%time.Hour/time.Minute)
	default:
		return fmt.Sprintf("%dd %dh", d/day, d%day/time.Hour)
	}
}

// Clock is a moment in the zone of now, as short as it is clear: "15:04:05"
// today, "Jan 2 15:04" this year, else "2006-01-02 15:04". None for no time.
func Clock(t, now time.Time) string {
	if t.IsZero() {
		return None
	}
	t = t.In(now.Location())
	y, m, d := t.Date()
	ny, nm, nd := now.Date()
	switch {
	case y == ny && m == nm && d == nd:
		return t.Format("15:04:05")
	case y == ny:
		return t.Format("Jan 2 15:04")
	default:
		return t.Format("2006-01-02 15:04")
	}
}

// Text is what a string pointer holds; None for nil and "".
func Text(s *string) string {
	if s == nil || *s == "" {
		return None
	}
	return *s
}
