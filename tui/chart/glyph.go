package chart

import "github.com/NimbleMarkets/ntcharts/v2/canvas/runes"

// glyphsFor returns the runes to draw with.
func glyphsFor(ascii bool) glyphs {
	if ascii {
		return glyphs{
			vertical: '|', corner: '+', horizontal: '-', tickY: '-', tickX: '+',
			nan: 'x', up: '^', down: 'v', cursor: '|', ellipsis: '.',
			marks:   [4]rune{'*', '+', 'o', '#'},
			samples: [4]string{"**", "++", "oo", "##"},
		}
	}
	return glyphs{
		vertical: runes.LineVertical, corner: runes.LineUpRight, horizontal: runes.LineHorizontal,
		tickY: runes.LineVerticalLeft, tickX: runes.LineHorizontalDown,
		nan: '×', up: '▲', down: '▼', cursor: runes.LineVertical, ellipsis: '…',
		marks:   [4]rune{'•', '◆', '■', '+'},
		samples: [4]string{"──", "╌╌", "┈┈", "─ "},
	}
}

// dash tells whether the dot at distance d along a line of the given style is
// drawn. Style 0 is solid.
func dash(style int, d int) bool {
	switch style & 3 {
	case 1:
		return d%6 < 4
	case 2:
		return d%4 < 1
	case 3:
		return d%9 < 5 || d%9 == 7
	default:
		return true
	}
}
