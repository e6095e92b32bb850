package cmd

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/loratop/loratop/models"
)

func TestAlerts(t *testing.T) {
	values := map[string]float64{"loss": math.NaN(), "val": 2.5, "grad": math.Inf(1), "lr": 2e-5, "step": 1200, "cost": 11.99}
	view := alertView{idle: 12 * time.Minute, value: func(n string) (float64, bool) { v, ok := values[n]; return v, ok }}
	for text, want := range map[string]bool{
		"nan(loss)": true, "NAN( Loss )": true, "nan(val)": false, "inf(grad)": true, "bad(grad)": true, "bad(loss)": true, "bad(val)": false,
		"val > 2": true, "val>2.5": false, "val >= 2.5": true, "lr < 1e-4": true, "lr<=2e-5": true, "lr > -1e-5": true, "step == 1200": true, "step != 1200": false,
		"loss > 3": false, "loss != 3": false, "grad > 1e300": true, "gpu < 5": false, "nan(gpu)": false,
		"stalled(10m)": true, "stalled(12m0s)": true, "stalled(1h)": false,
		"val > 3 or step > 1000": true, "val > 3 || cost > 12": false, "val > 2 and step > 1000": true, "val > 2 && step < 1000": false,
		"not val > 3": true, "not (val > 2 or step > 1)": false, "val > 3 and step > 1 or cost > 11": true, "val > 3 and (step > 1 or cost > 11)": false,
	} {
		c, err := parseAlert(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if c(view) != want {
			t.Errorf("%s is %v", text, !want)
		}
	}
}

func TestAlertMistakes(t *testing.T) {
	for text, say := range map[string]string{
		"": "a condition", "nan(": "is expected", "nan(lss)": `no value "lss"`, "mean(loss)": `no function "mean"`, "loss": "one of >", "loss >": "a number",
		"loss > x": "a number", "loss > nan": "a number", "stalled(10)": "duration", "stalled(-5m)": "duration", "loss > 3 loss": "the end", "(loss > 3": `")"`,
		"loss > 3 or": "a condition", "tokens > 3": `no value "tokens"`, strings.Repeat("(", 501): "at most", "loss => 3": "one of >", "\x1b[2J": "no value",
	} {
		_, err := parseAlert(text)
		if models.CodeOf(err) != models.CodeUsage || !strings.Contains(err.Error(), say) {
			t.Errorf("%q: %v, want %q", text, err, say)
		}
	}
}

// FuzzAlert: no expression breaks the parser, and what it takes can be asked.
func FuzzAlert(f *testing.F) {
	for _, s := range []string{"nan(loss)", "val > 1e-3 and not stalled(5m)", "((loss<1)", "!!!", "-", "1e", "or or"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseAlert(s)
		if (c == nil) == (err == nil) && err == nil {
			t.Fatal("neither condition nor error")
		}
		if err == nil {
			c(alertView{value: func(string) (float64, bool) { return 1, true }})
		}
	})
}
