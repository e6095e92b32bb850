package seed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/loratop/loratop/models"
)

// Buckets that datasets lie in.
const (
	ownBucket    = "lora-datasets"
	importBucket = "training-files" // the platform's own, which imports point into
)

// datasetSpec says what one dataset is; the file and its numbers follow.
type datasetSpec struct {
	key, name, description string
	owner                  string
	format                 models.DatasetFormat
	status                 models.DatasetStatus
	scenes                 []scene
	talks, short, long     int // how many conversations of how many exchanges
	encode                 encoder
	fileName               string
	noFile                 bool // the upload never came
	imported               bool
	local                  bool // numbers by the client's own count, not the platform's validator
	age                    time.Duration
	deleted                time.Duration // ago; 0 = not
}

const day = 24 * time.Hour

func datasetSpecs() []datasetSpec {
	v4, v3 := models.FormatV4, models.FormatV3
	ready, failed := models.DatasetReady, models.DatasetError
	support, money, care := supportScene(), moneyScene(), careScene()
	return []datasetSpec{
		{key: "support", name: "Customer support, returns and refunds", description: "Shop conversations, both formats in one line: passes the validator and the trainer.",
			owner: alice, format: v4, status: ready, scenes: []scene{support}, talks: 420, short: 2, long: 4, encode: bothFormat, fileName: "support.jsonl", age: 74 * day},
		{key: "budget", name: "Everyday money, first budget", description: "Calm guidance, one step at a time.",
			owner: alice, format: v4, status: ready, scenes: []scene{money}, talks: 180, short: 2, long: 5, encode: turnsFormat, fileName: "budget.jsonl", age: 61 * day},
		{key: "empathy", name: "Empathy coaching v4 (import)", owner: alice, format: v4, status: ready, scenes: []scene{care},
			talks: 60, short: 2, long: 5, encode: pairsFormat, fileName: "training.jsonl", imported: true, age: 40 * day},
		{key: "chat", name: "Helpdesk chat, OpenAI format", description: "Counted by loratop: the platform's validator does not know messages.",
			owner: alice, format: v4, status: ready, scenes: []scene{support, care}, talks: 140, short: 1, long: 3, encode: messagesFormat, fileName: "chat.jsonl", local: true, age: 33 * day},
		{key: "tutorial", name: "Tutorial export", description: "Written by the book, refused all the same.", owner: alice, format: v4, status: failed,
			scenes: []scene{money}, talks: 24, short: 1, long: 2, encode: conversationsFormat, fileName: "tutorial.jsonl", age: 30 * day},
		{key: "mixed", name: "Mixed bag, not cleaned yet", owner: alice, format: v4, status: failed,
			scenes: []scene{support, money}, talks: 48, short: 1, long: 3, encode: spoiled, fileName: "mixed.jsonl", age: 12 * day},
		{key: "weekend", name: "Weekend upload", description: "The train left the tunnel too late.", owner: alice, format: v4, status: models.DatasetUploading,
			scenes: []scene{support}, talks: 900, short: 2, long: 4, encode: turnsFormat, fileName: "weekend.jsonl", noFile: true, age: 3 * day},
		{key: "legal", name: "Legal intake notes", owner: alice, format: v4, status: models.DatasetValidating,
			scenes: []scene{care, money}, talks: 70, short: 2, long: 3, encode: turnsFormat, fileName: "intake.jsonl", age: 5 * time.Hour},
		{key: "unicode", name: "日本語サポート 🦊 naïve café – Ωμέγα", description: "名前も中身も ASCII ではない", owner: alice, format: v4, status: ready,
			scenes: []scene{japaneseScene()}, talks: 90, short: 1, long: 3, encode: bothFormat, fileName: "日本語.jsonl", age: 9 * day},
		{key: "hostile", name: "esc \x1b[31mred\x1b[0m \x07bell \u202egnirts", description: "tab\tnewline\nand \x1b]0;a title\x07\x1b[2J", owner: alice, format: v4, status: ready,
			scenes: []scene{hostileScene()}, talks: 30, short: 1, long: 2, encode: turnsFormat, fileName: "hostile.jsonl", age: 6 * day},
		{key: "legacy", name: "Legacy seed set", owner: alice, format: v3, status: ready,
			scenes: []scene{care}, talks: 16, short: 1, long: 2, encode: turnsFormat, fileName: "seed-v3.jsonl", age: 140 * day},
		{key: "placeholder", name: "Placeholder (file without lines)", owner: alice, format: v4, status: ready,
			talks: 0, encode: blank, fileName: "empty.jsonl", local: true, age: 2 * day},
		{key: "old", name: "Old export, replaced", owner: alice, format: v4, status: ready,
			scenes: []scene{support}, talks: 40, short: 1, long: 2, encode: turnsFormat, fileName: "old.jsonl", age: 120 * day, deleted: 73 * day},

		{key: "bob-recipes", name: "Bob's kitchen talk", owner: bob, format: v4, status: ready,
			scenes: []scene{support}, talks: 60, short: 1, long: 3, encode: bothFormat, fileName: "kitchen.jsonl", age: 20 * day},
		{key: "bob-broken", name: "Bob's broken one", owner: bob, format: v4, status: failed,
			scenes: []scene{money}, talks: 40, short: 1, long: 1, encode: spoiled, fileName: "broken.jsonl", age: 4 * day},
	}
}

// dataset is a spec with its file and row.
type dataset struct {
	datasetSpec
	id, bucket, path string
	content          []byte
	count            counts
	row              row
}

// counts of a file as far as the row has them.
type counts struct {
	pairs, tokens int64
	avgTurns      float64
}

func makeDatasets(now time.Time) ([]dataset, error) {
	var out []dataset
	for _, spec := range datasetSpecs() {
		d, err := makeDataset(spec, now)
		if err != nil {
			return nil, fmt.Errorf("dataset %s: %w", spec.key, err)
		}
		out = append(out, d)
	}
	return out, nil
}

func makeDataset(spec datasetSpec, now time.Time) (dataset, error) {
	d := dataset{datasetSpec: spec, id: uuidOf("dataset", spec.key), bucket: ownBucket}
	d.path = d.owner + "/" + d.id + "/" + storageName(spec)
	if spec.imported {
		d.bucket, d.path = importBucket, uuidOf("training file", spec.key)+"/"+spec.fileName
	}
	var talks []talk
	if spec.talks > 0 {
		talks = newWriter(spec.key, spec.scenes...).talks(spec.talks, spec.short, spec.long)
	}
	var err error
	if d.content, err = spec.encode(talks); err != nil {
		return d, err
	}
	created := now.Add(-spec.age)
	d.row = row{
		"id": d.id, "user_id": d.owner, "name": d.name, "description": nilIfEmpty(d.description),
		"format": d.format, "status": d.status, "storage_bucket": d.bucket, "storage_path": d.path,
		"file_name": d.fileName, "file_size": len(d.content),
		"total_training_pairs": nil, "total_validation_pairs": nil, "total_tokens": nil,
		"avg_turns_per_conversation": nil, "avg_tokens_per_turn": nil,
		"training_ready": d.status == models.DatasetReady, "validated_at": nil,
		"validation_errors": nil, "sample_data": nil,
		"created_at": created, "updated_at": created.Add(90 * time.Second), "deleted_at": nil,
	}
	if d.deleted > 0 {
		d.row["deleted_at"], d.row["updated_at"] = now.Add(-d.deleted), now.Add(-d.deleted)
	}
	return d, d.measure(talks, created)
}

// storageName is the file's name in storage, whose keys are ASCII.
func storageName(spec datasetSpec) string {
	for _, c := range spec.fileName {
		if c > 126 {
			return spec.key + ".jsonl"
		}
	}
	return spec.fileName
}

// measure fills in what validation left in the row.
func (d *dataset) measure(talks []talk, created time.Time) error {
	switch {
	case d.status == models.DatasetUploading || d.status == models.DatasetValidating:
		return nil
	case d.imported:
		return d.measureImport(talks, created)
	case d.local:
		return d.measureLocal(created)
	}
	v, err := models.ValidateDataset(bytes.NewReader(d.content))
	if err != nil {
		return err
	}
	d.row["validated_at"] = created.Add(time.Minute)
	if v.ErrorCount > 0 {
		if d.status != models.DatasetError {
			return fmt.Errorf("%d validation errors in a file meant to be good", v.ErrorCount)
		}
		d.row["validation_errors"] = v.Errors
		return nil
	}
	d.setCounts(counts{v.Pairs, v.Tokens, v.AvgTurns})
	d.row["sample_data"] = v.Sample
	return nil
}

// measureImport uses the platform's rule of thumb for imports.
func (d *dataset) measureImport(talks []talk, created time.Time) error {
	var turns int64
	for _, t := range talks {
		turns += int64(len(t.turns))
	}
	d.setCounts(counts{turns, turns * 200, float64(turns) / float64(len(talks))})
	d.row["total_validation_pairs"], d.row["avg_tokens_per_turn"] = 0, 200
	d.row["validated_at"] = created
	return nil
}

// measureLocal counts as loratop does for what the platform cannot read.
func (d *dataset) measureLocal(created time.Time) error {
	var c counts
	var lines int64
	var sample []json.RawMessage
	for line := range bytes.Lines(d.content) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		l, err := models.ParseLine(line)
		if err != nil {
			return err
		}
		lines++
		for _, t := range l.Conversation.Turns {
			c.pairs++
			c.tokens += int64(len(bytes.Fields([]byte(t.Content)))*13+9) / 10
		}
		if len(sample) < 3 {
			sample = append(sample, line)
		}
	}
	if lines > 0 {
		c.avgTurns = float64(c.pairs) / float64(lines)
		d.row["sample_data"] = sample
	}
	d.row["validated_at"] = created.Add(5 * time.Minute)
	d.setCounts(c)
	return nil
}

func (d *dataset) setCounts(c counts) {
	d.count = c
	d.row["total_training_pairs"], d.row["total_tokens"] = c.pairs, c.tokens
	d.row["avg_turns_per_conversation"] = c.avgTurns
}

// errUnknownKey tells of a slip in this package's own tables.
var errUnknownKey = errors.New("no such key in the seed")

func findDataset(list []dataset, key string) (dataset, error) {
	for _, d := range list {
		if d.key == key {
			return d, nil
		}
	}
	return dataset{}, fmt.Errorf("dataset %q: %w", key, errUnknownKey)
}
