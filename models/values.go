package models

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// F64 is a float that survives what PostgreSQL puts into JSON: a number, the
// same as a string, or "NaN", "Infinity" and "-Infinity". Null is told apart by
// a nil *F64. Non-finite values are data, and are written back as strings.
type F64 float64

// Finite reports whether f is an ordinary number.
func (f F64) Finite() bool { return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) }

// UnmarshalJSON reads a number, or a string that holds one.
func (f *F64) UnmarshalJSON(b []byte) error {
	s, null := scalar(b)
	if null {
		return nil
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil && !isRange(err) {
		return fmt.Errorf("not a number: %s", clip(b))
	}
	*f = F64(v)
	return nil
}

// MarshalJSON writes a number, or one of the three strings for what JSON lacks.
func (f F64) MarshalJSON() ([]byte, error) {
	switch v := float64(f); {
	case math.IsNaN(v):
		return []byte(`"NaN"`), nil
	case math.IsInf(v, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return strconv.AppendFloat(nil, v, 'g', -1, 64), nil
	}
}

// Int is a 64-bit integer that may arrive as a number, as a string, or as a
// float without a fraction. Null is told apart by a nil *Int.
type Int int64

// UnmarshalJSON reads an integer in any of its wire forms.
func (i *Int) UnmarshalJSON(b []byte) error {
	s, null := scalar(b)
	if null {
		return nil
	}
	s = strings.TrimSpace(s)
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		*i = Int(v)
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Trunc(v) != v || math.Abs(v) >= 1<<63 {
		return fmt.Errorf("not an integer: %s", clip(b))
	}
	*i = Int(v)
	return nil
}

// Time is an instant in UTC; the zero Time stands for null and for what is not
// an instant (PostgreSQL's "infinity").
type Time struct{ time.Time }

// At wraps t.
func At(t time.Time) Time { return Time{t.UTC()} }

// UnmarshalJSON reads RFC 3339, PostgreSQL's own form, a bare date, or null.
func (t *Time) UnmarshalJSON(b []byte) error {
	s, null := scalar(b)
	if null || s == "infinity" || s == "-infinity" || s == "" {
		*t = Time{}
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", time.DateOnly} {
		if v, err := time.Parse(layout, s); err == nil {
			*t = Time{v.UTC()}
			return nil
		}
	}
	return fmt.Errorf("not a time: %s", clip(b))
}

// MarshalJSON writes RFC 3339 in UTC, or null for the zero Time.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(t.UTC().Format(time.RFC3339Nano))
}

// scalar returns the text of a JSON number or string and whether it was null.
func scalar(b []byte) (text string, null bool) {
	b = bytes.TrimSpace(b)
	if bytes.Equal(b, []byte("null")) {
		return "", true
	}
	if len(b) > 0 && b[0] == '"' {
		var s string
		if json.Unmarshal(b, &s) == nil {
			return s, false
		}
	}
	return string(b), false
}

func isRange(err error) bool {
	ne, ok := err.(*strconv.NumError)
	return ok && ne.Err == strconv.ErrRange
}

// clip shortens what a message quotes from the wire.
func clip(b []byte) string {
	if len(b) > 40 {
		b = b[:40]
	}
	return strconv.QuoteToASCII(string(b))
}
