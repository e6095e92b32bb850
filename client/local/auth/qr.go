package auth

import (
	"fmt"
	"strings"

	"github.com/pquerna/otp"
)

// qrSize is the width of the picture that is traced, in pixels.
const qrSize = 200

// qrSVG draws the key's URL as an SVG: one rectangle for each dark run of a row.
func qrSVG(key *otp.Key) (string, error) {
	img, err := key.Image(qrSize, qrSize)
	if err != nil {
		return "", fmt.Errorf("draw code: %w", err)
	}
	dark := func(x, y int) bool {
		if x >= qrSize {
			return false
		}
		r, _, _, _ := img.At(x, y).RGBA()
		return r < 1<<15
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, qrSize, qrSize, qrSize, qrSize)
	for y := range qrSize {
		from := -1
		for x := range qrSize + 1 {
			switch {
			case dark(x, y) && from < 0:
				from = x
			case !dark(x, y) && from >= 0:
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from, y, x-from, x-from)
				from = -1
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}
