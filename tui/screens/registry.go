package screens

import (
	"github.com/loratop/loratop/models"
	"github.com/loratop/loratop/tui/screen"
)

// Options are what the configuration gives to the screens.
type Options struct {
	GPUs        []models.GPU               // the price table; launch offers these
	Presets     []models.Preset            // offered by launch
	Tokens      func() models.TokenCounter // counts for launch, a new one each call; nil: the platform's rule
	Budget      *models.Money              // of a UTC month; nil: none
	Chart       string                     // what charts are drawn with: "auto" (or ""), "braille", "blocks", "ascii"
	DownloadDir string                     // artifacts land in DownloadDir/ARTIFACT_ID; "" is the working folder

	desk *desk // the uploads of this run, one for all screens
}

// deskOf is the desk that all screens share; a screen made alone has its own.
func (o Options) deskOf(b Uploads) *desk {
	if o.desk == nil {
		return newDesk(b)
	}
	return o.desk
}

// All is the ordered table of screens: the tabs first, then the pages that only
// links lead to. A new screen is a row here and a file beside this one.
func All(b Backend, o Options) []screen.Spec {
	o.desk = newDesk(b)
	return []screen.Spec{
		{Name: "home", Title: "Home", Nav: true, New: newHome(b, o)},
		{Name: "datasets", Title: "Datasets", Nav: true, New: newDatasets(b, o)},
		{Name: "jobs", Title: "Jobs", Nav: true, New: newJobs(b, o)},
		{Name: "launch", Title: "Launch", Nav: true, New: newLaunch(b, o)},
		{Name: "artifacts", Title: "Artifacts", Nav: true, New: newArtifacts(b, o)},
		{Name: "costs", Title: "Costs", Nav: true, New: newCosts(b, o)},
		{Name: "inbox", Title: "Inbox", Nav: true, New: newInbox(b, o)},
		{Name: "queue", Title: "Queue", Nav: true, New: newQueue(b, o)},
		{Name: "signin", Title: "Sign in", New: newSignIn(b, o)},
		{Name: "dataset", Title: "Dataset", New: newDataset(b, o)},
		{Name: "upload", Title: "Upload", New: newUpload(b, o), Busy: o.desk.busy, Progress: o.desk.progress},
		{Name: "uploading", Title: "Uploading", New: newUploading(b, o)},
		{Name: "job", Title: "Job", New: newJob(b, o)},
		{Name: "compare", Title: "Compare", New: newCompare(b, o)},
		{Name: "artifact", Title: "Artifact", New: newArtifact(b, o)},
	}
}
