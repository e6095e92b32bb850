package kit

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

func TestMoney(t *testing.T) {
	for in, want := range map[string]string{
		"0": "$0.00", "1234.565": "$1,234.57", "1000000": "$1,000,000.00", "-5": "-$5.00",
		"0.004": "<$0.01", "999.999": "$1,000.00", "-1234.5": "-$1,234.50",
	} {
		m, err := models.ParseMoney(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := Money(&m); got != want {
			t.Errorf("Money(%s) = %s, want %s", in, got, want)
		}
	}
	var nan models.Money
	if err := nan.UnmarshalJSON([]byte(`"NaN"`)); err != nil {
		t.Fatal(err)
	}
	if Money(nil) != None || Money(&nan) != "unknown" {
		t.Errorf("%s %s", Money(nil), Money(&nan))
	}
}

func TestCounts(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 9999: "9,999", 10_000: "10.0k", 12_345: "12.3k", 999_949: "1.0M", 100_500: "100k",
		3_200_000_000: "3.2G", -12_345: "-12.3k", math.MinInt64: "-9.2E", math.MaxInt64: "9.2E",
	} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		i := models.Int(n)
		if got := Int(&i); got != want {
			t.Errorf("Int(%d) = %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{-1: None, 0: "0 B", 999: "999 B", 1000: "1.0 kB", 1_234_567: "1.2 MB", 5 << 30: "5.4 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		v      float64
		digits int
		want   string
	}{
		{math.NaN(), 3, "NaN"}, {math.Inf(1), 3, "inf"}, {math.Inf(-1), 3, "-inf"}, {0, 3, "0"},
		{0.00002, 3, "2e-5"}, {2e-4, 3, "2e-4"}, {1.5e-7, 3, "1.5e-7"}, {0.6234, 4, "0.6234"},
		{123.456, 4, "123.5"}, {2150, 3, "2150"}, {1e9, 3, "1e9"}, {-0.5, 2, "-0.50"}, {0.001, 3, "0.00100"},
	} {
		if got := Number(c.v, c.digits); got != c.want {
			t.Errorf("Number(%v, %d) = %s, want %s", c.v, c.digits, got, c.want)
		}
	}
	f := models.F64(math.NaN())
	if Float(nil, 3) != None || Float(&f, 3) != "NaN" || Percent(&f) != "NaN" || Percent(nil) != None {
		t.Error("missing or NaN values")
	}
	for v, want := range map[float64]string{0: "0%", 0.3: "<1%", 42.4: "42%", 99.7: "99%", 100: "100%"} {
		p := models.F64(v)
		if got := Percent(&p); got != want {
			t.Errorf("Percent(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 11, 24, 15, 4, 5, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "now", 45 * time.Second: "45s", 3 * time.Minute: "3m", 5 * time.Hour: "5h", 49 * time.Hour: "2d",
		60 * 24 * time.Hour: "8w", 800 * 24 * time.Hour: "2y", -5 * time.Minute: "in 5m",
	} {
		if got := Age(now.Add(-d), now); got != want {
			t.Errorf("Age(%v) = %s, want %s", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", time.Millisecond: "<1s", 45 * time.Second: "45s", 200 * time.Second: "3m 20s",
		192 * time.Minute: "3h 12m", 52 * time.Hour: "2d 4h", -time.Minute: "-1m 00s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %s, want %s", d, got, want)
		}
	}
	for at, want := range map[time.Time]string{
		{}: None, now: "15:04:05", now.AddDate(0, -1, 0): "Oct 24 15:04", now.AddDate(-1, 0, 0): "2025-11-24 15:04",
	} {
		if got := Clock(at, now); got != want {
			t.Errorf("Clock(%v) = %s, want %s", at, got, want)
		}
	}
}

func TestFormattersNeverBreak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, f := rapid.Int64().Draw(t, "n"), rapid.Float64().Draw(t, "f")
		d := time.Duration(rapid.Int64().Draw(t, "d"))
		v := models.F64(f)
		for _, s := range []string{Count(n), Exact(n), Bytes(n), Number(f, 3), Percent(&v), Duration(d), Age(time.Unix(n>>20, 0), time.Unix(0, 0))} {
			if s == "" || strings.ContainsAny(s, "\n\x1b") {
				t.Fatalf("%q", s)
			}
		}
		if len(Count(n)) > 6 {
			t.Fatalf("Count(%d) = %s", n, Count(n))
		}
	})
}
