// Package theme holds the colours and styles of loratop. A Theme is a value
// made by New; nothing here is package state.
package theme

import (
	"image/color"

	"charm.land/lipgloss/v2"
)

// Theme is every style that screens, widgets and charts draw with.
type Theme struct {
	ID   string // changes whenever any style does: part of every cache key
	Dark bool
	// NoColor is set for NO_COLOR and monochrome terminals: tell things apart
	// by weight, glyph and text as well.
	NoColor bool
	// ASCII restricts glyphs to 7 bits.
	ASCII bool

	Text, Dim, Faint, Strong lipgloss.Style // running text by importance
	Accent                   lipgloss.Style // titles, keys, focus
	Good, Warn, Bad, Info    lipgloss.Style // states
	Selected                 lipgloss.Style // the cursor row
	SelectedBlur             lipgloss.Style // the cursor row of an unfocused pane
	Header, Footer           lipgloss.Style // the two bars
	Key, KeyText             lipgloss.Style // footer: "q" and "quit"
	Border, BorderFocus      lipgloss.Style // frame glyphs
	TableHead                lipgloss.Style
	Link                     lipgloss.Style

	// Ground and Ink are the plain background and text colour; nil without
	// colour. They are drawn only where the terminal's own are the wrong way
	// round for the theme.
	Ground, Ink color.Color

	// Series are line colours, safe for colour-blind eyes (Okabe–Ito order),
	// stable by index.
	Series []color.Color
}
