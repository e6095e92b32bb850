package models

import (
	"strings"
	"time"
)

// Diagnosis says what is wrong with a row that will not move by itself.
type Diagnosis struct {
	Text, Hint string
	Age        time.Duration // how long it has been so
}

// After these spans a state counts as stuck; nothing on the platform times out.
const (
	stuckQueued       = 5 * time.Minute
	stuckInitializing = 10 * time.Minute
	stuckRunning      = 30 * time.Minute
	stuckSilent       = 10 * time.Minute
	stuckArtifact     = 10 * time.Minute
	stuckUpload       = 30 * time.Minute
	stuckValidation   = 10 * time.Minute
)

// DiagnoseJob explains a stuck job; nil when there is nothing to say.
func DiagnoseJob(j Job, now time.Time) *Diagnosis {
	switch j.Status {
	case JobQueued:
		return stuck(firstTime(j.QueuedAt, j.CreatedAt), now, stuckQueued,
			"queued and not picked up", "Is the job processor (process-training-jobs) running?")
	case JobInitializing:
		return stuck(firstTime(j.StartedAt, j.UpdatedAt, j.QueuedAt), now, stuckInitializing,
			"initializing and not submitted", "The processor probably died while submitting: it never picks such a job up again. Cancel it and launch anew.")
	case JobRunning:
		return stuck(firstTime(j.UpdatedAt, j.StartedAt), now, stuckRunning,
			"running without any news", "The GPU service may have lost it, and the cost clock may still count. Check the GPU, or cancel.")
	case JobCompleted:
		if j.ArtifactID != nil {
			return nil
		}
		return stuck(firstTime(j.CompletedAt, j.UpdatedAt), now, stuckArtifact,
			"completed without an artifact", "The training may have failed inside the worker: without metrics and files it did. Look at its log before you trust it.")
	}
	return nil
}

// DiagnoseSilence explains a running job that gives no points any more: its
// last one is older than ten usual intervals and than ten minutes. nil when
// there is nothing to say.
func DiagnoseSilence(j Job, last time.Time, usual time.Duration, now time.Time) *Diagnosis {
	if j.Status != JobRunning || last.IsZero() {
		return nil
	}
	return stuck(At(last), now, max(stuckSilent, 10*usual),
		"no point for", "The training may hang, or its callback to the platform may be broken; the cost clock goes on counting.")
}

// DiagnoseDataset explains a stuck dataset; nil when there is nothing to say.
func DiagnoseDataset(d Dataset, now time.Time) *Diagnosis {
	switch d.Status {
	case DatasetUploading:
		return stuck(firstTime(d.UpdatedAt, d.CreatedAt), now, stuckUpload,
			"uploading for long", "The upload was probably cut. Upload the file again; this row will not move by itself.")
	case DatasetValidating:
		return stuck(firstTime(d.UpdatedAt, d.CreatedAt), now, stuckValidation,
			"validating for long", "The platform's validator cannot write its result where the column error_message is missing. Validate it here instead.")
	}
	return nil
}

func stuck(since Time, now time.Time, limit time.Duration, text, hint string) *Diagnosis {
	age := now.Sub(since.Time)
	if since.IsZero() || age < limit {
		return nil
	}
	return &Diagnosis{Text: text, Hint: hint, Age: age}
}

func firstTime(times ...Time) Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return Time{}
}

// ErrorHint tells what to do about a job's error message, by the families that
// the platform and its worker write; "" for an unknown one.
func ErrorHint(message string) string {
	text := strings.ToLower(message)
	for _, f := range errorFamilies() {
		for _, sign := range f.signs {
			if strings.Contains(text, sign) {
				return f.hint
			}
		}
	}
	return ""
}

type errorFamily struct {
	signs []string
	hint  string
}

func errorFamilies() []errorFamily {
	return []errorFamily{
		{[]string{"out of memory", "cuda oom"}, "Launch again with half the batch size or a lower LoRA rank."},
		{[]string{"training instability", "(nan)", "loss is nan"}, "Launch again with a lower learning rate, a third of this one, say."},
		{[]string{"dataset loading failed", "empty file", "missing 'messages'"}, "The trainer found no usable line. Check the dataset's format: it wants messages, or pairs with current_user_input and target_response."},
		{[]string{"failed to generate dataset signed url", "object not found"}, "The dataset's file is not in storage. Upload it again."},
		{[]string{"download failed"}, "The worker could not fetch the dataset; its signed URL may have expired. Launch again."},
		{[]string{"missing hyperparameter", "validation error"}, "The worker misses a value. Launch again from loratop, which writes all of them."},
		{[]string{"repo id must be in the form"}, "The base model's name is wrong: it must be owner/name as on Hugging Face."},
		{[]string{"submission failed", "invalid url"}, "The GPU service could not be reached. Its address or key in the project's secrets may be wrong."},
		{[]string{"job failed on gpu cluster"}, "The worker gave no reason. Its log on the GPU service has it."},
	}
}
