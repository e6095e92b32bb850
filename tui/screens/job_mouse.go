package screens

import (
	tea "charm.land/bubbletea/v2"
)

// move moves the cursor by cells of the selected chart.
func (c *jobCharts) move(d int) {
	k := &c.all[c.sel].Chart
	_, hi, ok := k.XRange()
	if !ok {
		return
	}
	if c.cursor == nil {
		c.cursor = &hi
		return
	}
	if x, ok := k.XMove(*c.cursor, d); ok {
		c.cursor = &x
	}
}

// at is the chart at a place of the screen, -1 for none, and the x there.
func (c *jobCharts) at(x, y int) (i int, v float64, ok bool) {
	for i, k := range c.all {
		if k.cells.holds(x, y) {
			v, ok = k.XAt(x - k.cells.x)
			return i, v, ok
		}
	}
	return -1, 0, false
}

// mouse takes clicks, which select and put the cursor; the wheel, which zooms
// over a chart and goes through the charts elsewhere; and dragging, which moves
// what is in view, or the cursor.
func (c *jobCharts) mouse(msg tea.Msg) {
	switch m := msg.(type) {
	case tea.MouseClickMsg:
		c.click(m)
	case tea.MouseWheelMsg:
		c.wheel(m)
	case tea.MouseMotionMsg:
		if m.Button == tea.MouseLeft {
			c.drag(m)
		}
	}
}

// click selects: on a title it also makes the chart the only one, or all again;
// the right button follows the newest, the middle one shows all.
func (c *jobCharts) click(m tea.MouseClickMsg) {
	c.dragX = m.X
	i, x, ok := c.at(m.X, m.Y)
	if i < 0 {
		return
	}
	c.sel = i
	switch {
	case m.Button == tea.MouseRight:
		c.tail()
	case m.Button == tea.MouseMiddle:
		c.reset()
	case m.Y == c.all[i].cells.y && c.all[i].cells.h >= 3:
		c.alone = !c.alone
	case ok:
		c.cursor = &x
	}
}

func (c *jobCharts) wheel(m tea.MouseWheelMsg) {
	i, x, ok := c.at(m.X, m.Y)
	side := m.Mod&tea.ModShift != 0
	switch {
	case m.Button == tea.MouseWheelLeft || side && m.Button == tea.MouseWheelUp:
		c.pan(-0.1)
	case m.Button == tea.MouseWheelRight || side && m.Button == tea.MouseWheelDown:
		c.pan(0.1)
	case m.Button == tea.MouseWheelUp && ok:
		c.sel = i
		c.zoom(x, zoomStep)
	case m.Button == tea.MouseWheelDown && ok:
		c.sel = i
		c.zoom(x, 1/zoomStep)
	case m.Button == tea.MouseWheelUp:
		c.choose(-1)
	case m.Button == tea.MouseWheelDown:
		c.choose(1)
	}
}

func (c *jobCharts) drag(m tea.MouseMotionMsg) {
	i, x, ok := c.at(m.X, m.Y)
	if i < 0 {
		return
	}
	if c.zoomed() {
		c.pan(float64(c.dragX-m.X) / float64(max(c.all[i].cells.w, 1)))
		c.dragX = m.X
	} else if ok {
		c.cursor = &x
	}
}

// out takes the cursor away, else the zoom, else leaves the single chart.
func (c *jobCharts) out() {
	switch {
	case c.cursor != nil:
		c.cursor = nil
	case c.zoomed():
		c.reset()
	default:
		c.alone = false
	}
}
