package theme

import (
	"image/color"

	"charm.land/lipgloss/v2"
)

// Names of the themes that New knows, for the configuration.
func Names() []string { return []string{"auto", "dark", "light"} }

// palette is the few colours that all styles are made of.
type palette struct {
	text, dim, faint, strong color.Color
	accent, link             color.Color
	good, warn, bad, info    color.Color
	bar, barText             color.Color // header and footer
	sel, selText, selBlur    color.Color
	border, ground           color.Color
	series                   []color.Color
}

// New makes a theme. name is "dark", "light" or "auto" ("" too), which follows
// dark, what the terminal said of its background. noColor leaves weight,
// underline and reverse only; ascii restricts every glyph to 7 bits.
func New(name string, dark, noColor, ascii bool) Theme {
	switch name {
	case "dark":
		dark = true
	case "light":
		dark = false
	}
	t := Theme{ID: id(dark, noColor, ascii), Dark: dark, NoColor: noColor, ASCII: ascii}
	p := lightPalette()
	if dark {
		p = darkPalette()
	}
	if noColor {
		plain(&t)
	} else {
		colour(&t, p)
		t.Ground, t.Ink = p.ground, p.text
	}
	t.Series = p.series
	return t
}

// id names all that New depends on.
func id(dark, noColor, ascii bool) string {
	s := "light"
	if dark {
		s = "dark"
	}
	if noColor {
		s += "-mono"
	}
	if ascii {
		s += "-ascii"
	}
	return s
}

func darkPalette() palette {
	c := lipgloss.Color
	return palette{
		text: c("#d4d7dd"), dim: c("#9aa1ad"), faint: c("#6b7280"), strong: c("#ffffff"),
		accent: c("#56B4E9"), link: c("#7cc4f0"),
		good: c("#3fc99b"), warn: c("#E69F00"), bad: c("#ff6b57"), info: c("#56B4E9"),
		bar: c("#23272f"), barText: c("#d4d7dd"),
		sel: c("#2f5d7c"), selText: c("#ffffff"), selBlur: c("#333944"),
		border: c("#4b5260"), ground: c("#14171c"),
		// Okabe–Ito, with black replaced by white for a dark ground and the
		// blue lifted to be legible on it.
		series: []color.Color{
			c("#E69F00"), c("#56B4E9"), c("#009E73"), c("#F0E442"),
			c("#3d8fd1"), c("#D55E00"), c("#CC79A7"), c("#ffffff"),
		},
	}
}

func lightPalette() palette {
	c := lipgloss.Color
	return palette{
		text: c("#22262d"), dim: c("#565d69"), faint: c("#838a96"), strong: c("#000000"),
		accent: c("#005f99"), link: c("#005f99"),
		good: c("#00724f"), warn: c("#8f5d00"), bad: c("#b3261e"), info: c("#005f99"),
		bar: c("#e4e7ec"), barText: c("#22262d"),
		sel: c("#bcdcf2"), selText: c("#000000"), selBlur: c("#dde1e7"),
		border: c("#b4bac4"), ground: c("#fbfbfa"),
		// Okabe–Ito with its yellow darkened to be seen on white.
		series: []color.Color{
			c("#c98500"), c("#2f9bd6"), c("#009E73"), c("#a89c00"),
			c("#0072B2"), c("#D55E00"), c("#b8588c"), c("#000000"),
		},
	}
}

// colour fills the styles from a palette.
func colour(t *Theme, p palette) {
	s := lipgloss.NewStyle
	t.Text = s().Foreground(p.text)
	t.Dim = s().Foreground(p.dim)
	t.Faint = s().Foreground(p.faint)
	t.Strong = s().Foreground(p.strong).Bold(true)
	t.Accent = s().Foreground(p.accent).Bold(true)
	t.Good = s().Foreground(p.good)
	t.Warn = s().Foreground(p.warn)
	t.Bad = s().Foreground(p.bad)
	t.Info = s().Foreground(p.info)
	t.Selected = s().Foreground(p.selText).Background(p.sel).Bold(true)
	t.SelectedBlur = s().Foreground(p.text).Background(p.selBlur)
	t.Header = s().Foreground(p.barText).Background(p.bar)
	t.Footer = s().Foreground(p.dim).Background(p.bar)
	t.Key = s().Foreground(p.accent).Background(p.bar).Bold(true)
	t.KeyText = s().Foreground(p.barText).Background(p.bar)
	t.Border = s().Foreground(p.border)
	t.BorderFocus = s().Foreground(p.accent)
	t.TableHead = s().Foreground(p.dim).Bold(true)
	t.Link = s().Foreground(p.link).Underline(true)
}

// plain fills the styles without any colour.
func plain(t *Theme) {
	s := lipgloss.NewStyle
	t.Text, t.Dim = s(), s()
	t.Faint = s().Faint(true)
	t.Strong = s().Bold(true)
	t.Accent = s().Bold(true)
	t.Good, t.Info = s(), s()
	t.Warn = s().Bold(true)
	t.Bad = s().Bold(true).Underline(true)
	t.Selected = s().Reverse(true).Bold(true)
	t.SelectedBlur = s().Underline(true)
	t.Header = s().Reverse(true)
	t.Footer = s()
	t.Key = s().Bold(true)
	t.KeyText = s()
	t.Border, t.BorderFocus = s(), s().Bold(true)
	t.TableHead = s().Bold(true)
	t.Link = s().Underline(true)
}

// SeriesStyle is the style of the i-th line of a chart; any i is fine. Without
// colour it is plain, and the chart tells lines apart by glyph.
func (t Theme) SeriesStyle(i int) lipgloss.Style {
	if t.NoColor || len(t.Series) == 0 {
		return lipgloss.NewStyle()
	}
	return lipgloss.NewStyle().Foreground(t.Series[((i%len(t.Series))+len(t.Series))%len(t.Series)])
}

// Glyph picks the first of two texts, or the second where only ASCII may be
// drawn. Both must have the same width for layouts to agree.
func (t Theme) Glyph(unicode, ascii string) string {
	if t.ASCII {
		return ascii
	}
	return unicode
}
