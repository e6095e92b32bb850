package screens

import (
	"fmt"
	"time"

	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/kit"
)

// storedFile is what is known of the file that a dataset points to.
type storedFile int

const (
	storedUnknown storedFile = iota
	storedThere
	storedMissing
)

// diagnoseDataset says what is wrong with a row that will not move by itself,
// with what this machine knows of its upload and whether its file is stored.
func diagnoseDataset(d models.Dataset, up upState, stored storedFile, now time.Time) *models.Diagnosis {
	if d.Status == models.DatasetUploading && up.kind != upNone {
		return diagnoseUpload(up)
	}
	out := models.DiagnoseDataset(d, now)
	if out == nil {
		return nil
	}
	switch {
	case d.Status == models.DatasetUploading && stored == storedThere:
		out.Text = "uploading for long, but its file is stored"
		out.Hint = "Whoever uploaded it did not say so. v checks the file from here and makes the dataset ready."
	case d.Status == models.DatasetUploading && stored == storedMissing:
		out.Text = "uploading for long, and no file is stored"
		out.Hint = "No upload of it is known on this machine. Upload the file again, and x moves this row to the trash."
	case d.Status == models.DatasetUploading:
		out.Hint = "No upload of it is known on this machine. If its file is stored, v checks it; else upload the file again, and x moves this row to the trash."
	case stored == storedMissing:
		out.Text = "validating for long, and no file is stored"
		out.Hint = "There is nothing to validate. Upload the file again, and x moves this row to the trash."
	default:
		out.Hint = "The platform's validator cannot write its result where the column error_message is missing. v validates it from here."
	}
	return out
}

// diagnoseUpload tells of an upload that this machine began; nil while it goes on.
func diagnoseUpload(up upState) *models.Diagnosis {
	at := fmt.Sprintf("its upload stopped at %d%%", up.percent())
	out := &models.Diagnosis{Text: at, Hint: "U continues it from there, x drops it."}
	switch up.kind {
	case upRunning:
		return nil
	case upElsewhere:
		return &models.Diagnosis{Text: "another loratop on this machine is uploading it", Hint: "It goes on without this one."}
	case upChanged:
		out.Text += ", and the file was changed since"
		out.Hint = "x drops the upload; then upload " + models.Clean(up.path) + " anew."
	case upMissing:
		out.Text += ", and the file " + models.Clean(up.path) + " is gone"
		out.Hint = "Put it back and U continues, or x drops the upload."
	default:
		if up.err != "" {
			out.Text += ": " + up.err
		}
	}
	return out
}

// diagnosisText is a diagnosis in one paragraph.
func diagnosisText(d *models.Diagnosis) string {
	age := ""
	if d.Age > 0 {
		age = " (" + kit.Duration(d.Age) + ")"
	}
	return fmt.Sprintf("! %s%s. %s", d.Text, age, d.Hint)
}
