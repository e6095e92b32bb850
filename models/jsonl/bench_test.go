package jsonl_test

import (
	"bytes"
	"syscall"
	"testing"
	"time"

	"github.com/loratop/loratop/models/jsonl"
)

// benchBytes is the size of the file that is checked again and again.
const benchBytes = 16 << 20

// cpuTime is what the process has used, user and system.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchmarkCheck(b *testing.B, line func(*maker, *bytes.Buffer, int)) {
	data := newMaker(line).bytes(benchBytes, 1)
	b.SetBytes(int64(len(data)))
	used := cpuTime(b)
	for b.Loop() {
		r, err := jsonl.Check(b.Context(), bytes.NewReader(data), jsonl.Options{SeqLen: 2048})
		if err != nil || r.Pairs == 0 {
			b.Fatal(r.Pairs, err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(len(data))/1e6/(cpuTime(b)-used).Seconds(), "MB/cpu-s")
}

func BenchmarkCheckTurns(b *testing.B)    { benchmarkCheck(b, turnsLine) }
func BenchmarkCheckMessages(b *testing.B) { benchmarkCheck(b, messagesLine) }
func BenchmarkCheckPairs(b *testing.B)    { benchmarkCheck(b, pairLine) }
