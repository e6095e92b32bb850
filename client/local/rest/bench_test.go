package rest

import "testing"

// BenchmarkParseAndPlan is the gateway's own work on the keyset page, without HTTP and PostgreSQL.
func BenchmarkParseAndPlan(b *testing.B) {
	c := fixed()
	b.ReportAllocs()
	for range b.N {
		if w, _, e := sqlOf(c, "t", "select=*,u(a,b)&a=eq.x&or=(b.lt.2025-03-02T00:00:00Z,and(b.eq.2025-03-02T00:00:00Z,a.lt.70b00000))&order=b.desc,a.desc&limit=100"); e != nil || w.failed != nil {
			b.Fatal(e)
		}
	}
}
