package kit

// SetTitle renames a column of the table.
func (t *Table) SetTitle(col int, title string) {
	if col >= 0 && col < len(t.cols) && t.cols[col].Title != title {
		t.cols[col].Title, t.head = title, ""
	}
}
