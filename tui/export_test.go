package tui

// RunSpecs is run, for tests of the shell over screens of their own.
var RunSpecs = run
