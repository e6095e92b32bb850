package models

// CostData is the raw material of a cost report.
type CostData struct {
	Records []CostRecord
	Jobs    []Job // every job of the period, with or without a record
}
