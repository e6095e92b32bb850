package auth

import (
	"html/template"
	"net/http"
	"slices"
	"strings"
)

// MailPath is where the gateway serves MailPage.
const MailPath = "/_mail"

// MailPage shows the mailbox, newest first: as HTML to browsers, as a JSON
// array of Mail to everyone else. ?to= leaves only one address's mails.
func (s *Server) MailPage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.TrimSuffix(r.URL.Path, "/") != MailPath {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		mails := s.Mailbox()
		if to := normalEmail(r.URL.Query().Get("to")); to != "" {
			mails = slices.DeleteFunc(mails, func(m Mail) bool { return m.To != to })
		}
		slices.Reverse(mails)
		pageHeaders(w)
		if !strings.Contains(r.Header.Get("Accept"), "text/html") {
			writeJSON(w, http.StatusOK, append([]Mail{}, mails...))
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = mailList().Execute(w, mails) // a failure is the reader's going away
	})
}

func mailList() *template.Template {
	return template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Mailbox of the local stack</title>
<style>body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}code{font-size:1.2em}</style>
<h1>Mailbox</h1>
<p>Mails that the local stack would have sent. Reload for new ones; they are gone when the stack stops.</p>
{{if .}}<table><tr><th>At<th>To<th>Why<th>Code<th>Link</tr>
{{range .}}<tr><td>{{.At.Format "15:04:05"}} UTC<td>{{.To}}<td>{{.Kind}}<td><code>{{.Code}}</code><td><a href="{{.Link}}">open</a></tr>
{{end}}</table>{{else}}<p>No mail yet.</p>{{end}}
</html>
`))
}
