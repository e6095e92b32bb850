package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// chatFile writes n conversations in the chat format, which the trainer takes
// and the platform's validator does not.
func chatFile(t *testing.T, path string, n int) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"messages":[{"role":"user","content":"Question %d: where do I start?"},{"role":"assistant","content":"Answer %d: with one list of what comes in, and one of what goes out."}]}`+"\n", i+1, i+1)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

const boxSet = "Notes of the box"

// TestFileToJob goes the whole way from a local file to a running job by the
// keyboard alone, against the real stack: the file is picked, what is wrong with
// it is seen and mended, it is uploaded, looked into, trained with, moved to the
// trash and taken out of it.
func TestFileToJob(t *testing.T) {
	s := begin(t, 110, 32, "--speed", "20")
	chatFile(t, filepath.Join(s.down, "box-notes.jsonl"), 120)
	s.UntilIn(slow, "the live home screen", func(screen string) bool {
		return strings.Contains(screen, "DEMO") && strings.Contains(screen, "running or waiting")
	})
	s.pickAndMend()
	s.upload()
	s.lookInside()
	s.train()
	s.trashAndBack()
	s.quit()
}

func (s *story) pickAndMend() {
	s.Press("2").See("datasets", dataset).Press("n").See("Choose a dataset file", "box-notes.jsonl")
	s.Type("box").Press("tab").See("/box-notes.jsonl").Press("enter")
	s.See("The platform's validator refuses it", "The trainer accepts it", "Token lengths of the whole file")
	s.picture("upload")
	s.Press("f").Press("F").See("Wrote box-notes.fixed.jsonl", "The platform's validator accepts it", "The trainer accepts it")
	if _, err := os.Stat(filepath.Join(s.down, "box-notes.fixed.jsonl")); err != nil {
		s.t.Fatal(err)
	}
}

func (s *story) upload() {
	s.Press("enter").See("Upload as a dataset").Press("ctrl+u").Type(boxSet).Press("enter").Type("made on a server").Press("enter")
	s.UntilIn(slow, "the page of the dataset", func(screen string) bool {
		return strings.Contains(screen, "Dataset "+boxSet) && strings.Contains(screen, "✓ ready") && strings.Contains(screen, "made on a server")
	})
	s.See("240") // turns, which the platform calls pairs
}

func (s *story) lookInside() {
	s.Press("tab").See("Line 1 ", "Question 1: where do I start?").Press("]").See("Line 2 ", "Answer 2: with one list")
	s.Press("/").Type("question 77:").Press("enter").See("Line 77 ", "Answer 77: ").Press("esc")
	s.Press("%").Type("end").Press("enter").See("Line 120 ", "Answer 120: ")
	s.Press("tab").See("Contents, of all 120 lines", "no example of 120 is longer than 2,048 tokens", "Roles")
}

func (s *story) train() {
	s.Press("l").See("New training job", boxSet, "240 pairs", "Total", "Cut off").Press("v").See("Review", "Job id").Press("L").See("Job on " + boxSet)
	s.UntilIn(slow, "the job to run", func(screen string) bool {
		return strings.Contains(screen, "● running") || strings.Contains(screen, "✓ completed")
	})
}

func (s *story) trashAndBack() {
	s.Press("2").See("datasets").Press("/").Type("of the box").Press("enter").See("1 dataset", boxSet)
	s.Press("x").See("Move this dataset to the trash?").Confirm().See("0 datasets · all states")
	s.Press("t").See("1 dataset · trash", boxSet).Press("R").See("0 datasets · trash")
	s.Press("t").See("1 dataset · all states", boxSet, "✓ ready").Press("esc").See(dataset)
}
