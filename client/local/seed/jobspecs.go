package seed

import (
	"time"

	"github.com/loratop/loratop/models"
)

// jobSpec says what one job is.
type jobSpec struct {
	key, owner, dataset, preset string
	hyper, gpu                  row // as stored: whoever wrote the row chose the keys
	epochs                      int
	steps                       int // total_steps
	status                      models.JobStatus
	stage                       models.JobStage
	progress                    float64
	queued                      time.Duration // ago
	wait                        time.Duration // from queued to started
	ran                         time.Duration // from started to the end, or to the last news; 0 = never started
	open                        bool          // started, or failed, without completed_at
	hourly                      int64         // cents an hour, all GPUs; 0 = costs are null
	estimate                    int64         // cents
	message, stack              string
	external                    string
	curve                       *curve
	artifact                    *artifactSpec
}

// Keys as loratop and the specification write them: both families.
func fullHyper(rate float64, batch, epochs, rank, alpha int, dropout float64) row {
	return row{
		"base_model": models.DefaultBaseModel, "learning_rate": rate, "batch_size": batch, "epochs": epochs, "num_epochs": epochs,
		"rank": rank, "lora_rank": rank, "alpha": alpha, "lora_alpha": alpha, "dropout": dropout, "lora_dropout": dropout,
	}
}

func fullGPU(name string, count, memory int, price float64) row {
	return row{
		"type": name, "gpu_type": name, "instance_type": name, "count": count, "num_gpus": count,
		"gpu_memory_gb": memory, "cost_per_gpu_hour": price,
	}
}

// Keys as the web page writes them, without prices.
func webHyper(rate float64, batch, epochs, rank, alpha int, dropout float64) row {
	return row{"learning_rate": rate, "batch_size": batch, "epochs": epochs, "rank": rank, "alpha": alpha, "dropout": dropout}
}

func webGPU(name string, count int) row { return row{"type": name, "count": count} }

func jobSpecs() []jobSpec {
	var all []jobSpec
	for _, part := range [][]jobSpec{completedJobs(), failedJobs(), otherJobs(), freshJobs(), bobsJobs()} {
		all = append(all, part...)
	}
	return all
}

func completedJobs() []jobSpec {
	done, end := models.JobCompleted, models.StageCompleted
	return []jobSpec{
		{key: "support-1", owner: alice, dataset: "support", preset: "balanced", hyper: fullHyper(2e-4, 8, 5, 16, 32, 0.1), gpu: fullGPU("A100-80GB", 2, 80, 3.5),
			epochs: 5, steps: 1990, status: done, stage: end, progress: 100, queued: 71 * day, wait: 4 * time.Minute, ran: 3*time.Hour + 12*time.Minute, hourly: 700, estimate: 2310, external: "b1f0-u1",
			curve:    &curve{steps: 1990, until: 1990, every: 1, epochs: 5, high: 2.6, low: 0.42, tau: 380, noise: 0.06, rate: 2e-4, valEvery: 50, gap: 0.09, spikes: 3, speed: 1740},
			artifact: &artifactSpec{name: "Customer support, returns and refunds", rank: 16, layout: layoutPlatform}},
		{key: "support-2", owner: alice, dataset: "support", preset: "quality", hyper: webHyper(3e-5, 2, 5, 32, 64, 0.1), gpu: webGPU("H100", 1),
			epochs: 5, steps: 7960, status: done, stage: end, progress: 100, queued: 52 * day, wait: 11 * time.Minute, ran: 5*time.Hour + 40*time.Minute, estimate: 2450, external: "77ac-u2",
			curve:    &curve{steps: 7960, until: 3980, every: 2, epochs: 5, high: 2.5, low: 0.36, tau: 900, noise: 0.05, rate: 3e-5, valEvery: 80, gap: 0.05, spikes: 1, speed: 2150},
			artifact: &artifactSpec{name: "Customer support, returns and refunds", rank: 32, layout: layoutPlatform, noCost: true}},
		{key: "budget-1", owner: alice, dataset: "budget", preset: "conservative", hyper: fullHyper(1e-4, 4, 3, 8, 16, 0.05), gpu: fullGPU("V100-32GB", 1, 32, 2.1),
			epochs: 3, steps: 918, status: done, stage: end, progress: 100, queued: 44 * day, wait: 2 * time.Minute, ran: time.Hour + 50*time.Minute, hourly: 210, estimate: 420, external: "e92c-u1",
			curve:    &curve{steps: 918, until: 918, every: 2, epochs: 3, high: 2.9, low: 0.71, tau: 210, noise: 0.08, rate: 1e-4, valEvery: 23, gap: 0.12, speed: 1180},
			artifact: &artifactSpec{name: "Everyday money, first budget", rank: 8, layout: layoutSpec}},
		{key: "empathy-1", owner: alice, dataset: "empathy", preset: "aggressive", hyper: fullHyper(3e-4, 16, 10, 32, 64, 0.1), gpu: fullGPU("nvidia-a100-40gb", 1, 40, 2.5),
			epochs: 10, steps: 1310, status: done, stage: end, progress: 100, queued: 31 * day, wait: 3 * time.Minute, ran: 2*time.Hour + 5*time.Minute, hourly: 250, estimate: 610, external: "0d31-u1",
			curve:    &curve{steps: 1310, until: 640, every: 1, epochs: 10, high: 2.4, low: 0.08, tau: 170, noise: 0.05, rate: 3e-4, valEvery: 16, gap: 1.15, speed: 1490},
			artifact: &artifactSpec{name: "Empathy coaching v4 (import)", rank: 32, layout: layoutPlatform}},
		{key: "unicode-1", owner: alice, dataset: "unicode", preset: "fast", hyper: fullHyper(1e-4, 8, 1, 8, 16, 0.05), gpu: fullGPU("A100-40GB", 1, 40, 2.8),
			epochs: 1, steps: 96, status: done, stage: end, progress: 100, queued: 7 * day, wait: time.Minute, ran: 26 * time.Minute, hourly: 280, estimate: 150, external: "51c7-u2",
			curve:    &curve{steps: 96, until: 96, every: 1, epochs: 1, high: 3.3, low: 1.9, tau: 60, noise: 0.09, rate: 1e-4, speed: 1390},
			artifact: &artifactSpec{name: "日本語サポート 🦊", rank: 8, layout: layoutPlatform, status: models.ModelDeployed}},
		// What production did: the worker failed, the platform wrote "completed".
		{key: "false-1", owner: alice, dataset: "budget", preset: "balanced", hyper: webHyper(5e-5, 4, 3, 16, 32, 0.1), gpu: webGPU("A100-80GB", 2),
			epochs: 3, steps: 918, status: done, stage: end, progress: 100, queued: 28 * day, wait: 2 * time.Minute, ran: 9 * time.Minute, estimate: 401, external: "9a0e-u1"},
	}
}

func failedJobs() []jobSpec {
	failed := models.JobFailed
	return []jobSpec{
		{key: "oom-1", owner: alice, dataset: "support", preset: "custom", hyper: fullHyper(2e-4, 64, 5, 128, 256, 0), gpu: fullGPU("V100-32GB", 1, 32, 2.1),
			epochs: 5, steps: 250, status: failed, stage: models.StageTraining, progress: 3, queued: 70 * day, wait: 3 * time.Minute, ran: 14 * time.Minute, hourly: 210, estimate: 530, external: "2c44-u1",
			message: "GPU Out of Memory: CUDA out of memory. Tried to allocate 2.00 GiB. Try reducing batch_size or lora_rank.",
			stack:   "Traceback (most recent call last):\n  File \"train_lora.py\", line 412, in run\n    loss.backward()\n  File \"torch/_tensor.py\", line 522, in backward\n    torch.autograd.backward(self, gradient)\ntorch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
			curve:   &curve{steps: 250, until: 8, every: 1, epochs: 5, high: 2.6, low: 0.5, tau: 90, noise: 0.05, rate: 2e-4, speed: 900}},
		{key: "nan-1", owner: alice, dataset: "budget", preset: "custom", hyper: fullHyper(1e-3, 4, 3, 16, 32, 0), gpu: fullGPU("A100-80GB", 1, 80, 3.5),
			epochs: 3, steps: 918, status: failed, stage: models.StageTraining, progress: 52, queued: 43 * day, wait: 2 * time.Minute, ran: 58 * time.Minute, hourly: 350, estimate: 690, external: "6be1-u1",
			message: "Training instability (NaN): loss is NaN at step 440. Lower the learning rate.",
			curve:   &curve{steps: 918, until: 480, every: 2, epochs: 3, high: 2.9, low: 1.6, tau: 80, noise: 0.3, rate: 1e-3, valEvery: 25, spikes: 6, nanFrom: 440, speed: 1700}},
		{key: "submit-1", owner: alice, dataset: "empathy", preset: "balanced", hyper: webHyper(5e-5, 4, 3, 16, 32, 0.1), gpu: webGPU("A100-80GB", 2),
			epochs: 3, steps: 393, status: failed, stage: models.StageInitializing, queued: 38 * day, open: true, estimate: 388,
			message: "GPU cluster submission failed: TypeError: Invalid URL: 'undefined/run'",
			stack:   "TypeError: Invalid URL: 'undefined/run'\n    at getSerialization (ext:deno_url/00_url.js:98:11)\n    at new URL (ext:deno_url/00_url.js:405:27)"},
		{key: "format-1", owner: alice, dataset: "empathy", preset: "fast", hyper: webHyper(1e-4, 8, 1, 8, 16, 0.05), gpu: webGPU("A100-40GB", 1),
			epochs: 1, steps: 33, status: failed, stage: models.StageQueuedOnGPU, queued: 36 * day, wait: 2 * time.Minute, ran: 7 * time.Minute, estimate: 130, external: "af09-u2",
			message: "Dataset loading failed - invalid format or empty file"},
		{key: "cluster-1", owner: alice, dataset: "chat", preset: "balanced", hyper: fullHyper(2e-4, 8, 5, 16, 32, 0.1), gpu: fullGPU("H100", 1, 80, 4.2),
			epochs: 5, steps: 350, status: failed, stage: models.StageTraining, progress: 71, queued: 16 * day, wait: 5 * time.Minute, ran: 47 * time.Minute, hourly: 420, estimate: 480, external: "d7d0-u1",
			message: "Job failed on GPU cluster\nworker said: \x1b[1;31mKilled\x1b[0m\r\n(exit 137)",
			curve:   &curve{steps: 350, until: 248, every: 1, epochs: 5, high: 2.7, low: 0.6, tau: 110, noise: 0.07, rate: 2e-4, valEvery: 20, gap: 0.1, speed: 2080}},
	}
}

func otherJobs() []jobSpec {
	return []jobSpec{
		{key: "cancel-1", owner: alice, dataset: "support", preset: "aggressive", hyper: fullHyper(3e-4, 16, 10, 32, 64, 0.1), gpu: fullGPU("H100", 4, 80, 4.2),
			epochs: 10, steps: 2000, status: models.JobCancelled, stage: models.StageTraining, progress: 37, queued: 24 * day, wait: 6 * time.Minute, ran: 68 * time.Minute, hourly: 1680, estimate: 5120, external: "c3c3-u1",
			curve: &curve{steps: 2000, until: 740, every: 1, epochs: 10, high: 2.6, low: 0.3, tau: 240, noise: 0.06, rate: 3e-4, valEvery: 37, gap: 0.3, spikes: 2, rewind: 500, speed: 8300}},
		{key: "cancel-2", owner: alice, dataset: "chat", preset: "fast", hyper: webHyper(1e-4, 8, 1, 8, 16, 0.05), gpu: webGPU("V100-32GB", 1),
			epochs: 1, steps: 70, status: models.JobCancelled, stage: models.StageQueued, queued: 15 * day, ran: 0, hourly: 210, estimate: 130},
		{key: "stuck-running", owner: alice, dataset: "chat", preset: "balanced", hyper: fullHyper(2e-4, 8, 5, 16, 32, 0.1), gpu: fullGPU("A100-80GB", 1, 80, 3.5),
			epochs: 5, steps: 350, status: models.JobRunning, stage: models.StageTraining, progress: 46.29, queued: 11 * time.Hour, wait: 5 * time.Minute, ran: 96 * time.Minute, open: true, hourly: 350, estimate: 520, external: "4e8b-u1",
			curve: &curve{steps: 350, until: 162, every: 1, epochs: 5, high: 2.7, low: 0.6, tau: 120, noise: 0.07, rate: 2e-4, valEvery: 20, gap: 0.08, speed: 1710}},
		{key: "stuck-gpu", owner: alice, dataset: "empathy", preset: "quality", hyper: webHyper(3e-5, 2, 5, 32, 64, 0.1), gpu: webGPU("H100", 1),
			epochs: 5, steps: 655, status: models.JobRunning, stage: models.StageQueuedOnGPU, queued: 50 * time.Minute, wait: 2 * time.Minute, ran: time.Minute, open: true, estimate: 640, external: "8f21-u2"},
		{key: "stuck-init", owner: alice, dataset: "budget", preset: "balanced", hyper: webHyper(5e-5, 4, 3, 16, 32, 0.1), gpu: webGPU("A100-80GB", 2),
			epochs: 3, steps: 918, status: models.JobInitializing, stage: models.StageInitializing, queued: 26 * time.Hour, open: true, estimate: 401},
		{key: "odd-1", owner: alice, dataset: "legacy", preset: "wire\x1b[7mframe", hyper: row{"learning_rate": "0.0001", "r": 16, "num_epochs": "2", "warmupRatio": 0.03}, gpu: row{"instance_type": "H100 PCIe", "num_gpus": "1"},
			epochs: 2, steps: 0, status: "paused", stage: "preprocessing", progress: 15, queued: 90 * day, wait: time.Minute, ran: 5 * time.Minute, open: true, estimate: 0, external: "old\x1b[31m-1"},
	}
}

// freshJobs wait for the trainer: the demo comes up with something moving.
func freshJobs() []jobSpec {
	return []jobSpec{
		{key: "fresh-1", owner: alice, dataset: "support", preset: "balanced", hyper: fullHyper(2e-4, 8, 5, 16, 32, 0.1), gpu: fullGPU("A100-80GB", 2, 80, 3.5),
			epochs: 5, steps: 1990, status: models.JobQueued, stage: models.StageQueued, queued: 20 * time.Second, hourly: 700, estimate: 2310},
		{key: "fresh-2", owner: alice, dataset: "budget", preset: "fast", hyper: fullHyper(1e-4, 8, 1, 8, 16, 0.05), gpu: fullGPU("H100", 1, 80, 4.2),
			epochs: 1, steps: 153, status: models.JobQueued, stage: models.StageQueued, queued: 10 * time.Second, hourly: 420, estimate: 180},
	}
}

func bobsJobs() []jobSpec {
	return []jobSpec{
		{key: "bob-1", owner: bob, dataset: "bob-recipes", preset: "fast", hyper: fullHyper(1e-4, 8, 1, 8, 16, 0.05), gpu: fullGPU("A100-40GB", 1, 40, 2.8),
			epochs: 1, steps: 60, status: models.JobCompleted, stage: models.StageCompleted, progress: 100, queued: 18 * day, wait: 2 * time.Minute, ran: 31 * time.Minute, hourly: 280, estimate: 170, external: "b0b1-u1",
			curve:    &curve{steps: 60, until: 60, every: 1, epochs: 1, high: 2.8, low: 1.1, tau: 30, noise: 0.06, rate: 1e-4, valEvery: 10, gap: 0.1, speed: 1400},
			artifact: &artifactSpec{name: "Bob's kitchen talk", rank: 8, layout: layoutPlatform}},
		{key: "bob-2", owner: bob, dataset: "bob-recipes", preset: "balanced", hyper: webHyper(5e-5, 4, 3, 16, 32, 0.1), gpu: webGPU("A100-80GB", 2),
			epochs: 3, steps: 357, status: models.JobFailed, stage: models.StageInitializing, queued: 3 * day, open: true, estimate: 402,
			message: "Failed to generate dataset signed URL from bucket: lora-datasets - Object not found"},
	}
}
