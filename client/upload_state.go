package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/loratop/loratop/models"
)

// journal is a folder of notes, one an upload that was begun and not ended, of
// one user of one project. A note holds no secret: where the upload is can be
// used only with a token.
//
//	DATASET.json  the note, replaced whole
//	DATASET.lock  held by the process that is at it
//	folder.lock   held while notes are looked through, made or removed
type journal struct{ dir string }

// note is what it takes to continue an upload.
type note struct {
	Version     int       `json:"version"`
	DatasetID   string    `json:"dataset_id"`
	Path        string    `json:"path"` // absolute, without links
	FileName    string    `json:"file_name"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Unchecked   bool      `json:"unchecked,omitempty"`
	Size        int64     `json:"size"`
	Modified    time.Time `json:"modified"`
	SHA256      string    `json:"sha256,omitempty"` // of the whole file; "" = not read yet
	Key         string    `json:"key"`              // in the bucket
	MIME        string    `json:"mime,omitempty"`
	Upload      string    `json:"upload,omitempty"` // id of the TUS upload
	Sent        int64     `json:"sent"`             // bytes that the server was known to have
	Row         bool      `json:"row,omitempty"`    // the row may have been made
	Updated     time.Time `json:"updated"`
	LastError   string    `json:"last_error,omitempty"`
}

const (
	noteVersion = 1
	folderWait  = 10 * time.Second
)

// openJournal makes the folder of the signed-in user. Without a state folder
// there is none: a nil journal notes nothing and locks nothing.
func (c *Client) openJournal(user string) (*journal, error) {
	if c.opts.State == "" {
		return nil, nil //nolint:nilnil // see above
	}
	project := c.opts.URL
	if c.opts.Demo {
		project = "demo" // its port changes; its state folder is its own
	}
	sum := sha256.Sum256([]byte(project))
	base := filepath.Join(c.opts.State, "uploads")
	j := &journal{filepath.Join(base, hex.EncodeToString(sum[:8])+"-"+user)}
	for _, dir := range []string{base, j.dir} {
		if err := privateDir(dir); err != nil {
			return nil, stateError(err)
		}
	}
	return j, nil
}

func stateError(err error) error {
	return &models.Error{Code: models.CodeUnknown, Msg: "the state of the upload cannot be kept: " + clip(err.Error(), 200),
		Hint: "check the disk and the permissions of the state folder", Err: err}
}

func (j *journal) file(id string) string { return filepath.Join(j.dir, id+".json") }

// enter takes the folder's lock, for the moment of a look or a change.
func (j *journal) enter(ctx context.Context) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, folderWait)
	defer cancel()
	l := flock.New(filepath.Join(j.dir, "folder.lock"), flock.SetPermissions(0o600))
	if ok, err := l.TryLockContext(ctx, lockPoll); err != nil || !ok {
		return nil, stateError(errors.Join(errors.New("the folder is locked"), err))
	}
	return func() { _ = l.Unlock() }, nil
}

// hold takes the lock of one upload, inside enter: lock files come and go under
// the folder's lock only, so that two processes cannot hold two files of one name.
func (j *journal) hold(id string) (*flock.Flock, bool, error) {
	l := flock.New(filepath.Join(j.dir, id+".lock"), flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err != nil {
		err = stateError(err)
	}
	if !ok {
		_ = l.Close()
	}
	return l, ok, err
}

// notes reads all; what cannot be read is none.
func (j *journal) notes() ([]note, error) {
	list, err := os.ReadDir(j.dir)
	if err != nil {
		return nil, stateError(err)
	}
	var out []note
	for _, e := range list {
		if id, ok := strings.CutSuffix(e.Name(), ".json"); ok && isUUID(id) {
			if n, err := j.read(id); err == nil {
				out = append(out, n)
			}
		}
	}
	return out, nil
}

func (j *journal) read(id string) (note, error) {
	b, err := os.ReadFile(j.file(id))
	if errors.Is(err, fs.ErrNotExist) {
		return note{}, notFound("pending upload", id)
	}
	if err != nil {
		return note{}, stateError(err)
	}
	var n note
	if err := json.Unmarshal(b, &n); err != nil || n.Version != noteVersion || n.DatasetID != id {
		return note{}, notFound("pending upload", id)
	}
	return n, nil
}

// ticket is the right to work on one upload, and its note.
type ticket struct {
	j    *journal // nil: nothing is kept
	lock *flock.Flock
	note
}

var errBusy = errors.New("held by another")

// claim finds the pending upload that u means, or begins one with fresh.
func (j *journal) claim(ctx context.Context, u models.NewUpload, fresh note) (*ticket, error) {
	if j == nil {
		return &ticket{note: fresh}, nil
	}
	leave, err := j.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	all, err := j.notes()
	if err != nil {
		return nil, err
	}
	n := fresh
	for _, old := range all {
		if u.DatasetID == old.DatasetID || u.DatasetID == "" && old.Path == fresh.Path {
			n = old
			n.Unchecked = fresh.Unchecked
			break
		}
	}
	if n.Path != fresh.Path {
		return nil, &models.Error{Code: models.CodeConflict, Msg: "this dataset is being made of another file: " + quote(n.Path),
			Hint: "drop that upload first: loratop datasets uploads drop " + n.DatasetID}
	}
	lock, ok, err := j.hold(n.DatasetID)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &models.Error{Code: models.CodeConflict, Msg: "this file is being uploaded already", Hint: "wait for that, or stop it", Err: errBusy}
	}
	t := &ticket{j: j, lock: lock, note: n}
	if err := t.save(); err != nil {
		t.release()
		return nil, err
	}
	return t, nil
}

// take claims an upload that is known by its id.
func (j *journal) take(ctx context.Context, id string) (*ticket, error) {
	if j == nil {
		return nil, notFound("pending upload", id)
	}
	leave, err := j.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	n, err := j.read(id)
	if err != nil {
		return nil, err
	}
	lock, ok, err := j.hold(id)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &models.Error{Code: models.CodeConflict, Msg: "this upload is being sent", Hint: "stop it first", Err: errBusy}
	}
	return &ticket{j: j, lock: lock, note: n}, nil
}

// save replaces the note.
func (t *ticket) save() error {
	if t.j == nil {
		return nil
	}
	t.Version, t.Updated = noteVersion, time.Now().UTC()
	b, err := json.Marshal(t.note)
	if err == nil {
		err = writeFile(t.j.file(t.DatasetID), b, 0o600)
	}
	if err != nil {
		return stateError(err)
	}
	return nil
}

// release lets the upload go, its note stays.
func (t *ticket) release() {
	if t.lock != nil {
		_ = t.lock.Close()
	}
}

// remove forgets the upload.
func (t *ticket) remove(ctx context.Context) error {
	if t.j == nil {
		return nil
	}
	leave, err := t.j.enter(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	defer leave()
	err = os.Remove(t.j.file(t.DatasetID))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	_ = os.Remove(filepath.Join(t.j.dir, t.DatasetID+".lock")) // what is left of it is an empty file
	if err != nil {
		return stateError(err)
	}
	return syncDir(t.j.dir)
}
