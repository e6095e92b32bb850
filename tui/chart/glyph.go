package chart

import "github.com/NimbleMarkets/ntcharts/v2/canvas/runes"

// shapeCount is how many series are told apart without colour: by dashes and by
// marks on their lines, or in ASCII by what they are drawn with.
const shapeCount = 5

// shapeOf is the shape of a series colour.
func shapeOf(color int) int { return (color%shapeCount + shapeCount) % shapeCount }

// glyphsFor returns the runes to draw with.
func glyphsFor(ascii bool) glyphs {
	if ascii {
		return glyphs{
			vertical: '|', corner: '+', horizontal: '-', tickY: '-', tickX: '+',
			nan: 'x', up: '^', down: 'v', cursor: '|', ellipsis: '.',
			marks:   [shapeCount]rune{'*', '+', 'o', '#', '%'},
			samples: [shapeCount]string{"**", "++", "oo", "##", "%%"},
		}
	}
	return glyphs{
		vertical: runes.LineVertical, corner: runes.LineUpRight, horizontal: runes.LineHorizontal,
		tickY: runes.LineVerticalLeft, tickX: runes.LineHorizontalDown,
		nan: '×', up: '▲', down: '▼', cursor: runes.LineVertical, ellipsis: '…',
		marks:   [shapeCount]rune{'•', '◆', '■', '+', '○'},
		samples: [shapeCount]string{"─•", "╌◆", "┈■", "─+", "╌○"},
		line:    "──",
	}
}

// dash tells whether the dot at distance d along a line of the given style is
// drawn. Style 0 is solid.
func dash(style int, d int) bool {
	switch style {
	case 1:
		return d%6 < 4
	case 2:
		return d%4 < 1
	case 3:
		return d%9 < 5 || d%9 == 7
	case 4:
		return d%8 < 2
	default:
		return true
	}
}
