package models

import (
	"math"

	"github.com/shopspring/decimal"
)

// EstimateInput is what the platform's estimate depends on. Null statistics are
// replaced as the platform does: 1000 pairs, 200 tokens a pair.
type EstimateInput struct {
	Pairs, Tokens           *Int
	BatchSize, Epochs, GPUs Int
	Throughput              float64 // tokens/s of one GPU
	PricePerHour            Money   // of one GPU
}

// Estimate of a run before it starts. Amounts are rounded to cents only in
// Total, as the platform does.
type Estimate struct {
	StepsPerEpoch, TotalSteps           Int
	Hours                               float64
	HourlyRate, Compute, Storage, Total Money
}

// Fixed parts of the estimate: set-up, per epoch, and final saving, in seconds.
const (
	setupSeconds  = 600
	epochSeconds  = 300
	savingSeconds = 300
)

// Estimate computes steps, hours and cost by the platform's formula
// (platform-facts §2.5): ceil(pairs/batch) steps an epoch, tokens over
// throughput for the time, a fixed overhead, and 0.50 for storage.
func (in EstimateInput) Estimate() (Estimate, error) {
	switch {
	case in.BatchSize < 1:
		return Estimate{}, invalidEstimate("the batch size must be at least 1")
	case in.Epochs < 1:
		return Estimate{}, invalidEstimate("there must be at least 1 epoch")
	case in.GPUs < 1:
		return Estimate{}, invalidEstimate("there must be at least 1 GPU")
	case !(in.Throughput > 0) || math.IsInf(in.Throughput, 1):
		return Estimate{}, invalidEstimate("the GPU's throughput is not known")
	case in.BatchSize > 1<<31 || in.Epochs > 1<<31 || in.GPUs > 1<<31:
		return Estimate{}, invalidEstimate("a value is out of all range")
	}
	pairs, tokens := in.statistics()
	if pairs > 1<<53 {
		return Estimate{}, invalidEstimate("the number of pairs is out of all range")
	}
	perEpoch := (pairs + int64(in.BatchSize) - 1) / int64(in.BatchSize)
	steps := float64(perEpoch) * float64(in.Epochs)
	perStep := float64(tokens) / float64(pairs) * float64(in.BatchSize) / (in.Throughput * float64(in.GPUs))
	hours := (steps*perStep + setupSeconds + epochSeconds*float64(in.Epochs) + savingSeconds) / 3600
	if steps > 1<<53 {
		return Estimate{}, invalidEstimate("the number of steps is out of all range")
	}
	rate := in.PricePerHour.Cost(float64(in.GPUs))
	compute, storage := rate.Cost(hours), Money{d: decimal.New(50, -2)}
	return Estimate{
		StepsPerEpoch: Int(perEpoch), TotalSteps: Int(perEpoch * int64(in.Epochs)), Hours: hours,
		HourlyRate: rate, Compute: compute, Storage: storage, Total: compute.Add(storage).Round(),
	}, nil
}

// statistics fills in for null or zero, as the platform's own code does.
func (in EstimateInput) statistics() (pairs, tokens int64) {
	pairs = 1000
	if in.Pairs != nil && *in.Pairs > 0 {
		pairs = int64(*in.Pairs)
	}
	tokens = pairs * 200
	if pairs > math.MaxInt64/200 {
		tokens = math.MaxInt64 // refused by the caller; only the product must not wrap
	}
	if in.Tokens != nil && *in.Tokens > 0 {
		tokens = int64(*in.Tokens)
	}
	return pairs, tokens
}

func invalidEstimate(msg string) error {
	return &Error{Code: CodeInvalid, Op: "estimate", Msg: msg}
}
