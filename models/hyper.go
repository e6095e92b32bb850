package models

// UnmarshalJSON reads any of the platform's key families. Where aliases
// disagree the worker's key wins, since that is what was trained.
func (h *Hyperparameters) UnmarshalJSON(b []byte) error {
	f := objectOf(b)
	*h = Hyperparameters{
		BaseModel:    f.text("base_model", "baseModel"),
		LearningRate: f.number("learning_rate", "learningRate", "lr"),
		BatchSize:    f.integer("batch_size", "batchSize"),
		Epochs:       f.integer("epochs", "num_epochs", "numEpochs"),
		Rank:         f.integer("rank", "lora_rank", "loraRank", "r"),
		Alpha:        f.number("alpha", "lora_alpha", "loraAlpha"),
		Dropout:      f.number("dropout", "lora_dropout", "loraDropout"),
		WarmupSteps:  f.integer("warmup_steps", "warmupSteps"),
		WeightDecay:  f.number("weight_decay", "weightDecay"),
		MaxGradNorm:  f.number("max_grad_norm", "maxGradNorm"),
		MaxSeqLength: f.integer("max_seq_length", "maxSeqLength"),
	}
	h.Extra = f.extra()
	return nil
}

// MarshalJSON writes the superset of both key families, so that the edge
// function, the worker and the web pages all find theirs.
func (h Hyperparameters) MarshalJSON() ([]byte, error) {
	return encode([]put{
		{[]string{"base_model"}, h.BaseModel},
		{[]string{"learning_rate"}, h.LearningRate},
		{[]string{"batch_size"}, h.BatchSize},
		{[]string{"epochs", "num_epochs"}, h.Epochs},
		{[]string{"rank", "lora_rank"}, h.Rank},
		{[]string{"alpha", "lora_alpha"}, h.Alpha},
		{[]string{"dropout", "lora_dropout"}, h.Dropout},
		{[]string{"warmup_steps"}, h.WarmupSteps},
		{[]string{"weight_decay"}, h.WeightDecay},
		{[]string{"max_grad_norm"}, h.MaxGradNorm},
		{[]string{"max_seq_length"}, h.MaxSeqLength},
	}, h.Extra)
}

// UnmarshalJSON reads any of the platform's key families.
func (g *GPUConfig) UnmarshalJSON(b []byte) error {
	f := objectOf(b)
	*g = GPUConfig{
		Type:           f.text("type", "gpu_type", "instance_type", "gpuType"),
		Count:          f.integer("count", "num_gpus", "gpu_count", "numGpus"),
		MemoryGB:       f.number("gpu_memory_gb", "memory_gb"),
		CostPerGPUHour: f.money("cost_per_gpu_hour", "costPerGpuHour"),
	}
	g.Extra = f.extra()
	return nil
}

// numberMoney writes an amount as a JSON number: the platform's own readers
// multiply it without parsing.
type numberMoney struct{ m *Money }

func (n numberMoney) MarshalJSON() ([]byte, error) {
	if n.m.unknown {
		return []byte("null"), nil
	}
	return []byte(n.m.Decimal()), nil
}

// MarshalJSON writes the superset of both key families.
func (g GPUConfig) MarshalJSON() ([]byte, error) {
	members := []put{
		{[]string{"type", "gpu_type", "instance_type"}, g.Type},
		{[]string{"count", "num_gpus"}, g.Count},
		{[]string{"gpu_memory_gb"}, g.MemoryGB},
	}
	if g.CostPerGPUHour != nil {
		members = append(members, put{[]string{"cost_per_gpu_hour"}, numberMoney{g.CostPerGPUHour}})
	}
	return encode(members, g.Extra)
}

// UnmarshalJSON reads the last metrics; {} and null and odd shapes are empty.
func (c *CurrentMetrics) UnmarshalJSON(b []byte) error {
	f := objectOf(b)
	*c = CurrentMetrics{
		TrainingLoss:   f.number("training_loss", "loss", "train_loss"),
		ValidationLoss: f.number("validation_loss", "eval_loss", "val_loss"),
		LearningRate:   f.number("learning_rate", "lr"),
		GradientNorm:   f.number("gradient_norm", "grad_norm"),
		Throughput:     f.number("throughput"),
		GPUUtilization: f.number("gpu_utilization"),
	}
	return nil
}
