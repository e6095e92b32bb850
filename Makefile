# Developer shortcuts; .ci/run is what has to pass.
.PHONY: check test bench fuzz

check:
	.ci/run

test:
	go test ./...

# Every benchmark of the tree as a table of medians; see .ci/bench.
bench:
	@.ci/bench

# A short run of every fuzz target.
fuzz:
	@for pkg in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    go test -run '^$$' -fuzz "^$$f$$$$" -fuzztime 15s $$pkg || exit 1; \
	  done; \
	done
