package cmd

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/loratop/loratop/models"
)

const none = "-"

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func intText(v *models.Int) string {
	if v == nil {
		return none
	}
	return strconv.FormatInt(int64(*v), 10)
}

func floatText(v *models.F64, digits int) string {
	if v == nil {
		return none
	}
	if f := float64(*v); math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Sprint(f)
	}
	return strconv.FormatFloat(float64(*v), 'g', digits, 64)
}

func percentText(v *models.F64) string {
	if v == nil || !v.Finite() {
		return none
	}
	return strconv.FormatFloat(float64(*v), 'f', 0, 64) + "%"
}

func moneyText(m *models.Money) string {
	if m == nil {
		return none
	}
	return "$" + m.String()
}

func ageText(t models.Time, now time.Time) string {
	if t.IsZero() {
		return none
	}
	return humanize.RelTime(t.Time, now, "ago", "from now")
}

// bytesText is a size in powers of 1000, as the interface has it.
func bytesText(n int64) string {
	if n < 0 {
		return none
	}
	return humanize.Bytes(uint64(n))
}

// timeJSON is RFC 3339 in UTC, or nil.
func timeJSON(t models.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339Nano)
}
