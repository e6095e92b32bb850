package screens

import "slices"

// toggled marks an id, or takes its mark. Marks keep the order of marking.
func toggled(marks []string, id string) []string {
	if i := slices.Index(marks, id); i >= 0 {
		return slices.Delete(marks, i, i+1)
	}
	return append(marks, id)
}
