package rest

import "sync"

// memo keeps what is costly to make and asked for again and again. It is safe for concurrent use; what is
// kept must not be changed.
type memo[T any] struct {
	mu sync.RWMutex
	m  map[string]T
}

const (
	maxMemo    = 512     // entries; a full memo begins anew
	maxMemoKey = 8 << 10 // bytes; longer keys are not kept
)

func (m *memo[T]) get(key string) (v T, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok = m.m[key]
	return v, ok
}

// at is get with a key that need not become a string.
func (m *memo[T]) at(key []byte) (v T, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, ok = m.m[string(key)]
	return v, ok
}

func (m *memo[T]) put(key string, v T) {
	if len(key) > maxMemoKey {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.m == nil || len(m.m) >= maxMemo {
		m.m = map[string]T{}
	}
	m.m[key] = v
}

func (m *memo[T]) len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.m)
}
