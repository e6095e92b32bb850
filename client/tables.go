package client

type tableID int

const (
	tableDatasets tableID = iota
	tableJobs
	tablePoints
	tableArtifacts
	tableCosts
	tableNotifications
	tableCount
)
