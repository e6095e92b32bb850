package kit

import (
	"fmt"
	"html"
	"image/color"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"

	"github.com/loratop/loratop/tui/theme"
)

// Cells is a screen that can be drawn: a terminal emulator is one.
type Cells interface {
	Width() int
	Height() int
	CellAt(x, y int) *uv.Cell
}

// Metrics of one cell in SVG units; the ratio is that of common terminal fonts.
const (
	cellW, cellH, baseline = 8.4, 17.0, 13.0
	padding                = 12.0
)

// grounds are the colours of plain text and of what is behind it.
type grounds struct{ paper, ink string }

// SVG draws a screen as a picture. Braille and block glyphs are drawn as shapes,
// so that the picture does not depend on the reader's fonts.
func SVG(c Cells) string { return drawSVG(c, grounds{paper: "#12151c", ink: "#d7dae0"}) }

// SVGText draws styled text of w × h cells as a picture in the colours of a
// theme.
func SVGText(th theme.Theme, text string, w, h int) string {
	b := uv.NewScreenBuffer(max(w, 1), max(h, 1))
	uv.NewStyledString(text).Draw(b, b.Bounds())
	g := grounds{paper: "#12151c", ink: "#d7dae0"}
	if !th.Dark {
		g = grounds{paper: "#ffffff", ink: "#1b1f27"}
	}
	g.paper, g.ink = hex(th.Ground, g.paper), hex(th.Ink, g.ink)
	return drawSVG(buffer{b}, g)
}

// buffer makes Cells of a screen buffer.
type buffer struct{ uv.ScreenBuffer }

func drawSVG(c Cells, g grounds) string {
	var b strings.Builder
	w, h := float64(c.Width())*cellW+2*padding, float64(c.Height())*cellH+2*padding
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14">`+"\n", w, h, w, h)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", g.paper)
	for y := range c.Height() {
		drawRow(&b, c, y, g)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// drawRow joins neighbours of equal style into runs.
func drawRow(b *strings.Builder, c Cells, y int, g grounds) {
	for x := 0; x < c.Width(); {
		first := c.CellAt(x, y)
		if first == nil {
			x++
			continue
		}
		end := x + 1
		for end < c.Width() && sameRun(first, c.CellAt(end, y)) {
			end++
		}
		drawRun(b, c, x, end, y, g)
		x = end
	}
}

func sameRun(a, b *uv.Cell) bool {
	return b != nil && a.Style.Equal(&b.Style)
}

func drawRun(b *strings.Builder, c Cells, x0, x1, y int, g grounds) {
	style := c.CellAt(x0, y).Style
	fg, bg := hex(style.Fg, g.ink), hex(style.Bg, "")
	if style.Attrs&uv.AttrReverse != 0 {
		if bg == "" {
			bg = g.paper
		}
		fg, bg = bg, fg
	}
	left, top := padding+float64(x0)*cellW, padding+float64(y)*cellH
	if bg != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", left, top, float64(x1-x0)*cellW, cellH+0.5, bg)
	}
	text := strings.Builder{}
	for x := x0; x < x1; x++ {
		content := c.CellAt(x, y).Content
		if content == "" {
			continue // right half of a wide glyph
		}
		if shape := glyphShape(content, padding+float64(x)*cellW, top, fg); shape != "" {
			b.WriteString(shape)
			content = " "
		}
		text.WriteString(content)
	}
	drawText(b, text.String(), left, top+baseline, float64(x1-x0)*cellW, fg, style)
}

func drawText(b *strings.Builder, text string, x, y, width float64, fg string, style uv.Style) {
	if strings.TrimSpace(text) == "" {
		return
	}
	weight := ""
	if style.Attrs&uv.AttrBold != 0 {
		weight = ` font-weight="bold"`
	}
	if style.Attrs&uv.AttrFaint != 0 {
		weight += ` opacity="0.6"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" textLength="%.1f" lengthAdjust="spacingAndGlyphs" xml:space="preserve" fill="%s"%s>%s</text>`+"\n",
		x, y, width, fg, weight, html.EscapeString(text))
}

// glyphShape is the drawing of a braille or block glyph, "" for any other.
func glyphShape(s string, x, y float64, fg string) string {
	r := []rune(s)
	if len(r) != 1 {
		return ""
	}
	switch g := r[0]; {
	case g >= 0x2800 && g <= 0x28ff:
		return brailleDots(byte(g-0x2800), x, y, fg)
	case g >= 0x2581 && g <= 0x2588:
		part := float64(g-0x2580) / 8
		return block(x, y+cellH*(1-part), cellW, cellH*part, fg)
	case g >= 0x2589 && g <= 0x258f:
		return block(x, y, cellW*float64(0x2590-g)/8, cellH, fg)
	}
	return ""
}

func block(x, y, w, h float64, fg string) string {
	return fmt.Sprintf(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", x, y, w, h, fg)
}

// brailleDots draws the eight dots in Unicode's bit order.
func brailleDots(bits byte, x, y float64, fg string) string {
	var b strings.Builder
	for i, at := range [8][2]int{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}} {
		if bits&(1<<i) == 0 {
			continue
		}
		fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="1.4" fill="%s"/>`, x+cellW*(0.25+0.5*float64(at[0])), y+cellH*(0.125+0.25*float64(at[1])), fg)
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}

func hex(c color.Color, none string) string {
	if c == nil {
		return none
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}
