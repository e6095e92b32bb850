package storage

import (
	"context"
	"io"
)

// Open reads an object past the policies, for the parts of the stack itself.
func (s *Server) Open(ctx context.Context, bucket, key string) (io.ReadCloser, error) {
	o, err := s.find(ctx, service(), bucket, key)
	if err != nil {
		return nil, err
	}
	f, err := s.disk.open(o.Version)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Put writes or replaces an object past the policies, within the bucket's own
// limits. ownerID is the user it is for.
func (s *Server) Put(ctx context.Context, bucket, key, contentType, ownerID string, body io.Reader) error {
	if !goodKey(key) {
		return badKey(key)
	}
	l, err := s.limitsOf(ctx, bucket)
	if err != nil {
		return err
	}
	ct := content{bucket: bucket, key: key, mime: contentType}
	if err := s.stage(body, incoming{limits: l}, &ct); err != nil {
		return err
	}
	_, err = s.commit(ctx, caller{role: "service_role", sub: ownerID}, ct, true)
	return err
}

// Remove deletes objects past the policies; those that are missing are no error.
func (s *Server) Remove(ctx context.Context, bucket string, keys ...string) error {
	_, err := s.erase(ctx, service(), bucket, keys)
	return err
}
