package jsonl_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/loratop/loratop/models/bpe"
	"github.com/loratop/loratop/models/jsonl"
)

// benchBytes is the size of the file that is checked again and again.
const benchBytes = 16 << 20

// cpuTime is what the process has used, user and system; with RUSAGE_CHILDREN
// what those have that it waited for.
func cpuTime(b *testing.B, who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// oneCore measures f, which reads size bytes, on one core, in megabytes a second
// of processor time: what else the machine does at the moment does not count.
func oneCore(b *testing.B, size int, f func()) (rate float64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b.SetBytes(int64(size))
	used, n := cpuTime(b, syscall.RUSAGE_SELF), 0
	for b.Loop() {
		f()
		n++
	}
	rate = float64(n) * float64(size) / 1e6 / (cpuTime(b, syscall.RUSAGE_SELF) - used).Seconds()
	b.ReportMetric(rate, "MB/cpu-s")
	return rate
}

func check(b *testing.B, r io.Reader, o jsonl.Options) {
	o.SeqLen = 2048
	rep, err := jsonl.Check(b.Context(), r, o)
	if err != nil || rep.Pairs == 0 {
		b.Fatal(rep.Pairs, err)
	}
}

// BenchmarkCheck reads structure and counts, without a tokenizer or a hash, on
// one core, and compares with jq -c on the same file in the same run.
func BenchmarkCheck(b *testing.B) { benchmarkCheck(b, jsonl.Options{NoHash: true}) }

// BenchmarkCheckHash is the same with SHA-256, on one core too; where there are
// more, it runs beside.
func BenchmarkCheckHash(b *testing.B) { benchmarkCheck(b, jsonl.Options{}) }

func benchmarkCheck(b *testing.B, o jsonl.Options) {
	for _, f := range []struct {
		name string
		line func(*maker, *bytes.Buffer, int)
	}{{"turns", turnsLine}, {"messages", messagesLine}, {"pairs", pairLine}} {
		b.Run(f.name, func(b *testing.B) {
			data := newMaker(f.line).bytes(benchBytes, 1)
			rate := oneCore(b, len(data), func() { check(b, bytes.NewReader(data), o) })
			if jq := jqRate(b, data); jq > 0 {
				b.ReportMetric(rate/jq, "times-jq")
			}
		})
	}
}

// jqRate is how fast jq -c reads the file, in megabytes a second of its processor
// time over three runs, 0 where there is no jq.
func jqRate(b *testing.B, data []byte) float64 {
	jq, err := exec.LookPath("jq")
	if err != nil {
		b.Log("jq is not installed: no comparison")
		return 0
	}
	path := b.TempDir() + "/file.jsonl"
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	const runs = 3
	used := cpuTime(b, syscall.RUSAGE_CHILDREN)
	for range runs {
		c := exec.CommandContext(context.Background(), jq, "-c", ".", path)
		if err := c.Run(); err != nil { // its output goes to /dev/null
			b.Fatal(err)
		}
	}
	return runs * float64(len(data)) / 1e6 / (cpuTime(b, syscall.RUSAGE_CHILDREN) - used).Seconds()
}

// BenchmarkCheckBPE is the same with a byte-pair tokenizer that has seen none of
// the texts.
func BenchmarkCheckBPE(b *testing.B) {
	data := newMaker(turnsLine).bytes(benchBytes/16, 1)
	oneCore(b, len(data), func() {
		t, err := bpe.New("")
		if err != nil {
			b.Fatal(err)
		}
		check(b, bytes.NewReader(data), jsonl.Options{Tokens: t})
	})
}

// BenchmarkCheckMemory streams 500 MB, of which every line is another, through a
// check: the most memory that the program has at any moment beside the stream's
// own block.
func BenchmarkCheckMemory(b *testing.B) {
	block := newMaker(turnsLine).bytes(4<<20, 1)
	for b.Loop() {
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		peak := uint64(0)
		e := newEndless(block, 500e6)
		e.watch = func() {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapInuse+now.StackInuse-min(before.HeapInuse+before.StackInuse, now.HeapInuse+now.StackInuse))
		}
		check(b, e, jsonl.Options{})
		b.ReportMetric(float64(peak)/1e6, "peak-MB")
	}
}
