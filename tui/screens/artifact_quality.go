package screens

import (
	"fmt"
	"math"
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/loratop/loratop/models"
)

func qualityStyle(in *inks, q models.QualityMetrics) *lipgloss.Style {
	switch strings.ToLower(q.ConvergenceQuality) {
	case "excellent", "good":
		return &in.th.Good
	case "fair":
		return &in.th.Info
	case "poor", "overfit":
		return &in.th.Warn
	}
	return &in.th.Dim
}

// qualityWords explains what the platform's quality word stands for, with the
// artifact's own numbers.
func qualityWords(q models.QualityMetrics) string {
	drop := ""
	if q.LossReductionPercent != nil && q.LossReductionPercent.Finite() {
		drop = fmt.Sprintf(" The training loss fell by %.0f%%.", float64(*q.LossReductionPercent))
	}
	switch strings.ToLower(q.ConvergenceQuality) {
	case "excellent":
		return "The loss fell by more than half." + drop
	case "good":
		return "The loss fell by more than 30%." + drop
	case "fair":
		return "The loss fell by more than 15%." + drop
	case "poor":
		return "The loss hardly fell: another learning rate or more data may help." + drop
	case "overfit":
		return "The validation loss ended far above the training loss: it learned the examples by heart." + gap(q)
	case "", "unknown":
		return "No metrics were kept of the training: try the adapter before you trust it."
	}
	return ""
}

func gap(q models.QualityMetrics) string {
	if q.FinalTrainingLoss == nil || q.FinalValidationLoss == nil {
		return ""
	}
	d := float64(*q.FinalValidationLoss - *q.FinalTrainingLoss)
	if math.IsNaN(d) || math.IsInf(d, 0) {
		return ""
	}
	return fmt.Sprintf(" The gap is %.3f.", d)
}
