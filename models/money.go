package models

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// Currency is the unit of every amount; the platform has no other.
const Currency = "USD"

// Money is a decimal amount in US dollars. It is never a float. Null is told
// apart by a nil *Money. A stored NaN (numeric columns can hold one) decodes
// as an error value: Known is false and the amount counts as nothing.
type Money struct {
	d       decimal.Decimal
	unknown bool
}

// ParseMoney reads a decimal such as "12.34".
func ParseMoney(s string) (Money, error) {
	d, err := decimal.NewFromString(strings.TrimSpace(s))
	if err != nil {
		return Money{}, fmt.Errorf("not an amount: %q", s)
	}
	return Money{d: d}, nil
}

// Dollars makes an amount from whole dollars and cents; for tables and tests.
func Dollars(cents int64) Money { return Money{d: decimal.New(cents, -2)} }

// Cost is rate × quantity, unrounded. A quantity (hours, GPUs) is a measured
// float and enters the product through its shortest decimal form.
func (m Money) Cost(quantity float64) Money {
	q := F64(quantity)
	if !q.Finite() || m.unknown {
		return Money{unknown: true}
	}
	return Money{d: m.d.Mul(decimal.NewFromFloat(quantity))}
}

// Known is false for a stored NaN.
func (m Money) Known() bool { return !m.unknown }

// IsZero reports an amount of exactly nothing.
func (m Money) IsZero() bool { return m.d.IsZero() }

// Add returns m + o; an unknown side counts as nothing.
func (m Money) Add(o Money) Money { return Money{d: m.d.Add(o.d)} }

// Sub returns m − o.
func (m Money) Sub(o Money) Money { return Money{d: m.d.Sub(o.d)} }

// Cmp orders two amounts: -1, 0 or 1.
func (m Money) Cmp(o Money) int { return m.d.Cmp(o.d) }

// Round rounds half away from zero to cents.
func (m Money) Round() Money { return Money{d: m.d.Round(2), unknown: m.unknown} }

// Ratio is m / o as a plain number, 0 when o is nothing; for bars, never for sums.
func (m Money) Ratio(o Money) float64 {
	if o.d.IsZero() {
		return 0
	}
	return m.d.Div(o.d).InexactFloat64()
}

// String is the amount with two decimals, without a currency sign.
func (m Money) String() string {
	if m.unknown {
		return "NaN"
	}
	return m.d.StringFixed(2)
}

// Decimal returns the exact amount as text.
func (m Money) Decimal() string { return m.d.String() }

// UnmarshalJSON reads a number, a numeric string, "NaN", or null.
func (m *Money) UnmarshalJSON(b []byte) error {
	s, null := scalar(b)
	if null {
		return nil
	}
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "nan", "infinity", "-infinity":
		*m = Money{unknown: true}
		return nil
	}
	v, err := ParseMoney(s)
	if err != nil {
		return err
	}
	*m = v
	return nil
}

// MarshalJSON writes a decimal string, as the JSON contract demands; PostgreSQL
// takes it for a numeric column as well.
func (m Money) MarshalJSON() ([]byte, error) {
	if m.unknown {
		return []byte(`"NaN"`), nil
	}
	return []byte(`"` + m.d.String() + `"`), nil
}
