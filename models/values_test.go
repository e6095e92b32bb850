package models_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loratop/loratop/models"
)

func TestF64Wire(t *testing.T) {
	for in, want := range map[string]float64{
		`1.5`: 1.5, `"1.5"`: 1.5, `"NaN"`: math.NaN(), `"Infinity"`: math.Inf(1), `"-Infinity"`: math.Inf(-1),
		`"inf"`: math.Inf(1), `0`: 0, `1e999`: math.Inf(1), `" 2 "`: 2,
	} {
		var f models.F64
		if err := json.Unmarshal([]byte(in), &f); err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := float64(f); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%s = %v, want %v", in, got, want)
		}
	}
	for _, in := range []string{`"abc"`, `true`, `{}`, `[]`, `""`} {
		if err := json.Unmarshal([]byte(in), new(models.F64)); err == nil {
			t.Errorf("%s was taken for a number", in)
		}
	}
	var null struct{ V *models.F64 }
	if err := json.Unmarshal([]byte(`{"V":null}`), &null); err != nil || null.V != nil {
		t.Errorf("null: %v %v", null.V, err)
	}
}

func TestF64RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.Uint64().Draw(t, "bits")
		in := models.F64(math.Float64frombits(bits))
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var out models.F64
		if err := json.Unmarshal(b, &out); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if in != out && !(math.IsNaN(float64(in)) && math.IsNaN(float64(out))) {
			t.Fatalf("%v became %v through %s", in, out, b)
		}
	})
}

func TestIntWire(t *testing.T) {
	for in, want := range map[string]int64{
		`7`: 7, `"7"`: 7, `7.0`: 7, `9007199254740993`: 9007199254740993, `-1`: -1, `"9223372036854775807"`: math.MaxInt64, `1e3`: 1000,
	} {
		var i models.Int
		if err := json.Unmarshal([]byte(in), &i); err != nil || int64(i) != want {
			t.Errorf("%s = %d, %v; want %d", in, i, err, want)
		}
	}
	for _, in := range []string{`7.5`, `"x"`, `1e40`, `"NaN"`, `true`} {
		if err := json.Unmarshal([]byte(in), new(models.Int)); err == nil {
			t.Errorf("%s was taken for an integer", in)
		}
	}
}

func TestTimeWire(t *testing.T) {
	want := time.Date(2025, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for _, in := range []string{
		`"2025-01-02T03:04:05.678901Z"`, `"2025-01-02T03:04:05.678901+00:00"`, `"2025-01-02 05:04:05.678901+02:00"`, `"2025-01-02T03:04:05.678901"`,
	} {
		var got models.Time
		if err := json.Unmarshal([]byte(in), &got); err != nil || !got.Equal(want) {
			t.Errorf("%s = %v, %v", in, got, err)
		}
	}
	for _, in := range []string{`null`, `"infinity"`, `"-infinity"`, `""`} {
		got := models.At(want)
		if err := json.Unmarshal([]byte(in), &got); err != nil || !got.IsZero() {
			t.Errorf("%s = %v, %v; want zero", in, got, err)
		}
	}
	if err := json.Unmarshal([]byte(`"yesterday"`), new(models.Time)); err == nil {
		t.Error("yesterday was taken for a time")
	}
	b, err := json.Marshal(models.Time{})
	if err != nil || string(b) != "null" {
		t.Errorf("zero time = %s, %v", b, err)
	}
}

func TestMoneyIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cents := rapid.SliceOfN(rapid.Int64Range(-1e9, 1e9), 0, 50).Draw(t, "cents")
		var sum models.Money
		var want int64
		for _, c := range cents {
			sum = sum.Add(models.Dollars(c))
			want += c
		}
		if sum.Cmp(models.Dollars(want)) != 0 {
			t.Fatalf("sum %s, want %s", sum, models.Dollars(want))
		}
		b, err := json.Marshal(sum)
		if err != nil {
			t.Fatal(err)
		}
		var back models.Money
		if err := json.Unmarshal(b, &back); err != nil || back.Cmp(sum) != 0 {
			t.Fatalf("%s came back as %s, %v", b, back, err)
		}
	})
}

func TestMoneyWire(t *testing.T) {
	for in, want := range map[string]string{`12.34`: "12.34", `"12.34"`: "12.34", `0`: "0.00", `12.5`: "12.50", `"NaN"`: "NaN"} {
		var m models.Money
		if err := json.Unmarshal([]byte(in), &m); err != nil || m.String() != want {
			t.Errorf("%s = %s, %v; want %s", in, m, err, want)
		}
	}
	if err := json.Unmarshal([]byte(`"a lot"`), new(models.Money)); err == nil {
		t.Error("text was taken for an amount")
	}
	var nan models.Money
	_ = json.Unmarshal([]byte(`"NaN"`), &nan)
	if nan.Known() || nan.Add(models.Dollars(100)).String() != "1.00" {
		t.Error("an unknown amount must count as nothing")
	}
	if got := models.Dollars(350).Cost(math.NaN()); got.Known() {
		t.Errorf("a rate times NaN hours is %s", got)
	}
	if got := models.Dollars(350).Cost(0.1).String(); got != "0.35" {
		t.Errorf("3.50 × 0.1 = %s", got)
	}
}
