package trainer

import (
	"math"

	"github.com/loratop/loratop/models"
)

// overfitGap between validation and training loss is where memorising begins.
const overfitGap = 0.5

// quality judges a run by the platform's bands of how far the loss fell. What
// is no number is left out.
func quality(first, last float64, validation *float64) models.QualityMetrics {
	q := models.QualityMetrics{FinalTrainingLoss: finite(last), FinalValidationLoss: optional(validation)}
	fallen := 100 * (first - last) / first
	q.LossReductionPercent = finite(round(fallen, 2))
	score := 1.0
	q.ConvergenceQuality = "poor"
	for _, band := range []struct {
		above float64
		name  string
		score float64
	}{{50, "excellent", 5}, {30, "good", 4}, {15, "fair", 3}, {5, "poor", 2}} {
		if fallen > band.above {
			q.ConvergenceQuality, score = band.name, band.score
			break
		}
	}
	if validation != nil {
		q.Perplexity = finite(math.Exp(*validation))
		if *validation-last > overfitGap {
			q.ConvergenceQuality, score = "overfit", max(2, score-1)
		}
	}
	q.OverallScore = f64(score)
	return q
}

func finite(v float64) *models.F64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return f64(v)
}
