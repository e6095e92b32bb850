// Package chart draws what can be plotted: lines, sparklines and bars. It is
// the only package that imports ntcharts.
//
// ntcharts gives the canvas and the rune tables. The drawing on it is ours,
// because the routines of the library panic or hang on NaN and infinities,
// lose spikes, merge the dots of overlapping series, and render one style per
// cell. Here values are reduced to the minimum and maximum of each column of
// dots before anything is drawn, what is not finite becomes a gap with a
// marker, and the string is assembled from runs of equal style.
//
// Every function returns exactly w × h cells, for any w and h including 0.
package chart
