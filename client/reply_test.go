package client

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/loratop/loratop/models"
)

// failureCase is a failed reply and what is to be made of it.
type failureCase struct {
	path   string
	status int
	header http.Header
	body   string

	code   models.Code
	server string
	real   int    // status inside, 0: the same
	msg    string // part of it
	hint   string // part of it
}

const (
	restPath    = "/rest/v1/datasets"
	authPath    = "/auth/v1/token"
	storagePath = "/storage/v1/object/x"
)

func restFailures() map[string]failureCase {
	return map[string]failureCase{
		"postgrest rls":       {restPath, 403, nil, `{"code":"42501","details":null,"hint":null,"message":"new row violates row-level security policy"}`, models.CodeForbidden, "42501", 0, "row-level", "row level security"},
		"postgrest exists":    {restPath, 409, nil, `{"code":"23505","details":"Key (id)=(1) already exists.","hint":null,"message":"duplicate key"}`, models.CodeConflict, "23505", 0, "duplicate", "already exists"},
		"postgrest fk":        {restPath, 409, nil, `{"code":"23503","message":"violates foreign key"}`, models.CodeConflict, "23503", 0, "foreign", ""},
		"postgrest none":      {restPath, 406, nil, `{"code":"PGRST116","details":"The result contains 0 rows","message":"Cannot coerce"}`, models.CodeNotFound, "PGRST116", 0, "", ""},
		"postgrest expired":   {restPath, 401, nil, `{"code":"PGRST303","message":"JWT expired"}`, models.CodeSignIn, "PGRST303", 0, "expired", "sign in"},
		"postgrest v12 exp":   {restPath, 401, nil, `{"code":"PGRST301","message":"JWT expired"}`, models.CodeSignIn, "PGRST301", 0, "expired", ""},
		"postgrest bad jwt":   {restPath, 401, nil, `{"code":"PGRST301","message":"No suitable key"}`, models.CodeSignIn, "PGRST301", 0, "suitable", "sign in"},
		"postgrest table":     {restPath, 404, nil, `{"code":"PGRST205","message":"Could not find the table 'public.nope' in the schema cache"}`, models.CodeConfig, "PGRST205", 0, "nope", "migrate"},
		"postgrest v12 table": {restPath, 404, nil, `{"code":"42P01","message":"relation \"public.nope\" does not exist"}`, models.CodeConfig, "42P01", 0, "nope", "migrate"},
		"postgrest ambiguous": {restPath, 300, nil, `{"code":"PGRST201","details":[{"a":1}],"hint":"Try changing","message":"Could not embed"}`, models.CodeConfig, "PGRST201", 0, "embed", "Try"},
		"postgrest timeout":   {restPath, 500, nil, `{"code":"57014","message":"canceling statement due to statement timeout"}`, models.CodeTimeout, "57014", 0, "too long", ""},
		"postgrest too long":  {restPath, 400, nil, `{"code":"22001","message":"value too long for type character varying(200)"}`, models.CodeInvalid, "22001", 0, "too long", ""},
		"postgrest db down":   {restPath, 503, nil, `{"code":"PGRST001","message":"Database client error"}`, models.CodeServer, "PGRST001", 0, "", "try again"},
	}
}

func authFailures() map[string]failureCase {
	return map[string]failureCase{
		"gotrue":             {authPath, 400, nil, `{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}`, models.CodeSignIn, "invalid_credentials", 0, "wrong", ""},
		"gotrue 2024":        {authPath, 400, nil, `{"code":"invalid_credentials","message":"Invalid login credentials"}`, models.CodeSignIn, "invalid_credentials", 0, "wrong", ""},
		"gotrue oauth":       {authPath, 400, nil, `{"error":"invalid_grant","error_description":"nope"}`, models.CodeInvalid, "", 0, "nope", ""},
		"gotrue by header":   {authPath, 403, http.Header{"X-Sb-Error-Code": {"session_not_found"}}, `{"code":403,"msg":"gone"}`, models.CodeSignIn, "session_not_found", 0, "ended", ""},
		"gotrue weak":        {authPath, 422, nil, `{"code":422,"error_code":"weak_password","msg":"Password should be longer","weak_password":{"reasons":["length"]}}`, models.CodeInvalid, "weak_password", 0, "longer", "length"},
		"gotrue rate":        {authPath, 429, nil, `{"code":429,"error_code":"over_request_rate_limit","msg":"Request rate limit reached"}`, models.CodeRate, "over_request_rate_limit", 0, "", "wait"},
		"gotrue unconfirmed": {authPath, 400, nil, `{"code":400,"error_code":"email_not_confirmed","msg":"Email not confirmed"}`, models.CodeSignIn, "email_not_confirmed", 0, "", "mail"},
		"gotrue 404":         {authPath, 404, nil, "404 page not found\n", models.CodeConfig, "", 0, "no Supabase API", "URL"},
	}
}

func storageFailures() map[string]failureCase {
	return map[string]failureCase{
		"storage missing":     {storagePath, 400, nil, `{"statusCode":"404","error":"not_found","message":"Object not found","code":"NoSuchKey"}`, models.CodeNotFound, "NoSuchKey", 404, "not there", ""},
		"storage old missing": {storagePath, 400, nil, `{"statusCode":"404","error":"not_found","message":"Object not found"}`, models.CodeNotFound, "not_found", 404, "not there", ""},
		"storage denied":      {storagePath, 400, nil, `{"code":"AccessDenied","statusCode":"403","error":"Unauthorized","message":"new row violates row-level security policy"}`, models.CodeForbidden, "AccessDenied", 403, "row-level", ""},
		"storage expired":     {storagePath, 400, nil, `{"statusCode":"403","code":"AccessDenied","error":"Unauthorized","message":"\"exp\" claim timestamp check failed"}`, models.CodeSignIn, "AccessDenied", 403, "expired", ""},
		"storage int":         {storagePath, 404, nil, `{"message":"Route GET:/x not found","error":"Not Found","statusCode":404}`, models.CodeNotFound, "Not Found", 0, "Route", ""},
		"storage large":       {storagePath, 400, nil, `{"statusCode":"413","code":"EntityTooLarge","message":"too large"}`, models.CodeInvalid, "EntityTooLarge", 413, "", ""},
	}
}

func gatewayFailures() map[string]failureCase {
	return map[string]failureCase{
		"gateway key":         {restPath, 401, nil, `{"message":"Invalid API key","hint":"Double check"}`, models.CodeConfig, "", 0, "Invalid API key", "Double"},
		"gateway down":        {restPath, 503, nil, `{"message":"name resolution failed"}`, models.CodeServer, "", 0, "name resolution", "trouble"},
		"html":                {restPath, 502, nil, "<html><head><title>502 Bad Gateway</title><style>a{}</style></head><body><h1>Bad\n Gateway</h1></body></html>", models.CodeServer, "", 0, "502", ""},
		"empty":               {restPath, 500, nil, ``, models.CodeServer, "", 0, "500 internal server error", ""},
		"empty head":          {storagePath, 400, nil, ``, models.CodeInvalid, "", 0, "400", ""},
		"broken json":         {restPath, 400, nil, `{"code":"4250`, models.CodeInvalid, "", 0, "4250", ""},
		"json of wrong types": {restPath, 400, nil, `{"code":["x"],"message":{"a":1},"hint":7,"details":false}`, models.CodeInvalid, "", 0, "400", ""},
		"json array":          {restPath, 400, nil, `["no"]`, models.CodeInvalid, "", 0, "no", ""},
		"redirect":            {restPath, 302, nil, ``, models.CodeConfig, "", 0, "elsewhere", "URL"},
		"escapes":             {restPath, 400, nil, `{"message":"a\u001b[31mb\u0007\nc"}`, models.CodeInvalid, "", 0, "ab c", ""},
	}
}

func TestEveryShapeOfFailure(t *testing.T) {
	for _, cases := range []map[string]failureCase{restFailures(), authFailures(), storageFailures(), gatewayFailures()} {
		for name, tc := range cases {
			t.Run(name, func(t *testing.T) { tc.check(t) })
		}
	}
}

func (tc failureCase) check(t *testing.T) {
	h := tc.header
	if h == nil {
		h = http.Header{}
	}
	e := wantError(t, refused(tc.path, tc.status, h, []byte(tc.body)).err, tc.code)
	want := tc.real
	if want == 0 {
		want = tc.status
	}
	if e.Server != tc.server || e.Status != want || !strings.Contains(e.Msg, tc.msg) || !strings.Contains(e.Hint, tc.hint) {
		t.Errorf("server %q status %d msg %q hint %q", e.Server, e.Status, e.Msg, e.Hint)
	}
}

func FuzzReply(f *testing.F) {
	f.Add("/rest/v1/x", 400, `{"code":"42501","message":"m","details":"d","hint":"h"}`)
	f.Add("/auth/v1/token", 422, `{"code":422,"error_code":"weak_password","msg":"m","weak_password":{"reasons":["length"]}}`)
	f.Add("/storage/v1/object", 400, `{"statusCode":"404","error":"not_found","message":"m","code":"NoSuchKey"}`)
	f.Add("/rest/v1/x", 502, "<html><script>x</script><style><b>\x1b[2J</b>")
	f.Add("/rest/v1/x", 302, "")
	f.Fuzz(func(t *testing.T, path string, status int, body string) {
		fl := refused(path, status, http.Header{}, []byte(body))
		e, ok := fl.err.(*models.Error) //nolint:errorlint // its own type
		if !ok || e.Code == "" || e.Msg == "" {
			t.Fatalf("%#v", fl.err)
		}
		for _, s := range []string{e.Msg, e.Hint, e.Server} {
			if !utf8.ValidString(s) || models.Clean(s) != s || len([]rune(s)) > 700 {
				t.Fatalf("not fit for a terminal: %q", s)
			}
		}
	})
}
